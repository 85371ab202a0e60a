"""What one replica does for all, beside what is served: started where it is held."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from entrepot.adapters.holding import SoleHolder
from entrepot.adapters.logging import Log
from entrepot.services.duties import Duty
from entrepot.wiring.outside import Outside


def start_duty(
    name: str,
    work: Callable[[], Awaitable[None]],
    outside: Outside,
    log: Log,
    stack: contextlib.AsyncExitStack,
) -> None:
    """Do the work whenever this replica holds its name, until `stack` is left.

    `work` goes on until it is cancelled, and may be begun anew. Where there are no other replicas
    it begins at once.
    """
    holder = outside.storage.holder if outside.storage is not None else SoleHolder()
    is_shared = not isinstance(holder, SoleHolder)
    duty = Duty(name, work, holder=holder, clock=outside.clock, log=log, is_shared=is_shared)
    task = asyncio.ensure_future(duty.run())

    async def end() -> None:
        task.cancel()
        await asyncio.wait({task})

    stack.push_async_callback(end)
