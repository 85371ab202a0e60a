"""What pushes cost while they have the turn: statements, round trips, time.

    python -m bench.catalog.pushes [--seconds 5] [--clients 16] [--delay-ms 1] [--show]

Pushes go through the services of a registry, to PostgreSQL, which is started here with fsync on,
and to an embedded catalog; the store is in memory. Warm connections: what is prepared once is not
counted. `--show` prints each message.
"""

import argparse
import asyncio
import json
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from entrepot.adapters.blobs.memory import MemoryDisk, open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.catalog.postgres import writing
from entrepot.adapters.catalog.postgres.connecting import Purpose, Raw, connect_again
from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.mediatype import OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import Catalog
from entrepot.rules.leases import Grace
from entrepot.rules.tickets import KEY_BYTES, Tickets
from entrepot.services.blobs import BlobService
from entrepot.services.context import Caller
from entrepot.services.push import Pushed, PushService
from entrepot.services.uploads import Chunk, UploadLimits, UploadService
from tests.blackbox.processes import Workspace
from tests.servers.postgres import programs, start_postgres

from .load import delayed

ALICE = Caller("alice", "docker/28")
LAYERS = 3
ROUNDS = 40
"""How often each kind of push is done; the fastest half counts."""


class Clock:
    """The machine's."""

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Counting:
    """Tokens that are different."""

    def __init__(self) -> None:
        self._count = 0

    def token(self) -> str:
        self._count += 1
        return f"{self._count:032x}"


class Bytes:
    """A body in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def drain(self, write: Callable[[memoryview], None]) -> None:
        write(memoryview(self._data))


class Log:
    """What went over connections that write: each message, and when a turn began and ended."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.held_seconds = 0.0
        self._began_at = 0.0

    def begins(self, text: str) -> None:
        self.messages.append(text)

    def ended(self, text: str) -> None:
        now = time.perf_counter()
        if text.startswith("BEGIN"):
            self._began_at = now
        elif text.endswith("COMMIT"):
            self.held_seconds += now - self._began_at

    @property
    def statements(self) -> int:
        return sum(message.count("; ") + 1 for message in self.messages)


class Logged:
    """A connection all of whose messages are noted; anything else is the connection's own."""

    def __init__(self, raw: Raw, log: Log) -> None:
        self._raw = raw
        self._log = log

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._raw, name)
        if name not in ("execute", "executemany", "fetch", "fetchrow", "fetchval"):
            return found

        async def noted(text: str, *values: object) -> object:
            self._log.begins(text)
            result = await found(text, *values)
            self._log.ended(text)
            return result

        return noted


class Shop:
    """Services that take pushes in."""

    def __init__(self, catalog: Catalog, store: Any) -> None:
        clock, chance = Clock(), Counting()
        self.blobs = BlobService(catalog, store, clock, chance, grace=Grace())
        self.uploads = UploadService(
            catalog,
            store,
            clock,
            chance,
            blobs=self.blobs,
            limits=UploadLimits(),
            tickets=Tickets(bytes(KEY_BYTES)),
        )
        self.push = PushService(catalog, clock, blobs=self.blobs)

    async def layer(self, name: RepositoryName, data: bytes) -> Digest:
        """Push a blob as docker does: POST, PATCH, PUT."""
        upload_id = self.uploads.begin(name)
        await self.uploads.append(name, upload_id, ALICE, Chunk(Bytes(data)))
        digest = Digest.of(data)
        await self.uploads.finish(name, upload_id, ALICE, digest)
        return digest

    async def manifest(self, name: RepositoryName, raw: bytes, tag: str) -> None:
        """Push a manifest by a tag."""
        await self.push.publish(name, Pushed(raw, OCI_MANIFEST, Tag(tag)), ALICE)


def image(number: str) -> bytes:
    """Return a manifest over the layers that each repository here has."""

    def one(data: bytes) -> dict[str, object]:
        kind = "application/vnd.oci.image.layer.v1.tar+gzip"
        return {"mediaType": kind, "digest": Digest.of(data), "size": len(data)}

    layers = [one(data) for data in _layers()]
    notes = {"org.opencontainers.image.version": number}
    return encode(
        {"schemaVersion": 2, "config": one(b"{}"), "layers": layers, "annotations": notes}
    )


def _layers() -> list[bytes]:
    return [f"layer {index}".encode() for index in range(LAYERS)]


