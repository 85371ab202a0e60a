"""What one replica does for all: whoever holds its name, until it is gone."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Protocol

from entrepot.ports.catalog import Busy, CatalogFailed
from entrepot.ports.clock import Clock
from entrepot.ports.holding import Held, Holder

from .trouble import Trouble

AGAIN_SECONDS = 3.0
"""How soon another replica takes over what nobody holds any more."""


class Log(Protocol):
    """A structured logger, as far as it is needed here."""

    def debug(self, event: str, **facts: Any) -> Any: ...
    def info(self, event: str, **facts: Any) -> Any: ...
    def warning(self, event: str, **facts: Any) -> Any: ...


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
        is_shared: bool = True,
    ) -> None:
        """Where it is not `is_shared` there are no others, and who has it is not worth a line."""
        self._name = name
        self._work = work
        self._holder = holder
        self._clock = clock
        self._log = log
        self._tell = log.info if is_shared else log.debug
        self._away = Trouble(log, "duty cannot be held", "duty can be held again", duty=name)

    async def run(self) -> None:
        """Work while the name is held here, and try to get it while it is not; until cancelled."""
        while True:
            try:
                async with self._holder.hold(f"duty {self._name}") as held:
                    self._away.over()
                    self._tell("duty taken", duty=self._name)
                    await self._while(held)
            except BlockingIOError:
                self._away.over()
            except (Busy, CatalogFailed) as error:
                self._away.met(error)
            except Exception as error:
                # Whatever it is, it must not leave the duty to nobody for as long as this lives.
                self._log.warning("duty cannot be held", duty=self._name, exc_info=error)
            await self._clock.sleep(AGAIN_SECONDS)

    async def _while(self, held: Held) -> None:
        work = asyncio.ensure_future(self._work())
        lost = asyncio.ensure_future(held.lost())
        async with AsyncExitStack() as stack:
            for task in (work, lost):
                stack.push_async_callback(_end, task)
            await asyncio.wait({work, lost}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                self._tell("duty lost", duty=self._name)
            elif not work.cancelled() and (error := work.exception()) is not None:
                self._failed(error)

    def _failed(self, error: BaseException) -> None:
        """Tell why the work ended; of what is merely away it is said in a line."""
        if isinstance(error, Busy | CatalogFailed | OSError):
            cause = str(error) or type(error).__name__
            self._log.warning("duty failed", duty=self._name, cause=cause)
        else:
            self._log.warning("duty failed", duty=self._name, exc_info=error)


async def _end(task: asyncio.Future[None]) -> None:
    """Cancel a task and wait until it has ended, however."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # seen, so that the loop does not complain
