"""The cache's own threads, for calls on its disk."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from entrepot.adapters.blobs.fs.disk import Disk, ignore_step
from entrepot.adapters.blobs.fs.system import System

THREADS_MAX = 8

_T = TypeVar("_T")


class Threads:
    """Does blocking work; what nobody waits for, too."""

    def __init__(self, system: System) -> None:
        self._pool = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="cache")
        self.disk = Disk(system, self._offload, ignore_step)
        self._later: set[asyncio.Future[None]] = set()

    def later(self, work: Callable[[], None]) -> None:
        """Do it, and let nobody wait; it must not raise."""
        future = asyncio.ensure_future(self.disk.run(work))
        self._later.add(future)
        future.add_done_callback(self._later.discard)

    async def close(self) -> None:
        """Finish what is to be done."""
        while self._later:
            await asyncio.wait(self._later)
        await self.disk.close()
        self._pool.shutdown()

    def _offload(self, work: Callable[[], _T], /) -> "asyncio.Future[_T]":
        return asyncio.get_running_loop().run_in_executor(self._pool, work)
