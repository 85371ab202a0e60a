"""A fleet with all it stands on: PostgreSQL, an object store, and proxies."""

import asyncio
import secrets
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, closing
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeVar

import aiohttp

from tests.blackbox.processes import Workspace
from tests.servers.faults import PostgresProxy
from tests.servers.httpfaults import HttpFaultProxy
from tests.servers.postgres import Postgres, programs, start_postgres
from tests.servers.seaweed import BUCKET, KEY, SECRET, Seaweed, program, start_seaweed

from .network import Namespace, namespaces
from .replicas import Replica

USER = "admin"
PREFIX = "fleet"
MANAGER_SECONDS = 6.0
LOOPBACK = "127.0.0.1"

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a fleet is made of."""

    replicas: int = 3
    workers: int = 1
    embedded: bool = False
    """One replica on a directory, without PostgreSQL and object store."""
    network: bool = False
    """Each replica in a network namespace of its own (needs root)."""
    seed: int = 1
    grace_seconds: float = 0.0
    """How long a blob is kept that no manifest holds; 0: as Entrepot does by itself."""


@dataclass(slots=True)
class Site:
    """What runs; leaving it ends all of it. `failed` keeps the files."""

    plan: Plan
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    workspace: Workspace = field(default_factory=Workspace)
    postgres: Postgres | None = None
    seaweed: Seaweed | None = None
    replicas: list[Replica] = field(default_factory=list)
    catalogs: list[PostgresProxy] = field(default_factory=list)
    """A proxy before PostgreSQL for each replica."""
    stores: list[HttpFaultProxy] = field(default_factory=list)
    """A proxy before the object store for each replica."""
    networks: list[Namespace] = field(default_factory=list)
    hands: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    """The thread that starts PostgreSQL: who was started dies with it, so it lasts to the end."""
    _opened: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except BaseException:
            await self._opened.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._opened.aclose()

    async def _open(self) -> None:
        self._opened.callback(self.hands.shutdown)
        self._opened.callback(self.workspace.close)
        if not self.plan.embedded:
            await self._start_servers()
        if self.plan.network:
            made = self._opened.enter_context(ExitStack())
            self.networks = namespaces(made, self.plan.replicas)
        for number in range(self.plan.replicas):
            self.replicas.append(await self._replica(number))
        for replica in self.replicas:
            self._opened.push_async_callback(replica.kill)
            await replica.start()
        await asyncio.gather(*(replica.ready() for replica in self.replicas))

    async def _start_servers(self) -> None:
        folder = programs()
        if folder is None:
            raise RuntimeError("PostgreSQL is not installed: run tools/clients.sh install")
        self.postgres = await self.by_hand(lambda: start_postgres(self.workspace, folder))
        self._opened.callback(self.postgres.stop)
        self.seaweed = await self.by_hand(lambda: start_seaweed(self.workspace, program()))
        self._opened.callback(self.seaweed.daemon.process.kill)

    async def _replica(self, number: int) -> Replica:
        name = f"replica{number}"
        network = self.networks[number] if self.networks else None
        inside = LOOPBACK if network is None else network.inside
        outside = LOOPBACK if network is None else network.outside
        environment = {
            "ENTREPOT_ADMIN_PASSWORD": self.password,
            "ENTREPOT_SERVER_WORKERS": str(self.plan.workers),
            "ENTREPOT_LOG_ACCESS": "false",
        }
        if self.plan.grace_seconds:
            environment["ENTREPOT_UPLOADS_GRACE_SECONDS"] = str(self.plan.grace_seconds)
        if self.postgres is not None and self.seaweed is not None:
            catalog = PostgresProxy(self.postgres.port, listen=outside)
            store = HttpFaultProxy(
                self.seaweed.port, seed=self.plan.seed * 100 + number, listen=outside
            )
            self.catalogs.append(await self._opened.enter_async_context(catalog))
            self.stores.append(await self._opened.enter_async_context(store))
            database = self.postgres.url("postgres", port=catalog.port)
            environment |= {
                "ENTREPOT_STORAGE_CATALOG": database.replace(LOOPBACK, outside),
                "ENTREPOT_STORAGE_BLOBS": f"s3://{BUCKET}/{PREFIX}",
                "ENTREPOT_OBJECTS_ENDPOINT": f"http://{outside}:{store.port}",
                "AWS_ACCESS_KEY_ID": KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET,
                "AWS_EC2_METADATA_DISABLED": "true",
            }
        return Replica(
            name,
            self.workspace.path / name,
            address=f"{inside}:{_free_port()}",
            environment=environment,
            namespace="" if network is None else network.name,
        )

    def manager(self, replica: Replica) -> aiohttp.ClientSession:
        """A session with the management API of a replica, as the administrator."""
        return aiohttp.ClientSession(
            f"{replica.url}/api/entrepot/v1/",
            headers={"Authorization": aiohttp.encode_basic_auth(USER, self.password)},
            timeout=aiohttp.ClientTimeout(MANAGER_SECONDS),
        )

    async def by_hand(self, work: Callable[[], Result]) -> Result:
        """Do what blocks in the one thread for it."""
        return await asyncio.get_running_loop().run_in_executor(self.hands, work)


def _free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind((LOOPBACK, 0))
        return int(found.getsockname()[1])
