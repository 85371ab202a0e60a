"""The steps of a pass: bounded, and safe to run twice or beside anything.

What makes that so: a row's generation is written before its bytes, is never given twice, and a
condemned row never lives again. So bytes that were doomed once stay doomed, and a delete may come
as late as it likes. Looks are read-only; a step decides again in the transaction that writes.
"""

import asyncio
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from entrepot.ports.blobs import Blob, BlobStore
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.upkeep import Link, Looked, Swept
from entrepot.rules.leases import BlobRow

from . import reasons
from .progress import Phase, Progress, Run, write
from .rate import DeleteRate, GcLimits

Item = TypeVar("Item")

LOOK = 256
"""Rows looked at at once: some 2 ms, aside from the event loop."""
LOOKS_MAX = 32
"""Looks before what they found is condemned, if it is not enough for a transaction by then."""
WRITE = 16
"""Rows changed in one transaction, some 1 ms of the event loop, and deletes at once."""
DEBRIS_MAX = 10_000
"""Leftovers remembered before they are removed: some 3 MB."""
SUSPICIOUS = 64
"""More leftovers than this are removed only if most of what lies in the store has its row."""
FAILURES_MAX = 16
"""Deletes in one pass that may fail before the pass does: then it is not one bad file."""


class Steps:
    """What a pass does to catalog and store."""

    def __init__(self, catalog: Catalog, store: BlobStore, clock: Clock, limits: GcLimits) -> None:
        self._catalog = catalog
        self._store = store
        self._clock = clock
        self._rate = DeleteRate(clock, limits.deletes_per_second_max)
        self._kept_seconds = limits.kept_seconds

    async def condemn(self, run: Run, progress: Progress) -> Progress:
        """Look at some rows, and condemn those that nobody holds any more."""
        now = self._clock.now()
        after, due = progress, list[BlobRow]()
        for _ in range(LOOKS_MAX):
            async with self._catalog.begin(aside=True) as tx:
                looked = await tx.collection.due(after.generation, now, LOOK)
            due += looked.due
            after = _count(after, looked)
            if looked.last is None:
                after = replace(after, phase=Phase.SWEEP)
                break
            after = replace(after, generation=looked.last)
            # Each transaction waits for the disk: none for a handful of rows.
            if len(due) >= WRITE:
                break
            await run.pause()
        for rows in _batches(due):
            async with self._catalog.begin(write=True) as tx:
                found = [await tx.collection.condemn(row.generation, now) for row in rows]
                count = progress.condemned + sum(row is not None for row in found)
                progress = replace(progress, condemned=count)
                await run.save(tx, write(progress))
        return replace(after, condemned=progress.condemned)

    async def links(self, run: Run, progress: Progress) -> Progress:
        """Look at some links, and drop those that no manifest of their repository needs."""
        now = self._clock.now()
        start = Link(progress.link_repository_id, progress.link_digest)
        async with self._catalog.begin(aside=True) as tx:
            looked = await tx.collection.idle_links(start, now, LOOK)
        if looked.last is None:
            after = replace(progress, phase=Phase.DEBRIS)
        else:
            last = looked.last
            after = replace(
                progress, link_repository_id=last.repository_id, link_digest=last.digest
            )
        for links in _batches(looked.due):
            async with self._catalog.begin(write=True) as tx:
                dropped = [await tx.collection.drop_link(link, now) for link in links]
                progress = replace(progress, links=progress.links + sum(dropped))
                await run.save(tx, write(progress))
        return replace(after, links=progress.links)

    async def sweep(self, run: Run, progress: Progress) -> Progress:
        """Delete the bytes of all condemned rows, then forget these."""
        after: BlobRow | None = None
        while True:
            async with self._catalog.begin(aside=True) as tx:
                rows = await tx.collection.condemned(after, self._rate.batch(WRITE))
            if not rows:
                return replace(progress, phase=Phase.LINKS)
            # What cannot be deleted stays, and stops nothing behind it.
            after = rows[-1]
            failed = await self._delete(run, [_blob(row) for row in rows])
            progress = replace(progress, failed=progress.failed + len(failed))
            async with self._catalog.begin(write=True) as tx:
                gone = [row for row in rows if _blob(row) not in failed and await _forget(tx, row)]
                await tx.sweeps.add([self._line(run, row) for row in gone])
                progress = replace(
                    progress,
                    blobs=progress.blobs + len(gone),
                    blobs_bytes=progress.blobs_bytes + sum(row.size for row in gone),
                )
                await run.save(tx, write(progress))
            await run.pause()
            _give_up(progress)

    async def debris(self, run: Run, progress: Progress) -> Progress:
        """Remove bytes that no row owns: a crash left them, or a delete that was lost."""
        scanned, orphans, batch = 0, list[Blob](), list[Blob]()
        async for blob in self._store.scan():
            batch.append(blob)
            if len(batch) == LOOK:
                scanned += len(batch)
                orphans += await self._unowned(batch)
                batch = []
                if len(orphans) >= DEBRIS_MAX:
                    progress = await self._clear(run, progress, orphans, scanned)
                    orphans = []
                await run.pause()
        scanned += len(batch)
        orphans += await self._unowned(batch)
        progress = await self._clear(run, progress, orphans, scanned)
        return replace(progress, phase=Phase.PRUNE)

    async def prune(self, run: Run, progress: Progress) -> Progress:
        """Forget some of what was swept long ago."""
        before = progress.started_at - self._kept_seconds
        async with self._catalog.begin(write=True) as tx:
            pruned = await tx.sweeps.prune(before, LOOK)
            if pruned < LOOK:
                progress = replace(progress, phase=Phase.DONE, ended_at=self._clock.now())
            await run.save(tx, write(progress))
        return progress

    async def _unowned(self, blobs: list[Blob]) -> list[Blob]:
        async with self._catalog.begin(aside=True) as tx:
            found = await tx.collection.generations([blob.digest for blob in blobs])
        return [blob for blob in blobs if found.get(blob.digest) != blob.generation]

    async def _clear(
        self, run: Run, progress: Progress, orphans: list[Blob], scanned: int
    ) -> Progress:
        if len(orphans) > SUSPICIOUS and 2 * len(orphans) > scanned and not run.args.get("force"):
            await run.log(
                f"{len(orphans)} of {scanned} blobs have no row: this catalog may not be that of "
                "this storage, or an older copy; nothing of them was removed. Rebuild the catalog, "
                "or run the collector with force if they are to go"
            )
            return replace(progress, refused=progress.refused + len(orphans))
        left = iter(orphans)
        while blobs := list(islice(left, self._rate.batch(WRITE))):
            progress = await self._remove(run, progress, blobs)
            await run.pause()
            _give_up(progress)
        return progress

    async def _remove(self, run: Run, progress: Progress, blobs: list[Blob]) -> Progress:
        """Look again, so that no generation of theirs is ever given, and delete the bytes."""
        found: dict[Blob, str] = {}
        async with self._catalog.begin(write=True) as tx:
            await tx.rebuilding.skip_generations(max(blob.generation for blob in blobs))
            for blob in blobs:
                if not await _owner(tx, blob):
                    found[blob] = reasons.of_debris(await tx.blobs.find(blob.digest))
        sizes = {blob: await self._store.stat(blob) for blob in found}
        failed = await self._delete(run, [*found])
        now = self._clock.now()
        lines = [
            Swept(run.job.id, blob.digest, blob.generation, size, found[blob], now)
            for blob, size in sizes.items()
            if size is not None and blob not in failed
        ]
        progress = replace(
            progress,
            debris=progress.debris + len(lines),
            debris_bytes=progress.debris_bytes + sum(line.size for line in lines),
            failed=progress.failed + len(failed),
        )
        async with self._catalog.begin(write=True) as tx:
            await tx.sweeps.add(lines)
            await run.save(tx, write(progress))
        return progress

    async def _delete(self, run: Run, blobs: list[Blob]) -> set[Blob]:
        """Delete these bytes; return those that the medium would not."""
        await self._rate.take(len(blobs))
        deletes = [self._store.delete(blob) for blob in blobs]
        outcomes = await asyncio.gather(*deletes, return_exceptions=True)
        failed: set[Blob] = set()
        for blob, outcome in zip(blobs, outcomes, strict=True):
            if isinstance(outcome, OSError):
                failed.add(blob)
                await run.log(f"the bytes of {blob.digest} cannot be deleted: {outcome}")
            elif isinstance(outcome, BaseException):
                raise outcome
        return failed

    def _line(self, run: Run, row: BlobRow) -> Swept:
        now = self._clock.now()
        return Swept(run.job.id, row.digest, row.generation, row.size, reasons.of_row(row), now)


def _count(progress: Progress, looked: Looked) -> Progress:
    waits = looked.waiting
    return replace(
        progress,
        looked=progress.looked + looked.count,
        waiting=progress.waiting + len(waits),
        waiting_bytes=progress.waiting_bytes + sum(row.size for row in waits),
        waiting_until=max([progress.waiting_until, *(row.keep_until for row in waits)]),
    )


def _blob(row: BlobRow) -> Blob:
    return Blob(row.digest, row.generation)


async def _forget(tx: Tx, row: BlobRow) -> bool:
    return await tx.collection.forget(row.digest, row.generation)


async def _owner(tx: Tx, blob: Blob) -> bool:
    row = await tx.blobs.find(blob.digest)
    return row is not None and row.generation == blob.generation


def _give_up(progress: Progress) -> None:
    if progress.failed > FAILURES_MAX:
        raise OSError(
            f"{progress.failed} blobs could not be deleted: look at the storage's disk; the "
            "collector tries again"
        )


def _batches(items: list[Item]) -> list[list[Item]]:
    return [items[start : start + WRITE] for start in range(0, len(items), WRITE)]
