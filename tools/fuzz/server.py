"""A registry in a process of its own, looked at while it is attacked."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.05
PASSWORD = "only for fuzzing"  # noqa: S105 - of a registry that lives as long as the campaign

_READY = re.compile(r"http://[^\s:]+:(\d+)")
_TROUBLE = re.compile(r"Traceback|request failed|callback failed|\[error|\berror\b")


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process holds, in bytes; `descriptors` and `threads` are counts."""

    resident: int
    anonymous: int
    descriptors: int
    threads: int


@dataclass(frozen=True, slots=True)
class Registry:
    """A running server; `log` holds what it wrote, `auth` is whether it asks who one is."""

    process: subprocess.Popen[bytes]
    port: int
    data: Path
    log: Path
    auth: bool

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def memory(self) -> Memory:
        """Return what the kernel counts for it (Linux)."""
        folder = Path(f"/proc/{self.process.pid}")
        lines = (folder / "status").read_text().splitlines()
        found = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
        return Memory(
            resident=int(found["VmRSS"][0]) * 1024,
            anonymous=int(found["RssAnon"][0]) * 1024,
            descriptors=sum(1 for _ in (folder / "fd").iterdir()),
            threads=int(found["Threads"][0]),
        )

    def trouble(self) -> list[str]:
        """Return the lines of its log that tell of something unforeseen, 20 at most."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if _TROUBLE.search(line)][:20]


@contextmanager
def running(
    folder: Path, *, auth: bool, settings: Mapping[str, str] | None = None
) -> Iterator[Registry]:
    """Yield a server with its data in `folder`; its end is waited for.

    Without `auth` anyone may do everything. `settings` are ENTREPOT_* variables.
    """
    log, data = folder / "server.log", folder / "data"
    environment = {
        **os.environ,
        "ENTREPOT_LOG_LEVEL": "warning",
        **({"ENTREPOT_ADMIN_PASSWORD": PASSWORD} if auth else {"ENTREPOT_AUTH_ANONYMOUS": "all"}),
        **(settings or {}),
    }
    command = [*_program(), "serve", "--data", str(data), "--listen", "127.0.0.1:0"]
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        yield Registry(process, _port(process, log), data, log, auth)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def findings(data: Path) -> list[str]:
    """Return what `entrepot fsck` says about the data of a server that has ended."""
    command = [*_program(), "fsck", "--data", str(data), "--read"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else (done.stdout + done.stderr).splitlines()


def _program() -> list[str]:
    return [sys.executable, "-m", "entrepot"]


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        found = _READY.search(log.read_text(errors="replace"))
        if found is not None:
            return int(found[1])
        time.sleep(POLL_SECONDS)
    raise OSError(f"the registry did not start:\n{log.read_text(errors='replace')}")