@asynccontextmanager
async def open_shop(place: str) -> AsyncIterator[Shop]:
    """Yield services over the catalog at `place`."""
    catalog = await open_catalog(place)
    store = await open_store(MemoryDisk())
    shop = Shop(catalog, store)
    try:
        yield shop
    finally:
        await shop.uploads.close()
        await store.close()
        await catalog.close()


async def fill(shop: Shop, name: RepositoryName) -> None:
    """Push what all manifests here name."""
    for data in (b"{}", *_layers()):
        await shop.layer(name, data)


async def look(place: str, log: Log, *, show: bool) -> None:
    """Do each kind of push alone, and print what it took."""
    name = RepositoryName("library/app")
    async with open_shop(place) as shop:
        await fill(shop, name)
        kinds: dict[str, Callable[[int], Awaitable[object]]] = {
            "manifest": lambda n: shop.manifest(name, image(f"{n}"), f"v{n}"),
            "layer": lambda n: shop.layer(name, f"one more {n}".encode()),
            "move": lambda n: shop.manifest(name, image("0"), f"moved-{n}"),
            "again": lambda n: shop.manifest(name, image(f"{n % 2}"), "latest"),
        }
        for kind, push in kinds.items():
            took, held, processor = [], [], []
            for number in range(ROUNDS):
                log.messages.clear()
                before, log.held_seconds = time.perf_counter(), 0.0
                used = time.process_time()
                await push(number)
                processor.append(time.process_time() - used)
                took.append(time.perf_counter() - before)
                held.append(log.held_seconds)
            _print(
                kind=kind,
                statements=log.statements,
                round_trips=len(log.messages),
                held_ms=_usual(held),
                took_ms=_usual(took),
                processor_ms=_usual(processor),
            )
            if show:
                for message in log.messages:
                    print("   ", message[:150])


async def rate(place: str, clients: int, seconds: float) -> None:
    """Let so many clients push manifests, and print how many a second there were."""
    done = 0

    async def client(shop: Shop, number: int, until: float) -> None:
        nonlocal done
        name = RepositoryName(f"project{number % 4}/app{number}")
        count = 0
        while time.perf_counter() < until:
            count += 1
            text = f"{number}-{count}-{until}"
            await shop.manifest(name, image(text), f"v{count}-{int(until)}")
            done += 1

    async with open_shop(place) as shop:
        for number in range(clients):
            await fill(shop, RepositoryName(f"project{number % 4}/app{number}"))
        for part in (0.2, 1.0):
            done, used = 0, _processor()
            until = time.perf_counter() + seconds * part
            await asyncio.gather(*(client(shop, number, until) for number in range(clients)))
        _print(
            pushes_per_second=round(done / seconds, 1),
            clients=clients,
            processor_ms=round((_processor() - used) * 1000 / max(done, 1), 3),
        )


def _processor() -> float:
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime


def _usual(times: list[float]) -> float:
    return round(median(sorted(times)[: len(times) // 2]) * 1000, 3)


def _print(**figures: object) -> None:
    print(json.dumps(figures), flush=True)


def main() -> None:
    """Measure, and print a line of JSON for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--delay-ms", type=float, default=1.0)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--embedded", action="store_true", help="only the embedded catalog")
    given = parser.parse_args()
    with TemporaryDirectory() as folder, Workspace() as workspace:
        _print(catalog="embedded")
        asyncio.run(look(f"{folder}/looked.db", Log(), show=False))
        asyncio.run(rate(f"{folder}/rate.db", given.clients, given.seconds))
        if given.embedded:
            return
        found = programs()
        if found is None:
            raise SystemExit("PostgreSQL is not installed")
        server = start_postgres(workspace, found, durable=True)
        try:
            for delay_ms in (0.0, given.delay_ms):
                _print(catalog="postgresql", delay_ms=delay_ms)
                with delayed(server.port, delay_ms) as port:
                    _postgres(server, port, given)
        finally:
            server.stop()


def _postgres(server: Any, port: int, given: argparse.Namespace) -> None:
    log, plain = Log(), connect_again

    async def logged(url: str, purpose: Purpose) -> Any:
        return Logged(await plain(url, purpose), log)

    setattr(writing, "connect_again", logged)  # noqa: B010 - it is not exported there
    asyncio.run(look(server.url(server.create_database(), port=port), log, show=given.show))
    setattr(writing, "connect_again", plain)  # noqa: B010
    url = server.url(server.create_database(), port=port)
    asyncio.run(rate(url, given.clients, given.seconds))


if __name__ == "__main__":
    main()
