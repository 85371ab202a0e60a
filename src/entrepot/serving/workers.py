"""The further processes of a server, seen from the first one."""

import asyncio
import signal
import sys
from collections.abc import Callable
from dataclasses import replace

import msgspec
from prometheus_client import CollectorRegistry

from entrepot.adapters.logging import Log
from entrepot.faces.manage.gathering import Family, count, together
from entrepot.faces.server import UNIX_MODE_PUBLIC, BoundSocket, Listener, bind, bind_beside, deal
from entrepot.ports.clock import Clock
from entrepot.settings import Settings

from .channel import Begin, Place, Use
from .keeper import Keeper

FIRST = "0"
"""The number of the first process, as a label."""
SLACK_SECONDS = 10.0
"""What a worker gets beyond its time to drain before it is killed."""


class Workers:
    """`server.workers` less one processes beside this one, from `start` to `close`.

    Where that is none, nothing happens here at all.
    """

    def __init__(
        self,
        settings: Settings,
        lock: int,
        *,
        clock: Clock,
        log: Log,
        own: Callable[[], CollectorRegistry],
        printed_keys: bytes = b"",
    ) -> None:
        """Bind the public addresses. `lock` is the data directory's; `own` what this one counts.

        `printed_keys` are master keys that no other process should ask for again.

        Raises ListenError.
        """
        self._settings = settings
        self._lock = lock
        self._own = own
        self._printed_keys = printed_keys
        listen = settings.server.listen if settings.server.workers > 1 else ()
        self._places = {each: _bind(each) for each in listen}
        self._keepers = [
            Keeper(number, self._more, self._begin, clock=clock, log=log, gather=self._gathering)
            for number in range(1, settings.server.workers)
        ]
        self._tasks: list[asyncio.Task[None]] = []
        self._is_stopping = False
        self._gathered: asyncio.Task[dict[str, list[Family]]] | None = None

    def among(self, listeners: list[Listener]) -> list[Listener]:
        """Return the listeners with the sockets that others have beside."""
        return [replace(each, bound=self._places.get(each.address, ())) for each in listeners]

    def start(self) -> None:
        """Start all; they get ready by and by."""
        self._tasks = [asyncio.create_task(keeper.run()) for keeper in self._keepers]

    def use(self, settings: Settings) -> None:
        """Have them take over settings that were read again."""
        self._settings = settings
        for keeper in self._keepers:
            keeper.send(Use(_theirs(settings)))

    def stop(self) -> None:
        """Let them drain and end; a second time, let them end at once."""
        self._is_stopping = True
        for keeper in self._keepers:
            keeper.stop()

    async def close(self) -> None:
        """Wait until all have ended, for as long as they may drain; then none is left."""
        if not self._keepers:
            return
        if not self._is_stopping:
            self.stop()
        for one in (one for bound in self._places.values() for one in bound):
            one.sock.close()
            one.remove()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        try:
            if self._tasks:
                seconds = self._settings.server.drain_seconds + SLACK_SECONDS
                await asyncio.wait(self._tasks, timeout=seconds)
        finally:
            for task in self._tasks:
                task.cancel()
            for keeper in self._keepers:
                await keeper.kill()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    async def gather(self) -> CollectorRegistry:
        """Return what all processes count."""
        return together(await self._gathering())

    def _gathering(self) -> "asyncio.Task[dict[str, list[Family]]]":
        """Who asks while it is under way shares what is found."""
        if self._gathered is None or self._gathered.done():
            self._gathered = asyncio.create_task(self._gather())
        return self._gathered

    async def _gather(self) -> dict[str, list[Family]]:
        counts = await asyncio.gather(*(keeper.count() for keeper in self._keepers))
        found = {FIRST: count(self._own())}
        for keeper, families in zip(self._keepers, counts, strict=True):
            if families is not None:
                found[str(keeper.number)] = families
        return found

    def _begin(self, number: int, places: dict[str, list[Place]]) -> Begin:
        return Begin(number, _theirs(self._settings), self._lock, places, self._printed_keys)

    def _more(self) -> dict[str, list[BoundSocket]]:
        return {address: [*map(_beside, bound)] for address, bound in self._places.items()}


def _theirs(settings: Settings) -> Settings:
    """Return the settings for a worker, without what it need not know."""
    return msgspec.structs.replace(
        settings, auth=msgspec.structs.replace(settings.auth, admin_password="")
    )


def _is_dealt(one: BoundSocket) -> bool:
    """Whether the kernel deals an address's connections out to several sockets."""
    return sys.platform == "linux" and one.path is None


def _bind(address: str) -> tuple[BoundSocket, ...]:
    bound = bind(address, unix_mode=UNIX_MODE_PUBLIC)
    return tuple(deal(one) if _is_dealt(one) else one for one in bound)


def _beside(one: BoundSocket) -> BoundSocket:
    """Return a socket of the same address for another process: of its own, or the same one."""
    if _is_dealt(one):
        return bind_beside(one)
    return BoundSocket(one.sock.dup(), one.address, one.path)
