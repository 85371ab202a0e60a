"""The lifecycle in figures for metrics, gathered in small steps now and then."""

import contextlib
from dataclasses import dataclass

import msgspec

from entrepot.ports.catalog import Busy, Catalog, CatalogFailed
from entrepot.ports.clock import Clock
from entrepot.ports.ledgers import KIND_PROJECT
from entrepot.ports.trash import TrashScope

from .gc.stats import GcStats, stats
from .jobs.service import NEWEST
from .retention import KIND as RETENTION

NEVER = GcStats()
"""No pass came to its end yet."""
GATHER_SECONDS = 60.0
"""Rest between two looks."""
PAGE = 256
TRASH_MAX = 100_000
"""Most entries of the trash that are counted."""
DAMAGES_MAX = 10_000
LEDGERS_MAX = 100_000
RUNS_MAX = 1000
"""Most runs of retention that are looked at, the newest."""
FULLEST = 10
"""Projects that are named, those nearest to their limit."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was found at the last look; counts end at the limits above."""

    gc: GcStats = NEVER
    trash: int = 0
    damages: int = 0
    retention_deleted: int = 0
    """Manifests that the runs took which are remembered."""
    fullest: tuple[tuple[str, float], ...] = ()
    """Projects with a limit and the share of it that they use, fullest first."""


class FiguresService:
    """Keeps the newest figures."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self.newest = Figures()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            # Requests meet the same failures, and tell them; the next look may not.
            with contextlib.suppress(Busy, CatalogFailed):
                await self.gather()
            await self._clock.sleep(GATHER_SECONDS)

    async def gather(self) -> Figures:
        """Look now."""
        self.newest = Figures(
            gc=await stats(self._catalog),
            trash=await self._trash(),
            damages=await self._damages(),
            retention_deleted=await self._retention(),
            fullest=await self._fullest(),
        )
        return self.newest

    async def _trash(self) -> int:
        count = after = 0
        while count < TRASH_MAX:
            async with self._catalog.begin() as tx:
                page = await tx.trash.page(TrashScope(), after, PAGE)
            count += len(page)
            if len(page) < PAGE:
                break
            after = page[-1].id
            await self._clock.sleep(0)
        return count

    async def _damages(self) -> int:
        count = after = 0
        while count < DAMAGES_MAX:
            async with self._catalog.begin() as tx:
                page = await tx.damages.open(after, PAGE)
            count += len(page)
            if len(page) < PAGE:
                break
            after = page[-1].id
            await self._clock.sleep(0)
        return count

    async def _retention(self) -> int:
        async with self._catalog.begin() as tx:
            jobs = await tx.jobs.page(RETENTION, NEWEST, RUNS_MAX)
        return sum(
            int(msgspec.json.decode(job.progress, type=dict).get("deleted", 0))
            for job in jobs
            if job.progress
        )

    async def _fullest(self) -> tuple[tuple[str, float], ...]:
        shares: list[tuple[str, float]] = []
        after, seen = "", 0
        while seen < LEDGERS_MAX:
            async with self._catalog.begin() as tx:
                page = await tx.ledgers.page(KIND_PROJECT, after, PAGE)
            seen += len(page)
            shares += [
                (one.name, one.used_bytes / one.limit_bytes) for one in page if one.limit_bytes
            ]
            shares = sorted(shares, key=lambda share: (-share[1], share[0]))[:FULLEST]
            if len(page) < PAGE:
                break
            after = page[-1].name
            await self._clock.sleep(0)
        return tuple(shares)
