"""Dry runs: what a pass would remove and why; nothing is changed."""

from dataclasses import dataclass, replace

from entrepot.oci.digest import Digest
from entrepot.ports.blobs import BlobStore
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock
from entrepot.ports.upkeep import FIRST_LINK
from entrepot.rules.leases import BlobRow, BlobState

from . import reasons
from .progress import Phase, Progress, Run, write
from .steps import LOOK

LINES_MAX = 1000
"""Most lines of a page."""
LOOKS_MAX = 64
"""Most looks for one page: a page may be short, or empty, and have a next one all the same."""


@dataclass(frozen=True, slots=True)
class Doomed:
    """One generation that would go."""

    digest: Digest
    generation: int
    size: int
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A page of what would go; `next` is where the following one begins, None after the last."""

    lines: tuple[Doomed, ...]
    next: int | None


class Preview:
    """Says what a pass would do, were it to begin now."""

    def __init__(self, catalog: Catalog, store: BlobStore, clock: Clock) -> None:
        self._catalog = catalog
        self._store = store
        self._clock = clock

    async def page(self, after: int = 0, limit: int = LINES_MAX) -> Plan:
        """Return blobs with a generation above `after` that would go, at most `limit`."""
        lines: list[Doomed] = []
        for _ in range(LOOKS_MAX):
            doomed, _, last = await self._look(after)
            lines += [_line(row) for row in doomed]
            if len(lines) >= max(1, min(limit, LINES_MAX)):
                lines = lines[: max(1, min(limit, LINES_MAX))]
                return Plan(tuple(lines), lines[-1].generation)
            if last is None:
                return Plan(tuple(lines), None)
            after = last
            await self._clock.sleep(0)
        return Plan(tuple(lines), after)

    async def run(self, run: Run) -> None:
        """Save the totals as the progress of a job: what a pass would come to."""
        total = Progress(started_at=self._clock.now())
        after: int | None = 0
        while after is not None:
            doomed, count, after = await self._look(after)
            total = replace(
                total,
                looked=total.looked + count,
                blobs=total.blobs + len(doomed),
                blobs_bytes=total.blobs_bytes + sum(row.size for row in doomed),
            )
            await run.pause()
        total = await self._debris(run, await self._links(run, total))
        total = replace(total, phase=Phase.DONE, ended_at=self._clock.now())
        async with self._catalog.begin(write=True, durable=False) as tx:
            await run.save(tx, {**write(total), "dry_run": True})
        await run.log(
            f"a pass would remove {total.blobs} blobs ({total.blobs_bytes} bytes) and "
            f"{total.debris} crash leftovers ({total.debris_bytes} bytes), and drop {total.links} "
            "links, those of these blobs included; nothing was changed"
        )

    async def _look(self, after: int) -> tuple[list[BlobRow], int, int | None]:
        """Return what would go or is going, how many rows were looked at, and where to go on."""
        async with self._catalog.begin(aside=True) as tx:
            looked = await tx.collection.due(after, self._clock.now(), LOOK)
            rows = await tx.inspection.blobs(after, LOOK)
        due = {row.generation for row in looked.due}
        doomed = [r for r in rows if r.generation in due or r.state is BlobState.CONDEMNED]
        return doomed, looked.count, looked.last

    async def _links(self, run: Run, total: Progress) -> Progress:
        link, count = FIRST_LINK, 0
        while True:
            async with self._catalog.begin(aside=True) as tx:
                looked = await tx.collection.idle_links(link, self._clock.now(), LOOK)
            count += len(looked.due)
            if looked.last is None:
                return replace(total, links=count)
            link = looked.last
            await run.pause()

    async def _debris(self, run: Run, total: Progress) -> Progress:
        count = size = scanned = 0
        async for blob in self._store.scan():
            async with self._catalog.begin() as tx:
                row = await tx.blobs.find(blob.digest)
            if row is None or row.generation != blob.generation:
                count += 1
                size += await self._store.stat(blob) or 0
            scanned += 1
            if scanned % LOOK == 0:
                await run.pause()
        return replace(total, debris=count, debris_bytes=size)


def _line(row: BlobRow) -> Doomed:
    return Doomed(row.digest, row.generation, row.size, reasons.of_row(row))
