"""The job that lets go of audit lines that are older than they have to be kept."""

from typing import Any, Protocol

from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock

KIND = "audit-prune"
STEP = 256
"""Lines removed in one transaction."""
DAY_SECONDS = 86400.0


class Run(Protocol):
    """What a job's handler has, as far as it is needed here."""

    @property
    def progress(self) -> dict[str, Any]: ...
    async def save(self, tx: Tx, progress: dict[str, Any]) -> None: ...
    async def pause(self) -> None: ...


class AuditPruning:
    """Removes the oldest lines, step by step; 0 days keep all of them for ever."""

    def __init__(self, catalog: Catalog, clock: Clock, *, keep_days: float) -> None:
        self._catalog = catalog
        self._clock = clock
        self._keep_seconds = keep_days * DAY_SECONDS

    async def run(self, run: Run) -> None:
        """Do the job; its progress counts the lines."""
        removed = int(run.progress.get("removed", 0))
        while self._keep_seconds > 0:
            async with self._catalog.begin(write=True) as tx:
                count = await tx.audit.prune(self._clock.now() - self._keep_seconds, STEP)
                removed += count
                await run.save(tx, {"removed": removed})
            if count < STEP:
                return
            await run.pause()
