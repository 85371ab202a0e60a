"""Commands, daemons and their workspace: whatever starts here also ends here."""

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

COMMAND_SECONDS = 120
START_SECONDS = 30
STOP_SECONDS = 20
POLL_SECONDS = 0.02
TAIL_CHARACTERS = 3000
DISK = Path("/var/tmp")  # noqa: S108 - new directories with unguessable names
MEMORY = Path("/dev/shm")  # noqa: S108
MEMORY_FREE_MIN_BYTES = 8 << 30
PREFIX = "entrepot-blackbox"
LOCK = ".lock"
MOUNTS = Path("/proc/self/mounts")

Argument = str | Path


class CommandFailedError(AssertionError):
    """A client said no, or took too long; the message holds what it printed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one finished command printed, and how long it took."""

    stdout: str
    stderr: str
    took_seconds: float


def base_environment(home: Path, *path: Path) -> dict[str, str]:
    """A clean environment: nothing of the caller's credentials, proxies or settings."""
    system = os.environ.get("PATH", "/usr/bin:/bin")
    search = [*map(str, path), system, "/usr/sbin", "/sbin"]
    return {"HOME": str(home), "PATH": ":".join(search), "LC_ALL": "C.UTF-8", "TMPDIR": str(home)}


def run(
    command: Sequence[Argument],
    *,
    env: Mapping[str, str],
    stdin: str | None = None,
    limit_seconds: float = COMMAND_SECONDS,
) -> Outcome:
    """Runs one command to its end, in a process group that a time-out kills whole.

    Raises CommandFailedError when it exits with anything but 0.
    """
    words = [str(word) for word in command]
    began = time.monotonic()
    process = subprocess.Popen(
        words,
        env=dict(env),
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(stdin, timeout=limit_seconds)
    except BaseException as reason:
        _signal_group(process.pid, signal.SIGKILL)
        stdout, stderr = process.communicate()
        if not isinstance(reason, subprocess.TimeoutExpired):
            raise
        stderr += f"\n[killed after {limit_seconds} s]"
    if process.returncode != 0:
        said = f"{stdout}\n{stderr}"[-TAIL_CHARACTERS:]
        raise CommandFailedError(f"exit {process.returncode}: {' '.join(words)}\n{said}")
    return Outcome(stdout, stderr, time.monotonic() - began)


def until(condition: Callable[[], bool], *, what: str, limit_seconds: float) -> None:
    """Polls `condition`: the one place that waits for another process's doing."""
    deadline = time.monotonic() + limit_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise CommandFailedError(f"{what}: not within {limit_seconds} s")
        time.sleep(POLL_SECONDS)


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


@dataclass(frozen=True, slots=True)
class Daemon:
    """A process in the background, whose output goes to a file."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    def output(self) -> str:
        """All that it printed so far."""
        return self.log.read_text(errors="replace")

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Waits until `condition` holds; fails at once if the daemon ends before."""

        def settled() -> bool:
            return self.process.poll() is not None or condition()

        try:
            until(settled, what=what, limit_seconds=START_SECONDS)
        except CommandFailedError as reason:
            raise CommandFailedError(f"{reason}\n{self.output()[-TAIL_CHARACTERS:]}") from None
        if (status := self.process.poll()) is not None:
            raise CommandFailedError(f"{what}: exit {status}\n{self.output()[-TAIL_CHARACTERS:]}")

    def stop(self) -> int:
        """Asks it to end, then makes it; returns its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
        _signal_group(self.pid, signal.SIGKILL)
        return self.process.wait(STOP_SECONDS)


@dataclass(slots=True)
class Workspace:
    """A directory of its own; leaving it ends its daemons, mounts and files.

    It lies below /var/tmp: on a disk, and with a path short enough for sockets.
    A lock on it tells `sweep` that its owner lives.
    """

    path: Path = field(default_factory=lambda: _new_directory(DISK / PREFIX))
    _daemons: list[Daemon] = field(default_factory=list)
    _lock: IO[str] = field(init=False)

    def __post_init__(self) -> None:
        fresh = self.path / f"{LOCK}.new"
        self._lock = fresh.open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        # Under its name only once it is held: `sweep` may be looking.
        fresh.rename(self.path / LOCK)

    @classmethod
    def for_stores(cls) -> Self:
        """For the image stores of clients, in memory where there is plenty.

        They write and remove a hundred thousand files, which no test looks at.
        `ENTREPOT_BLACKBOX_TMP` names another place.
        """
        place = DISK
        if MEMORY.exists() and shutil.disk_usage(MEMORY).free >= MEMORY_FREE_MIN_BYTES:
            place = MEMORY
        place = Path(os.environ.get("ENTREPOT_BLACKBOX_TMP", place))
        return cls(_new_directory(place / PREFIX))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def directory(self, prefix: str) -> Path:
        """A new, empty directory."""
        return _new_directory(self.path / prefix)

    def start(self, command: Sequence[Argument], *, env: Mapping[str, str]) -> Daemon:
        """Starts a daemon; it dies with this process however that ends."""
        words = [str(word) for word in command]
        if (setpriv := shutil.which("setpriv")) is not None:
            words = [setpriv, "--pdeathsig", "TERM", *words]
        log = self.directory("log") / "output"
        with log.open("wb") as output:
            process = subprocess.Popen(
                words,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        daemon = Daemon(process, log)
        self._daemons.append(daemon)
        return daemon

    def close(self) -> None:
        """Ends the daemons, last started first, then removes mounts and files."""
        # A stack, so that one that will not end does not keep the others.
        with ExitStack() as stack:
            stack.callback(self._lock.close)
            stack.callback(_remove, self.path)
            while self._daemons:
                stack.callback(self._daemons.pop(0).stop)


def _new_directory(prefix: Path) -> Path:
    # Hexadecimal, since some clients take a path for part of an image's name.
    path = prefix.with_name(f"{prefix.name}-{secrets.token_hex(4)}")
    path.mkdir(mode=0o700)
    return path


def sweep() -> None:
    """Removes the workspaces that a killed run left behind."""
    for path in (*DISK.glob(f"{PREFIX}-*"), *MEMORY.glob(f"{PREFIX}-*")):
        with suppress(OSError), (path / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(path)


def _remove(path: Path) -> None:
    _unmount_below(path)
    shutil.rmtree(path)


def _unmount_below(path: Path) -> None:
    """Detaches every mount below `path`, deepest first."""
    if not MOUNTS.exists():
        return
    points = [line.split()[1] for line in MOUNTS.read_text().splitlines()]
    below = [point for point in points if point.startswith(f"{path}/")]
    for point in sorted(below, reverse=True):
        subprocess.run(["umount", "--lazy", point], check=True)
