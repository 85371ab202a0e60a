"""Passes of the collector on the in-memory house."""

from collections.abc import Awaitable, Callable
from typing import Any

from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Blob
from entrepot.services.gc.job import GcService
from entrepot.services.gc.progress import Progress, Run, read
from entrepot.services.gc.rate import GcLimits
from sim.collector import SimRun
from tests.services.house import House

LONG = 100_000.0
"""Seconds after which every lease is over."""


class Stopped(Exception):
    """The process was killed between two steps."""


class HookedRun(SimRun):
    """A run that does something at each pause, or is killed there."""

    def __init__(
        self,
        memory: dict[str, Any],
        hook: Callable[["HookedRun"], Awaitable[None]] | None = None,
        **args: object,
    ) -> None:
        super().__init__(memory, **args)
        self._hook = hook

    async def pause(self) -> None:
        if self._hook is not None:
            await self._hook(self)

    @property
    def done(self) -> Progress:
        return read(self.progress)


async def collect(house: House, run: Run | None = None, **limits: float) -> Progress:
    """Do a whole pass; return what it came to."""
    run = run or SimRun({})
    service = GcService(house.catalog, house.store, house.clock, limits=GcLimits(**limits))
    await service.run(run)
    return read(run.progress)


def stored(house: House) -> set[Digest]:
    """Return the digests that have bytes."""
    return {name.digest for name in house.disk.files if isinstance(name, Blob)}
