"""An event loop without sockets or wall time: waiting makes time jump."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

Result = TypeVar("Result")

EPOCH = 1_800_000_000.0
"""Where simulated time starts, in seconds since the Unix epoch."""


class Deadlock(AssertionError):
    """Every task waits and no timer is set."""


class SimLoop(asyncio.BaseEventLoop):
    """Runs tasks in an order, and at times, that depend on the seed alone."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.random = random.Random(seed)
        self._now = 0.0
        # BaseEventLoop asks its selector to wait; we answer by moving the clock.
        self._selector = self

    def time(self) -> float:
        return self._now

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise Deadlock("every task waits and no timer is set")
        self._now += max(0.0, timeout)
        return []

    def _process_events(self, event_list: list[Any]) -> None:
        """Nothing ever comes from outside."""

    def _write_to_self(self) -> None:
        """There is nobody to wake."""


def simulate(seed: int, main: Callable[[SimLoop], Awaitable[Result]]) -> Result:
    """Run `main` to its end under a fresh loop and return what it returns."""
    loop = SimLoop(seed)
    try:
        return loop.run_until_complete(_as_coroutine(main(loop)))
    finally:
        pending = asyncio.all_tasks(loop)
        for task in pending:
            task.cancel()
        if pending:
            loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _as_coroutine(awaitable: Awaitable[Result]) -> Result:
    return await awaitable


class SimClock:
    """The services' clock on simulated time."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        return EPOCH + self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class SimRandom:
    """The services' chance, decided by the seed."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop

    def token(self) -> str:
        return f"{self._loop.random.getrandbits(128):032x}"
