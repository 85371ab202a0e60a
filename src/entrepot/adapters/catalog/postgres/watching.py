"""What was committed last, by any replica: asked once for all who want to know."""

import asyncio
from contextlib import suppress

from entrepot.ports.catalog import Busy, CatalogFailed

from .connecting import WATCHING, Raw
from .pooling import CLOSED, Pool, Reach

SNAPSHOT = "SELECT pg_current_snapshot()::text"
APART_SECONDS = 0.001
CROWD = 8
"""Once so many ask at once, looks are this far apart: each costs as much as three answers."""
LATE_SECONDS = 0.25
"""How old what `version` says may be."""


class Watch:
    """Numbers what the database shows: the same number, the same rows.

    Nothing is written for it. Two equal snapshots of a server see the same transactions; a new one
    may also come from another database of it, which does no harm. After a failover another server
    may give the same numbers to other transactions: so a new connection always has a new number.
    """

    def __init__(self, url: str, reach: Reach) -> None:
        self._pool = Pool(url, WATCHING, 1, reach)
        self._seen: tuple[Raw, str] | None = None
        self._number = 0
        self._asked: list[asyncio.Future[int]] = []
        """Who asked since the last look began."""
        self._looking: asyncio.Task[None] | None = None
        self._crowd = 0
        """How many the last look was for."""
        self._looked_at = 0.0
        self._rounds: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def number(self) -> int:
        """The number of the last look, at most `LATE_SECONDS` ago while the server answers."""
        return self._number

    async def latest(self) -> int:
        """Return the number of a look that began after the call. Raises `Busy`."""
        if self._closed:
            raise RuntimeError(CLOSED)
        loop = asyncio.get_running_loop()
        # One for each, as who is cancelled takes along what they wait for.
        asked: asyncio.Future[int] = loop.create_future()
        self._asked.append(asked)
        if self._looking is None:
            self._looking = loop.create_task(self._look())
        return await asked

    def start(self) -> None:
        """Look now and then, also if nobody asks."""
        self._rounds = asyncio.get_running_loop().create_task(self._go_round())

    async def close(self) -> None:
        self._closed = True
        for task in (self._rounds, self._looking):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        await self._pool.close()

    async def _look(self) -> None:
        """Look again and again until nobody waits."""
        try:
            while self._asked:
                await self._pause()
                asked, self._asked = self._asked, []
                await self._answer(asked)
        finally:
            self._looking = None
            _refuse(self._asked, RuntimeError(CLOSED))
            self._asked = []

    async def _pause(self) -> None:
        """Let more of them ask, if looks follow one upon the other."""
        left = self._looked_at + APART_SECONDS - asyncio.get_running_loop().time()
        if left > 0 and self._crowd >= CROWD:
            await asyncio.sleep(left)

    async def _answer(self, asked: list[asyncio.Future[int]]) -> None:
        self._crowd = len(asked)
        try:
            seen = await self._pool.run(_snapshot)
        except (Busy, CatalogFailed) as error:
            _refuse(asked, type(error)(str(error)))
            return
        except asyncio.CancelledError:
            # Whoever asked was not cancelled, and should not think so.
            _refuse(asked, RuntimeError(CLOSED))
            raise
        except BaseException as error:
            _refuse(asked, RuntimeError(f"the catalog cannot be watched: {error}"))
            raise
        if seen != self._seen:
            self._seen = seen
            self._number += 1
        self._looked_at = asyncio.get_running_loop().time()
        for each in asked:
            if not each.done():
                each.set_result(self._number)

    async def _go_round(self) -> None:
        while True:
            await asyncio.sleep(LATE_SECONDS)
            if asyncio.get_running_loop().time() - self._looked_at >= LATE_SECONDS:
                # Whoever has to know asks by himself, and is told; here it is asked again.
                with suppress(Exception):
                    await self.latest()


async def _snapshot(raw: Raw) -> tuple[Raw, str]:
    return raw, await raw.fetchval(SNAPSHOT)


def _refuse(asked: list[asyncio.Future[int]], error: Exception) -> None:
    for each in asked:
        if not each.done():
            each.set_exception(type(error)(str(error)))
