"""Names held by advisory locks of a session: gone with the connection."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from .connecting import HOLDING, PATIENCE_SECONDS, Raw, connect_again, drop, patiently, to_the_end
from .failing import failure_of, is_broken

BEAT_SECONDS = 5.0
"""How often the server is told that this process is alive; else it closes the session."""

SPACE = 0x656E
"""The first of the lock's two numbers; those of the writers are one number, another space."""
SCHEMA = "public"
"""Where catalogs are whose URL names no schema."""

_TAKE = "SELECT pg_try_advisory_lock($1, $2)"
_GIVE = "SELECT pg_advisory_unlock($1, $2)"


class _Held:
    """Keeps `ports.holding.Held`."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.lock: tuple[Raw, int] | None = None
        """Whose the server's lock is, and its number; until it is given there is none to lose."""

    async def lost(self) -> None:
        await self.gone.wait()


class PostgresHolder:
    """Keeps `ports.holding.Holder` on one connection, which all names of this process share."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._raw: Raw | None = None
        self._schema = SCHEMA
        self._turn = asyncio.Lock()
        self._held: dict[str, _Held] = {}
        self._beating: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[_Held]:
        if name in self._held:
            raise BlockingIOError(f"{name} is held by this process")
        held = self._held[name] = _Held()
        until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        try:
            is_taken = await patiently(
                lambda: self._take(name, held, until), patience_seconds=PATIENCE_SECONDS
            )
            if not is_taken:
                raise BlockingIOError(f"{name} is held by another process")
            yield held
        finally:
            if self._held.get(name) is held:
                del self._held[name]
            if held.lock is not None and not held.gone.is_set():
                await asyncio.shield(self._give(*held.lock))

    async def close(self) -> None:
        """Let go of everything."""
        if self._beating is not None:
            self._beating.cancel()
            with suppress(asyncio.CancelledError):
                await self._beating
        self._lose()

    async def _take(self, name: str, held: _Held, until: float) -> bool:
        async with asyncio.timeout_at(until):
            # Those before may each have waited for a server that says nothing.
            await self._turn.acquire()
        try:
            raw = await self._connected()
            number = _number(name, self._schema)
            try:
                is_taken = bool(await to_the_end(raw, raw.fetchval(_TAKE, SPACE, number)))
            except asyncio.CancelledError:
                # Perhaps it was given: `hold` gives it back. Others keep what they have.
                held.lock = raw, number
                raise
            except Exception as error:
                self._broke(raw, error)
                raise
            if raw.is_closed():
                raise ConnectionResetError("the connection broke as the name was given")
            if is_taken:
                held.lock = raw, number
            return is_taken
        finally:
            self._turn.release()

    async def _connected(self) -> Raw:
        """Return the connection, made anew if it is gone; what was held on it is lost then."""
        raw = self._raw
        if raw is None or raw.is_closed():
            self._lose()
            raw = await connect_again(self._url, HOLDING)
            try:
                # Locks are the database's, in which each schema may have a catalog of its own.
                self._schema = str(await raw.fetchval("SELECT current_schema()"))
            except BaseException:
                drop(raw)
                raise
            self._raw = raw
            raw.add_termination_listener(self._ended)
        if self._beating is None or self._beating.done():
            self._beating = asyncio.get_running_loop().create_task(self._beat())
        return raw

    async def _give(self, raw: Raw, number: int) -> None:
        async with self._turn:
            if raw is not self._raw:  # it went with its connection
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

    def _broke(self, raw: Raw, error: Exception) -> None:
        if is_broken(error) or failure_of(error):
            drop(raw)
            self._ended(raw)

    def _ended(self, raw: object) -> None:
        """Take note that a connection is gone; the driver calls this, too."""
        if raw is self._raw:
            self._lose()

    def _lose(self) -> None:
        """Tell all who hold a name that they do not any more."""
        if self._raw is not None:
            drop(self._raw)
            self._raw = None
        for name, held in list(self._held.items()):
            if held.lock is not None:
                held.gone.set()
                del self._held[name]


def _number(name: str, schema: str) -> int:
    whole = name if schema == SCHEMA else f"{schema}\n{name}"
    digest = hashlib.blake2b(whole.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big", signed=True)
