"""Names held by a process that has its data directory for itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class _Kept:
    """Keeps `ports.holding.Held`; it is never lost."""

    async def lost(self) -> None:
        await asyncio.get_running_loop().create_future()


class SoleHolder:
    """Keeps `ports.holding.Holder` within one process."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[_Kept]:
        if name in self._names:
            raise BlockingIOError(f"{name} is held by this process")
        self._names.add(name)
        try:
            yield _Kept()
        finally:
            self._names.discard(name)
