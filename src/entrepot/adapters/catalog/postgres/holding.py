"""Names held by advisory locks of a session: gone with the connection."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from .connecting import HOLDING, Raw, connect, drop, patiently
from .failing import failure_of, is_broken

BEAT_SECONDS = 5.0
"""How often the server is told that this process is alive; else it closes the session."""

SPACE = 0x656E
"""The first of the lock's two numbers; those of the writers are one number, another space."""

_TAKE = "SELECT pg_try_advisory_lock($1, $2)"
_GIVE = "SELECT pg_advisory_unlock($1, $2)"


class _Held:
    """Keeps `ports.holding.Held`."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.is_taken = False
        """Whether the server has given it; until then there is nothing to lose."""

    async def lost(self) -> None:
        await self.gone.wait()


class PostgresHolder:
    """Keeps `ports.holding.Holder` on one connection, which all names of this process share."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._raw: Raw | None = None
        self._turn = asyncio.Lock()
        self._held: dict[int, _Held] = {}
        self._beating: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[_Held]:
        number = _number(name)
        if number in self._held:
            raise BlockingIOError(f"{name} is held by this process")
        held = self._held[number] = _Held()
        try:
            if not await patiently(lambda: self._take(number, held)):
                raise BlockingIOError(f"{name} is held by another process")
            yield held
        finally:
            if self._held.get(number) is held:
                del self._held[number]
            if held.is_taken and not held.gone.is_set():
                await asyncio.shield(self._give(number))

    async def close(self) -> None:
        """Let go of everything."""
        if self._beating is not None:
            self._beating.cancel()
            with suppress(asyncio.CancelledError):
                await self._beating
        self._lose()

    async def _take(self, number: int, held: _Held) -> bool:
        async with self._turn:
            raw = self._raw
            if raw is None or raw.is_closed():
                self._lose()
                raw = self._raw = await connect(self._url, HOLDING)
            if self._beating is None or self._beating.done():
                self._beating = asyncio.get_running_loop().create_task(self._beat())
            try:
                held.is_taken = bool(await raw.fetchval(_TAKE, SPACE, number))
            except BaseException as error:
                self._broke(raw, error)
                raise
            return held.is_taken

    async def _give(self, number: int) -> None:
        async with self._turn:
            raw = self._raw
            if raw is None:
                return
            try:
                await raw.fetchval(_GIVE, SPACE, number)
            except Exception as error:
                # It is let go of with the connection.
                self._broke(raw, error)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            async with self._turn:
                raw = self._raw
                if raw is None:
                    continue
                try:
                    await raw.execute("SELECT 1")
                except Exception as error:
                    # Those who hold something are told; whoever asks next connects again.
                    self._broke(raw, error)

    def _broke(self, raw: Raw, error: BaseException) -> None:
        if is_broken(error) or not isinstance(error, Exception) or failure_of(error):
            drop(raw)
            self._lose()

    def _lose(self) -> None:
        """Tell all who hold a name that they do not any more."""
        if self._raw is not None:
            drop(self._raw)
            self._raw = None
        for number, held in list(self._held.items()):
            if held.is_taken:
                held.gone.set()
                del self._held[number]


def _number(name: str) -> int:
    digest = hashlib.blake2b(name.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big", signed=True)
