"""The real server on a made data directory."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 120.0
"""A large catalog may be migrated or checked before the first answer."""
STOP_SECONDS = 60.0
POLL_SECONDS = 0.01


class StartError(Exception):
    """The server did not start; the message has the end of its log."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens at a port of 127.0.0.1."""

    port: int
    process_id: int
    ready_seconds: float


@contextmanager
def running(data: Path, log: Path) -> Iterator[Running]:
    """Serve the directory to anyone on loopback; its log goes to a file."""
    address = data / "run" / "address"
    address.unlink(missing_ok=True)
    command = [sys.executable, "-m", "entrepot", "serve", "--data", str(data), "--open"]
    began = time.perf_counter()
    with log.open("wb") as told:
        process = subprocess.Popen(
            [*command, "--listen", "127.0.0.1:0"],
            stdout=told,
            stderr=told,
            env={**os.environ, "ENTREPOT_LOG_ACCESS": "false"},
        )
    try:
        while not address.exists():
            if process.poll() is not None or time.perf_counter() - began > START_SECONDS:
                raise StartError(log.read_text(errors="replace")[-2000:])
            time.sleep(POLL_SECONDS)
        port = int(address.read_text().rstrip().rpartition(":")[2].rstrip("/"))
        yield Running(port, process.pid, time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)
