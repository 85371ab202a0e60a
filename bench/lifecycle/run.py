"""Measures the server on a made directory: `python -m bench.lifecycle.run DIR`.

Pages and pulls go on at a fixed rate, first alone, then while jobs run over everything; what the
jobs need themselves is told too. The directory is changed by them: make a new one for each run.
"""

import argparse
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from entrepot import __version__
from entrepot.faces.cli.client import CommandError

from .jobs import JobError, Jobs
from .load import AnswerError, Load
from .results import REST, keep, tables
from .samples import samples
from .server import Running, StartError, running
from .windows import SHARES, Phase, Watch

WINDOW_SECONDS = 10.0
WARM_SECONDS = 5.0
SAMPLES = 20_000
MIB = 1 << 20
CATALOG = "catalog.db"
COUNTED = ("blobs", "manifests", "tags", "repositories")


def main() -> int:
    """Measure, print and keep what was found."""
    wish = _arguments()
    log = wish.folder.with_name(f"{wish.folder.name}.log")
    counts = _counts(wish.folder)
    try:
        with running(wish.folder, log) as server:
            phases = _measure(server, wish)
    except (AnswerError, CommandError, JobError, StartError) as error:
        print(f"bench: {error} (the server's log is {log})", file=sys.stderr)
        return 1
    run = _run(phases, counts, wish)
    print(tables([run]))
    if wish.keep:
        print(f"kept in {keep(run)}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="what bench.lifecycle.generate made"
    )
    parser.add_argument("--rate", type=float, default=100.0, help="requests a second, each kind")
    parser.add_argument("--idle", type=float, default=60.0, help="seconds of rest around jobs [60]")
    parser.add_argument("--window", type=float, default=WINDOW_SECONDS, help="seconds [10]")
    parser.add_argument("--only", choices=WORKS, help="only this job")
    parser.add_argument("--keep", action="store_true", help="write the figures into results/")
    return parser.parse_args()


def _measure(server: Running, wish: argparse.Namespace) -> list[Phase]:
    _say(f"server is up after {server.ready_seconds:.2f} s")
    load = Load(server.port, samples(wish.folder / CATALOG, SAMPLES), wish.rate)
    watch = Watch(load, server.process_id, wish.window)
    time.sleep(WARM_SECONDS)
    phases = []
    for name in [REST, *_around([wish.only] if wish.only else WORKS)]:
        if name == REST:
            phases.append(watch.phase(REST, _for(wish.idle)))
        else:
            phases.append(_busy(name, WORKS[name](wish.folder), wish, watch))
        _tell(phases[-1])
    load.stop()
    statuses = {line.sample.name: dict(line.statuses) for line in load.lines}
    phases[-1].facts["answers"] = statuses
    _say(f"answers: {statuses}")
    return phases


def _busy(name: str, paths: list[str], wish: argparse.Namespace, watch: Watch) -> Phase:
    jobs = Jobs.start(wish.folder, paths)
    found = watch.phase(name, jobs.going)
    if len(found.windows) > 1:
        # The job ended within the last one.
        found.windows.pop()
    found.facts = {**jobs.facts(), "catalog MiB": _mib(wish.folder)}
    return found


def _collect(_: Path) -> list[str]:
    return ["/gc"]


def _retain(folder: Path) -> list[str]:
    raw = sqlite3.connect(f"{(folder / CATALOG).absolute().as_uri()}?mode=ro", uri=True)
    try:
        rows = raw.execute("SELECT project FROM policies WHERE kind = 'retention'").fetchall()
    finally:
        raw.close()
    return [f"/projects/{project}/retention/run" for (project,) in rows]


WORKS: dict[str, Callable[[Path], list[str]]] = {"gc": _collect, "retention": _retain}
"""Jobs by name: the paths that start them."""


def _mib(folder: Path) -> int:
    return sum((folder / f"{CATALOG}{end}").stat().st_size for end in ("", "-wal")) // MIB


def _around(jobs: Iterable[str]) -> list[str]:
    """Return jobs, and rest after each: one is compared with that before and after it."""
    return [name for job in jobs for name in (job, REST)]


def _for(seconds: float) -> Callable[[], bool]:
    """Return what says whether less time than this has passed."""
    until = time.perf_counter() + seconds
    return lambda: time.perf_counter() < until - 0.5


def _tell(phase: Phase) -> None:
    _say(f"\n{phase.name}: {len(phase.windows)} windows {phase.facts or ''}")
    for kind in phase.windows[0].figures:
        told = ", ".join(f"{share} {phase.median(kind, share):.2f}" for share in SHARES)
        _say(f"  {kind}: {told} ms")
    for window in phase.windows:
        _say(
            f"  cores: server {window.server_cpu}, others {window.others_cpu}, stolen "
            f"{window.stolen}; load {window.load}; server {window.server_mib} MiB"
        )


def _say(text: str) -> None:
    print(text, flush=True)


def _counts(folder: Path) -> dict[str, int]:
    """Return how much of each kind there is."""
    raw = sqlite3.connect(f"{(folder / CATALOG).absolute().as_uri()}?mode=ro", uri=True)
    try:
        return {
            table: int(raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608
            for table in COUNTED
        }
    finally:
        raw.close()


def _run(phases: list[Phase], counts: dict[str, int], wish: argparse.Namespace) -> dict[str, Any]:
    return {
        "scale": float(f"{counts['blobs'] / 1_000_000:.1g}"),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": __version__,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "rate": wish.rate,
        "counts": counts,
        "phases": [phase.as_json() for phase in phases],
    }


if __name__ == "__main__":
    sys.exit(main())
