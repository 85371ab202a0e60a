"""Replicas that write as much as they can, each a process of its own."""

import asyncio
import multiprocessing
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.queues import Queue

from entrepot.adapters.catalog import open_catalog
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import EDGE_BLOB, EDGE_SELF, Catalog, Edge, Event, ManifestRow, TagMove
from entrepot.rules.leases import BlobState

NOW = 1.0
LAYERS = 3
WARM_SECONDS = 1.0
BLOCK_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Rate:
    """What came of a run: per second, and how long one took, in milliseconds."""

    what: str
    replicas: int
    clients: int
    writes_per_second: float
    write_p50_ms: float
    write_p99_ms: float
    reads_per_second: float
    latest_per_second: float


async def push(catalog: Catalog, name: RepositoryName, number: str) -> None:
    """Write what the push of a manifest writes whose layers are there."""
    layers = [Digest.of(f"layer {index}".encode()) for index in range(LAYERS)]
    own = Digest.of(number.encode())
    async with catalog.begin(write=True) as tx:
        repository = await tx.repositories.ensure(name, NOW)
        before, held = await tx.together(
            tx.tags.find(repository.id, Tag("latest")),
            tx.repositories.held(repository.id, layers),
        )
        there = {one.digest for one in held}
        for digest in (own, *(layer for layer in layers if layer not in there)):
            row = await tx.blobs.arrive(digest, 1, NOW)
            await tx.blobs.set_state(digest, row.generation, BlobState.LIVE)
            await tx.blobs.link(repository.id, digest, NOW)
        manifest = ManifestRow(
            id=0,
            repository_id=repository.id,
            digest=own,
            media_type="application/vnd.oci.image.manifest.v1+json",
            artifact_type="",
            size=1000,
            subject=None,
            annotations="{}",
            pushed_at=NOW,
        )
        edges = [Edge(own, EDGE_SELF), *(Edge(layer, EDGE_BLOB) for layer in layers)]
        manifest_id = await tx.manifests.add(manifest, b"x" * 1000, edges)
        await tx.ledgers.charge(manifest_id, name.project, "")
        moved = TagMove(Tag("latest"), before, own, NOW, "bench", "bench")
        await tx.tags.move(repository.id, manifest_id, moved)
        await tx.outbox.append(Event("push", name, "{}" * 100, NOW))


async def measure(place: str, replica: int, clients: int, seconds: float) -> dict[str, list[float]]:
    """Let so many clients write, then read; return when each was done, and how long it took."""
    catalog = await open_catalog(place)
    took: dict[str, list[float]] = {"write": [], "read": [], "latest": []}

    async def client(number: int, until: float) -> None:
        name = RepositoryName(f"bench{number % 4}/app{replica}-{number}")
        count = 0
        while (began := time.perf_counter()) < until:
            count += 1
            await push(catalog, name, f"{replica} {number} {count} {began}")
            took["write"].append(time.perf_counter() - began)

    async def reader(what: str, until: float) -> None:
        while (began := time.perf_counter()) < until:
            if what == "latest":
                await catalog.latest()
            else:
                async with catalog.begin() as tx:
                    await tx.repositories.find(RepositoryName("bench0/app0-0"))
            took[what].append(time.perf_counter() - began)
            if place.startswith("/"):
                await asyncio.sleep(0)

    until = time.perf_counter() + WARM_SECONDS
    await asyncio.gather(*(client(number, until) for number in range(clients)))
    took["write"].clear()
    until = time.perf_counter() + seconds
    await asyncio.gather(*(client(number, until) for number in range(clients)))
    for what in ("read", "latest"):
        until = time.perf_counter() + seconds / 4
        await asyncio.gather(*(reader(what, until) for _ in range(clients)))
    await catalog.close()
    return took


def replica(
    place: str, number: int, clients: int, seconds: float, told: "Queue[dict[str, list[float]]]"
) -> None:
    """Be one replica."""
    told.put(asyncio.run(measure(place, number, clients, seconds)))


def run(what: str, place: str, replicas: int, clients: int, seconds: float) -> Rate:
    """Measure so many replicas on one catalog."""
    context = multiprocessing.get_context("spawn")
    told: Queue[dict[str, list[float]]] = context.Queue()
    processes = [
        context.Process(target=replica, args=(place, number, clients, seconds, told))
        for number in range(replicas)
    ]
    for process in processes:
        process.start()
    found = [told.get(timeout=120 + 4 * seconds) for _ in processes]
    for process in processes:
        process.join()
    writes = sorted(each for one in found for each in one["write"])
    return Rate(
        what,
        replicas,
        clients,
        round(len(writes) / seconds, 1),
        _percentile(writes, 0.5),
        _percentile(writes, 0.99),
        round(sum(len(one["read"]) for one in found) * 4 / seconds),
        round(sum(len(one["latest"]) for one in found) * 4 / seconds),
    )


def _percentile(times: Sequence[float], part: float) -> float:
    return round(times[min(len(times) - 1, int(len(times) * part))] * 1000, 2) if times else 0.0


@contextmanager
def delayed(port: int, delay_ms: float) -> Iterator[int]:
    """Yield a port behind which the server is so much further away, both ways together."""
    if not delay_ms:
        yield port
        return
    context = multiprocessing.get_context("spawn")
    told: Queue[int] = context.Queue()
    process = context.Process(target=_proxy, args=(port, delay_ms, told), daemon=True)
    process.start()
    try:
        yield told.get(timeout=30)
    finally:
        process.terminate()
        process.join()


def _proxy(port: int, delay_ms: float, told: "Queue[int]") -> None:
    # Threads, as an event loop's timers are off by a millisecond.
    with socket.create_server(("127.0.0.1", 0)) as listening:
        told.put(listening.getsockname()[1])
        while True:
            near, _ = listening.accept()
            far = socket.create_connection(("127.0.0.1", port))
            for ends in ((near, far, delay_ms / 1000), (far, near, 0.0)):
                threading.Thread(target=_pass_on, args=ends, daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, delay_seconds: float) -> None:
    """Pass on what comes, so much later."""
    target.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with suppress(OSError):
        while data := source.recv(BLOCK_BYTES):
            time.sleep(delay_seconds)
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
