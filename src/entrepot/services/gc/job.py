"""The job `gc`: one pass of the collector, from wherever the last process left it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

from entrepot.ports.blobs import BlobStore
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock

from .preview import Preview
from .progress import Phase, Progress, Run, read, write
from .rate import GcLimits
from .steps import Steps

SAVED_STEPS = 16
"""Steps that may be done again after a crash, when they changed nothing."""

Step = Callable[[Run, Progress], Awaitable[Progress]]


class GcService:
    """Passes of the collector. Several at once do no harm, nor does anything else meanwhile."""

    def __init__(
        self,
        catalog: Catalog,
        store: BlobStore,
        clock: Clock,
        *,
        limits: GcLimits | None = None,
    ) -> None:
        self._catalog = catalog
        self._store = store
        self._clock = clock
        self._limits = limits or GcLimits()

    async def run(self, run: Run) -> None:
        """Do one pass, or with `dry_run` in its arguments say what one would do."""
        if run.args.get("dry_run"):
            await Preview(self._catalog, self._store, self._clock).run(run)
        else:
            await self._pass(run)

    async def _pass(self, run: Run) -> None:
        steps = Steps(self._catalog, self._store, self._clock, self._limits)
        by_phase: dict[Phase, Step] = {
            Phase.CONDEMN: steps.condemn,
            Phase.LINKS: steps.links,
            Phase.SWEEP: steps.sweep,
            Phase.DEBRIS: steps.debris,
            Phase.PRUNE: steps.prune,
        }
        progress = read(run.progress)
        if not progress.started_at:
            progress = replace(progress, started_at=self._clock.now())
        count = 0
        while progress.phase is not Phase.DONE:
            phase, count = progress.phase, count + 1
            progress = await by_phase[phase](run, progress)
            if progress.phase is not phase or count % SAVED_STEPS == 0:
                async with self._catalog.begin(write=True, durable=False) as tx:
                    await run.save(tx, write(progress))
            await run.pause()
        await run.log(_summary(progress))


def _summary(progress: Progress) -> str:
    text = (
        f"{progress.looked} blobs looked at; {progress.blobs} removed ({progress.blobs_bytes} "
        f"bytes) and {progress.debris} crash leftovers ({progress.debris_bytes} bytes); "
        f"{progress.links} links dropped"
    )
    if progress.waiting:
        until = datetime.fromtimestamp(progress.waiting_until, UTC).isoformat(timespec="minutes")
        text += (
            f"; {progress.waiting} more ({progress.waiting_bytes} bytes) go once clients that were "
            f"told of them cannot rely on them any more, all by {until}"
        )
    return f"{text}; {progress.failed} deletes failed" if progress.failed else text
