"""Connections that replicas read on: so many, shared in the order of asking."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from entrepot.ports.catalog import Busy

from .connecting import (
    CONNECT_SECONDS,
    PATIENCE_SECONDS,
    Purpose,
    Raw,
    connect_again,
    drop,
    patiently,
)
from .failing import is_broken

WAITING_MAX = 4096
"""Most readers that wait for a connection; further ones are `Busy` at once."""
WAITING_SECONDS = 15.0
"""And how long each of them does."""
AWAY_SECONDS = 0.5
"""How long is waited for a server for which somebody has waited in vain just now."""
CLOSED = "the catalog is closed"

Result = TypeVar("Result")


class Reach:
    """What the pools of one catalog know of its server, for one another."""

    def __init__(self) -> None:
        self.is_away = False
        """Whether the last one to wait for it did so in vain."""


class Pool:
    """Connections for single statements, which leave nothing behind them to reset."""

    def __init__(self, url: str, purpose: Purpose, connections_max: int, reach: Reach) -> None:
        self._url = url
        self._reach = reach
        self._purpose = purpose
        self._room = connections_max
        self._idle: list[Raw] = []
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closed = False

    async def run(self, work: Callable[[Raw], Awaitable[Result]]) -> Result:
        """Return what `work` returns, on another connection if the first one breaks.

        Raises `Busy` or `CatalogFailed`, or what `work` raises by mistake.
        """

        async def attempt() -> Result:
            async with self._one() as raw:
                return await work(raw)

        patience_seconds = AWAY_SECONDS if self._reach.is_away else PATIENCE_SECONDS
        try:
            result = await patiently(attempt, patience_seconds=patience_seconds)
        except Busy as error:
            self._reach.is_away = error.__cause__ is not None and is_broken(error.__cause__)
            raise
        self._reach.is_away = False
        return result

    async def close(self) -> None:
        """Close all that nobody uses, and each other one once it is given back."""
        self._closed = True
        while self._idle:
            await _goodbye(self._idle.pop())

    @asynccontextmanager
    async def _one(self) -> AsyncIterator[Raw]:
        await self._take()
        try:
            raw = self._rested() or await connect_again(self._url, self._purpose)
            try:
                yield raw
            except BaseException as error:
                # What was cancelled may still be running there.
                if is_broken(error) or not isinstance(error, Exception):
                    drop(raw)
                raise
            finally:
                self._put_back(raw)
        finally:
            self._give()

    def _rested(self) -> Raw | None:
        """Return one that is there and not known to be broken."""
        while self._idle:
            raw = self._idle.pop()
            if not raw.is_closed():
                return raw
        return None

    def _put_back(self, raw: Raw) -> None:
        if raw.is_closed():
            return
        if self._closed:
            drop(raw)
        else:
            self._idle.append(raw)

    async def _take(self) -> None:
        """Wait for room for one more, in the order of asking."""
        if self._room and not self._waiting and not self._closed:
            self._room -= 1
            return
        if self._closed:
            raise RuntimeError(CLOSED)
        await self._wait()

    async def _wait(self) -> None:
        if len(self._waiting) >= WAITING_MAX:
            raise Busy(f"{WAITING_MAX} statements wait for the catalog already")
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(WAITING_SECONDS):
                await turn
        except TimeoutError:
            self._decline(turn)
            raise Busy(
                f"all connections of this replica for {self._purpose.name} from the catalog were "
                f"in use for {WAITING_SECONDS:g} s"
            ) from None
        except BaseException:
            self._decline(turn)
            raise
        if self._closed:
            self._give()
            raise RuntimeError(CLOSED)

    def _decline(self, turn: asyncio.Future[None]) -> None:
        if turn.done() and not turn.cancelled():
            self._give()
        elif turn in self._waiting:
            self._waiting.remove(turn)

    def _give(self) -> None:
        """Hand the room of one to whoever waits the longest."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._room += 1


async def _goodbye(raw: Raw) -> None:
    try:
        await raw.close(timeout=CONNECT_SECONDS)
    except Exception:
        # It goes either way.
        drop(raw)
