"""Backups of a registry that serves, and registries from backups.

The journal is copied first, then the catalog as it is at one moment, then the blobs that this
shows. Collectors do not run meanwhile (a backup has their mutex), so that every blob of that moment
stays until it is copied; whatever is pushed later is not in the backup, and harms nothing. A blob
that is damaged is marked so in the copy: who restores it knows, and a push heals it there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from entrepot.oci.errors import Code, Fault
from entrepot.ports.backup import Replica, Shelf
from entrepot.ports.blobs import Blob
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock
from entrepot.rules.leases import BlobRow, BlobState

KIND = "backup"
MUTEX = "gc"
PAGE = 256
"""Blobs between two signs of life."""
AT_ONCE_MAX = 4
"""Blobs copied at once: a disk gains little from more."""
NAMED_MAX = 100
"""Most blobs that a report names."""
JOBS_MAX = 1000
"""Most backup jobs in a snapshot that are looked at."""

Beat = Callable[[], Awaitable[None]]


class Run(Protocol):
    """What a job's handler has, as far as it is needed here."""

    @property
    def args(self) -> dict[str, Any]: ...
    async def pause(self) -> None: ...
    async def log(self, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What a backup is made of; `snapshot` writes the catalog's file, `open` opens it."""

    shelf: Shelf
    replica: Replica
    snapshot: Callable[[], Awaitable[None]]
    open: Callable[[], AbstractAsyncContextManager[Catalog]]


@dataclass(slots=True)
class Copied:
    """What was copied. `missing` blobs are damaged in the registry itself."""

    at: float = 0.0
    blobs: int = 0
    size_bytes: int = 0
    new_bytes: int = 0
    missing: int = 0
    dropped: int = 0
    names: list[str] = field(default_factory=list)
    """Of those that are missing, the first."""


class BackupService:
    """Makes backups; `parts` returns what one to a target is made of, or raises `Fault`."""

    def __init__(self, clock: Clock, parts: Callable[[str], Parts]) -> None:
        self._clock = clock
        self._parts = parts

    async def handle(self, run: Run) -> None:
        """Make a backup to `target` of the job's arguments (kind `backup`, mutex `gc`)."""
        target = run.args.get("target")
        if not isinstance(target, str) or not target.startswith("/"):
            raise Fault(
                Code.REQUEST_INVALID, "a backup needs a target: the absolute path of a directory"
            )
        copied = await self.backup(target, run.pause)
        for name in copied.names:
            await run.log(f"blob {name} is missing or damaged, and not in the backup")
        await run.log(
            f"{copied.blobs} blobs of {copied.size_bytes} bytes, {copied.new_bytes} of them new, "
            f"{copied.missing} missing"
        )

    async def backup(self, target: str, beat: Beat) -> Copied:
        """Bring the backup in `target` to this moment; what it has already is not copied again.

        Raises `Fault(REQUEST_INVALID)`, `CatalogFailed` or OSError; the target is then marked as
        incomplete, and a further backup to it goes on from there.
        """
        parts = self._parts(target)
        await parts.shelf.begin()
        await parts.shelf.keep()
        at = self._clock.now()
        await parts.snapshot()
        async with parts.open() as catalog:
            await _end_backups(catalog, at)
            copied = Copied(at=at)
            await _copy_all(_Copying(catalog, parts.replica, copied), beat)
            copied.dropped = await _drop_strays(catalog, parts.replica, beat)
        facts = asdict(copied)
        del facts["names"]
        await parts.shelf.finish(facts)
        return copied


async def restore(parts: Parts, beat: Beat, now: float) -> Copied:
    """Bring a backup's blobs to a new place, each compared with its digest.

    `parts.open` opens a copy of its catalog there. Blobs that are not right count as missing.
    """
    copied = Copied(at=now)
    async with parts.open() as catalog:
        await _copy_all(_Copying(catalog, parts.replica, copied, verify=True), beat)
    return copied


@dataclass(frozen=True, slots=True)
class _Copying:
    """A copy under way, with the catalog that it is of."""

    catalog: Catalog
    replica: Replica
    copied: Copied
    verify: bool = False

    async def one(self, row: BlobRow) -> None:
        blob = Blob(row.digest, row.generation)
        try:
            new = await self.replica.take(blob, row.size)
        except FileNotFoundError:
            await self._miss(row, "its bytes are missing")
            return
        if self.verify and not await self.replica.is_right(blob):
            await self.replica.drop(blob)
            await self._miss(row, "its bytes do not have its digest")
            return
        self.copied.blobs += 1
        self.copied.size_bytes += row.size
        self.copied.new_bytes += new

    async def _miss(self, row: BlobRow, why: str) -> None:
        self.copied.missing += 1
        if len(self.copied.names) < NAMED_MAX:
            self.copied.names.append(str(row.digest))
        async with self.catalog.begin(write=True) as tx:
            await tx.blobs.set_state(row.digest, row.generation, BlobState.ARRIVING)
            await tx.damages.report(row.digest, row.generation, why, self.copied.at)


async def _copy_all(work: _Copying, beat: Beat) -> None:
    after = 0
    room = asyncio.Semaphore(AT_ONCE_MAX)
    while True:
        async with work.catalog.begin() as tx:
            rows = await tx.inspection.blobs(after, PAGE)
        if not rows:
            break
        after = rows[-1].generation
        live = [row for row in rows if row.state is BlobState.LIVE]
        async with asyncio.TaskGroup() as group:
            for row in live:
                await room.acquire()
                task = group.create_task(work.one(row))
                task.add_done_callback(lambda _: room.release())
        await beat()
    await work.replica.finish()


async def _drop_strays(catalog: Catalog, replica: Replica, beat: Beat) -> int:
    """Remove what an earlier backup had and this moment has not."""
    dropped = seen = 0
    async for blob in replica.scan():
        async with catalog.begin() as tx:
            row = await tx.blobs.find(blob.digest)
        if row is None or row.generation != blob.generation or row.state is not BlobState.LIVE:
            await replica.drop(blob)
            dropped += 1
        seen += 1
        if seen % PAGE == 0:
            await beat()
    return dropped


async def _end_backups(catalog: Catalog, now: float) -> None:
    """See that a registry from this backup does not go on with the job that made it."""
    async with catalog.begin() as tx:
        jobs = await tx.jobs.page(KIND, 1 << 62, JOBS_MAX)
    for job in jobs:
        if job.ended_at is None:
            async with catalog.begin(write=True) as tx:
                await tx.jobs.cancel(job.id, now)
