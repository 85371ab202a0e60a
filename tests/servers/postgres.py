"""A throw-away PostgreSQL: Debian's programs, on loopback and a Unix socket.

It refuses to run as root: then its processes are those of the user `postgres`.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from tests.blackbox.processes import Argument, Workspace, base_environment, until

USER = "entrepot"
ACCOUNT = "postgres"
PLACES = "/usr/lib/postgresql/*/bin"
START_SECONDS = 60.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.02
SOCKET_PATH_MAX_BYTES = 100

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "autovacuum_naptime": "10s",
    "log_lock_waits": "on",
    "log_min_duration_statement": "1000",
}
# What a process wrote is the kernel's when it ends: only a power cut needs fsync. Not so
# synchronous_commit: what waits for it is in memory that a killed server takes along.
HASTY: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off"}


class Stop(Enum):
    """How it is stopped: the signal for its first process."""

    SMART = signal.SIGTERM
    """No new connections; ends when all are gone."""
    FAST = signal.SIGINT
    """Ends all connections, writes all down."""
    IMMEDIATE = signal.SIGQUIT
    """Ends at once; recovers at the next start."""
    KILL = signal.SIGKILL
    """As the kernel would when there is no memory."""


class ServerFailedError(Exception):
    """It does not start, stop or obey; the message has what it said."""


def programs() -> Path | None:
    """Return the folder of the newest PostgreSQL of this system."""
    found = [path for path in Path("/").glob(PLACES[1:]) if (path / "postgres").exists()]
    if found:
        return max(found, key=lambda path: float(path.parent.name))
    shell = shutil.which("initdb")
    return None if shell is None else Path(shell).resolve().parent


@dataclass(slots=True)
class Postgres:
    """A cluster of databases in `home`, whose server is started and stopped at will."""

    bin: Path
    home: Path
    port: int
    password: str
    settings: Mapping[str, str]
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "log"

    def url(self, database: str = "postgres", *, port: int | None = None) -> str:
        """Return the URL of a database, by loopback; `port` names that of a proxy before it."""
        place = f"127.0.0.1:{self.port if port is None else port}"
        return f"postgresql://{USER}:{self.password}@{place}/{database}"

    def socket_url(self, database: str = "postgres") -> str:
        """Return the URL of a database, by the Unix socket."""
        return f"postgresql://{USER}@/{database}?host={self.home}&port={self.port}"

    def start(self) -> None:
        """Start it and wait until it takes connections; recovers first if it has to."""
        if self.is_running:
            return
        command: list[Argument] = [*_as_account("INT"), self.bin / "postgres", "-D", self.data]
        command += ["-k", self.home, "-p", str(self.port)]
        for name, value in self.settings.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=base_environment(self.home),
                cwd=self.home,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ServerFailedError(f"PostgreSQL does not start: {self._said()}")
            time.sleep(POLL_SECONDS)

    def stop(self, mode: Stop = Stop.FAST) -> None:
        """End it and wait until all of its processes are gone."""
        if self._process is None:
            return
        family = [self._process.pid, *_children(self._process.pid)]
        if mode is Stop.KILL:
            # Its own children would notice, and end a moment later: all at once, as a machine does.
            for pid in family:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        else:
            self._process.send_signal(mode.value)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise ServerFailedError(f"PostgreSQL does not stop: {self._said()}") from None
        until(
            lambda: not any(_is_alive(pid) for pid in family),
            what="PostgreSQL's processes end",
            limit_seconds=STOP_SECONDS,
        )
        self._process = None

    def restart(self, mode: Stop = Stop.FAST) -> None:
        """Stop it and start it again, on the same port."""
        self.stop(mode)
        self.start()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def create_database(self, name: str | None = None, *, template: str = "template0") -> str:
        """Create a database, as a copy of `template`, and return its name."""
        name = name or f"t{secrets.token_hex(6)}"
        self.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is connected to it."""
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def sql(self, text: str, *, database: str = "postgres") -> str:
        """Run one statement as the owner of all; return its rows, columns split by `|`."""
        command: list[Argument] = [
            self.bin / "psql",
            "-XAtq",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            self.home,
        ]
        command += ["-p", str(self.port), "-U", USER, "-d", database, "-c", text]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env=base_environment(self.home),
            timeout=STOP_SECONDS,
        )
        if done.returncode != 0:
            raise ServerFailedError(f"{text}: {done.stderr.strip()}")
        return done.stdout.strip()

    def _is_ready(self) -> bool:
        command: list[Argument] = [
            self.bin / "pg_isready",
            "-q",
            "-h",
            self.home,
            "-p",
            str(self.port),
        ]
        asked = subprocess.run(command, env=base_environment(self.home), check=False)
        return asked.returncode == 0

    def _said(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]


def start_postgres(
    workspace: Workspace,
    bin_folder: Path,
    *,
    durable: bool = False,
    settings: Mapping[str, str] | None = None,
) -> Postgres:
    """Make a cluster in `workspace` and start it; call `stop` before the workspace closes.

    `durable` keeps fsync on. `settings` are those of postgresql.conf.
    """
    home = workspace.directory("postgres")
    if len(str(home)) > SOCKET_PATH_MAX_BYTES:
        raise ServerFailedError(f"{home} is too long for a Unix socket")
    if os.geteuid() == 0:
        account = pwd.getpwnam(ACCOUNT)
        os.chown(home, account.pw_uid, account.pw_gid)
        # Names below are unguessable; the account must get through.
        workspace.path.chmod(0o711)
    password = secrets.token_hex(8)
    word = home / "word"
    word.write_text(password)
    word.chmod(0o644)
    command: list[Argument] = [*_as_account(""), bin_folder / "initdb", "-D", home / "data"]
    command += ["-U", USER, "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", f"--pwfile={word}"]
    command += ["--auth-local=trust", "--auth-host=scram-sha-256"]
    made = subprocess.run(
        command, capture_output=True, text=True, check=False, env=base_environment(home), cwd=home
    )
    if made.returncode != 0:
        raise ServerFailedError(f"initdb: {made.stderr}")
    (home / "log").touch()
    chosen = {**SETTINGS, **({} if durable else HASTY), **(settings or {})}
    server = Postgres(bin_folder, home, _free_port(), password, chosen)
    server.start()
    return server


def _as_account(signal_name: str) -> list[str]:
    """What goes before a command: root becomes the account; who started it is not outlived."""
    words: list[str] = []
    setpriv = shutil.which("setpriv")
    if os.geteuid() == 0:
        if setpriv is None:
            raise ServerFailedError("PostgreSQL does not run as root: setpriv is needed")
        words = [setpriv, f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--init-groups"]
    if signal_name and setpriv is not None:
        # By itself and last: a change of account takes it back.
        words += [setpriv, "--pdeathsig", signal_name]
    return words


def _children(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            if int(status.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(status.parent.name))
    return found


def _is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def _free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
