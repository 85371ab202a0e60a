"""What one replica does for all: whoever holds its name, until it is gone."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from entrepot.ports.catalog import Busy, CatalogFailed
from entrepot.ports.clock import Clock
from entrepot.ports.holding import Held, Holder

from .housekeeping import Log

AGAIN_SECONDS = 3.0
"""How soon another replica takes over what nobody holds any more."""


class Duty:
    """Work that one process of the fleet does at a time; which one does not matter.

    For a moment two may do it, when one was cut off and does not know yet: what it does has to bear
    that, by transactions that compare, or by being done at least once.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[None]],
        *,
        holder: Holder,
        clock: Clock,
        log: Log,
    ) -> None:
        self._name = name
        self._work = work
        self._holder = holder
        self._clock = clock
        self._log = log

    async def run(self) -> None:
        """Work while the name is held here, and try to get it while it is not; until cancelled."""
        while True:
            try:
                async with self._holder.hold(f"duty {self._name}") as held:
                    self._log.info("duty taken", duty=self._name)
                    await self._while(held)
            except BlockingIOError:
                pass
            except (Busy, CatalogFailed):
                self._log.exception("duty cannot be held", duty=self._name)
            await self._clock.sleep(AGAIN_SECONDS)

    async def _while(self, held: Held) -> None:
        work = asyncio.ensure_future(self._work())
        lost = asyncio.ensure_future(held.lost())
        async with AsyncExitStack() as stack:
            for task in (work, lost):
                stack.push_async_callback(_end, task)
            await asyncio.wait({work, lost}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                self._log.info("duty lost", duty=self._name)
            elif not work.cancelled() and (error := work.exception()) is not None:
                self._log.info("duty failed", duty=self._name, cause=repr(error))


async def _end(task: asyncio.Future[None]) -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    await asyncio.wait({task})
