"""What a process and its children have used, read from `/proc` (Linux only)."""

import os
from pathlib import Path

PROC = Path("/proc")


def tree_cpu_seconds(process_id: int) -> float | None:
    """Return the processor time of a process and of all below it; None where it is not told.

    It counts what the server did whoever else used the machine meanwhile.
    """
    ticks = 0
    for member in _tree(process_id):
        try:
            fields = (PROC / str(member) / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def tree_rss_mib(process_id: int) -> float | None:
    """Return the memory of a process and of all below it; None where it is not told."""
    return _memory(process_id, "VmRSS")


def tree_peak_mib(process_id: int) -> float | None:
    """Return the most memory they held, summed; None where it is not told."""
    return _memory(process_id, "VmHWM")


def reset_peak(process_id: int) -> None:
    """Begin anew to look for the most memory."""
    for member in _tree(process_id):
        # 5: see proc_pid_clear_refs(5).
        (PROC / str(member) / "clear_refs").write_text("5")


def _memory(process_id: int, key: str) -> float | None:
    kib = 0
    for member in _tree(process_id):
        try:
            lines = (PROC / str(member) / "status").read_text().splitlines()
        except OSError:
            return None
        kib += sum(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))
    return kib / 1024


def _tree(process_id: int) -> list[int]:
    found = [process_id]
    for member in found:
        for path in (PROC / str(member) / "task").glob("*/children"):
            try:
                found += [int(child) for child in path.read_text().split()]
            except OSError:
                continue
    return found
