"""A client of other registries that is loaded when the first one is asked."""

import asyncio

from entrepot.ports.remotes import Login, Reached, RemoteRegistry


class LateRegistry:
    """`ports.remotes.RemoteRegistry` that costs no start-up time while there is no other one."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._made: RemoteRegistry | None = None

    async def ping(self, login: Login) -> Reached:
        """See the port."""
        registry = self._made or await self._load()
        return await registry.ping(login)

    async def _load(self) -> RemoteRegistry:
        async with self._lock:
            if self._made is None:
                # In a thread: a third of a second in which others are to be served.
                self._made = await asyncio.to_thread(_registry)
            return self._made


def _registry() -> RemoteRegistry:
    from .client import HttpRegistry

    return HttpRegistry()
