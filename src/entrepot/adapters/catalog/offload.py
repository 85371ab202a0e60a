"""Where blocking work runs, so that a simulation can rule it."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

Result = TypeVar("Result")


class Offload(Protocol):
    """Runs `work` to its end, one at a time, and returns what it returns."""

    def __call__(self, work: Callable[[], Result], /) -> Awaitable[Result]: ...


class OneThread:
    """Runs blocking work in a thread of its own."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="catalog")

    async def __call__(self, work: Callable[[], Result], /) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Wait for the work under way and end the thread."""
        self._pool.shutdown()


async def inline(work: Callable[[], Result], /) -> Result:
    """Run `work` here, for work that does not block."""
    return work()
