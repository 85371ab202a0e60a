"""Work beside what is served, which goes on whatever happens to it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from entrepot.adapters.logging import Log

AGAIN_SECONDS = 3.0
"""How soon work that a mistake has ended is begun anew."""


def start_beside(
    name: str,
    work: Callable[[], Awaitable[None]],
    log: Log,
    stack: contextlib.AsyncExitStack,
) -> None:
    """Do the work until it returns, or `stack` is left.

    What is merely away it bears by itself; what else it raises is told with a traceback.
    """

    async def run() -> None:
        while True:
            try:
                return await work()
            except Exception:
                # Nobody waits for it: it would be missed for as long as this process lives.
                log.exception("work beside the server failed", work=name)
            await asyncio.sleep(AGAIN_SECONDS)

    stack.callback(asyncio.ensure_future(run()).cancel)
