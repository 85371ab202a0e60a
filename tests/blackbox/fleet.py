"""Replicas that share one PostgreSQL and one object store, behind a balancer."""

import json
import os
import secrets
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket
from typing import Any

from tests.blackbox.balancing import Balancer
from tests.blackbox.processes import (
    TAIL_CHARACTERS,
    Argument,
    CommandFailedError,
    Daemon,
    Workspace,
    base_environment,
    until,
)
from tests.blackbox.server import ADMINISTRATOR, Registry
from tests.blackbox.wire import Answer, Login, Wire
from tests.servers.postgres import Postgres
from tests.servers.seaweed import KEY, SECRET, Seaweed

REPLICAS = 3
SETTLE_SECONDS = 60.0
"""How long a replica may take to be ready, on a machine that has much to do."""
API = "/api/entrepot/v1"


@dataclass(slots=True)
class Replica:
    """One `entrepot serve`, killed and started again at will; its port stays its own."""

    name: str
    workspace: Workspace
    home: Path
    port: int
    login: Login
    settings: dict[str, str]
    starts: list[Daemon] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def daemon(self) -> Daemon:
        """The one that was started last."""
        return self.starts[-1]

    @property
    def is_running(self) -> bool:
        return bool(self.starts) and self.daemon.process.poll() is None

    def wire(self) -> Wire:
        """A plain HTTP view of this replica alone, with all rights."""
        return Wire(self.url, self.login)

    def start(self, **settings: str) -> None:
        """Start it, with these settings from now on; it is not ready when this returns."""
        self.settings.update(settings)
        env = {**base_environment(self.home), **self.settings}
        program = Path(sys.executable).with_name("entrepot")
        command: list[Argument] = [program, "serve", "--data", self.home / "data"]
        command += ["--listen", f"127.0.0.1:{self.port}"]
        self.starts.append(self.workspace.start(command, env=env))

    def await_ready(self) -> None:
        """Wait until it says that it is."""
        try:
            until(self._is_ready, what=f"{self.name} is ready", limit_seconds=SETTLE_SECONDS)
        except CommandFailedError as reason:
            raise CommandFailedError(f"{reason}\n{self.said()}") from None

    def kill(self) -> None:
        """End all of its processes at once, as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(self.daemon.pid, signal.SIGKILL)
        self.daemon.process.wait(SETTLE_SECONDS)

    def stop(self) -> None:
        """End it in good order; AssertionError unless it does."""
        self.daemon.process.terminate()
        self.await_end()

    def await_end(self) -> None:
        """Wait until it ended, as it was asked to. Not told again: that would hurry it."""
        status = self.daemon.process.wait(SETTLE_SECONDS)
        assert status == 0, f"{self.name} was asked to stop, exit {status}:\n{self.said()}"

    def lines(self, event: str) -> list[dict[str, Any]]:
        """What it logged since its last start under this name."""
        found = (line for line in self.daemon.output().splitlines() if f'"{event}"' in line)
        return [line for line in map(json.loads, found) if line["event"] == event]

    def said(self) -> str:
        """The end of its log."""
        return self.daemon.output()[-TAIL_CHARACTERS:]

    def api(self, method: str, path: str, body: Any = None) -> Answer:
        """Ask its management API as the administrator."""
        headers = {"Authorization": self.login.basic}
        if body is not None:
            headers["Content-Type"] = "application/json"
        raw = None if body is None else json.dumps(body).encode()
        return self.wire().ask(method, f"{API}{path}", headers=headers, body=raw)

    def _is_ready(self) -> bool:
        if not self.is_running:
            raise CommandFailedError(f"{self.name} ended by itself:\n{self.said()}")
        try:
            return self.wire().ask("GET", "/readyz").status == 200
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class Fleet:
    """Replicas that serve the same, and what stands in front and behind."""

    replicas: list[Replica]
    balancer: Balancer
    postgres: Postgres
    database: str

    @property
    def login(self) -> Login:
        """The administrator's."""
        return self.replicas[0].login

    @property
    def registry(self) -> Registry:
        """What clients see: the balancer."""
        return Registry(self.balancer.url, self.login, self.replicas[0].daemon)

    def await_ready(self) -> None:
        """Wait until all are ready, and the balancer knows."""
        for replica in self.replicas:
            replica.await_ready()
        until(
            lambda: len(self.balancer.ready()) == len(self.replicas),
            what="the balancer sends requests to all",
            limit_seconds=SETTLE_SECONDS,
        )

    def sql(self, text: str) -> str:
        """Do a statement to the catalog behind their backs."""
        return self.postgres.sql(text, database=self.database)

    def others(self, replica: Replica) -> list[Replica]:
        """All but this one."""
        return [each for each in self.replicas if each is not replica]


@contextmanager
def fleet_of(
    workspace: Workspace,
    postgres: Postgres,
    seaweed: Seaweed,
    *,
    count: int = REPLICAS,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Fleet]:
    """A fleet on an empty database and an empty prefix; all of it starts at the same moment.

    Those that run at the end must stop with status 0.
    """
    database = postgres.create_database()
    login = Login(ADMINISTRATOR, secrets.token_urlsafe(12))
    common = {
        "ENTREPOT_STORAGE_CATALOG": postgres.url(database),
        "ENTREPOT_STORAGE_BLOBS": seaweed.url(),
        "ENTREPOT_OBJECTS_ENDPOINT": seaweed.endpoint,
        "ENTREPOT_ADMIN_PASSWORD": login.password,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_EC2_METADATA_DISABLED": "true",
        **(settings or {}),
    }
    replicas = [
        Replica(f"replica {number}", workspace, workspace.directory("replica"), port, login, {})
        for number, port in enumerate(_free_ports(count))
    ]
    with ExitStack() as stack:
        stack.callback(postgres.drop_database, database)
        for replica in replicas:
            replica.start(**common)
        balancer = stack.enter_context(Balancer([replica.port for replica in replicas]))
        fleet = Fleet(replicas, balancer, postgres, database)
        fleet.await_ready()
        yield fleet
        _end(replicas)


def _end(replicas: list[Replica]) -> None:
    """All at once, as each takes its time."""
    running = [replica for replica in replicas if replica.is_running]
    for replica in running:
        replica.daemon.process.terminate()
    for replica in running:
        replica.await_end()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(closing(socket())) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
