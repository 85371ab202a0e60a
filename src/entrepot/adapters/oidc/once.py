"""A value from afar, asked for by one at a time and kept for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from entrepot.ports.identity import SourceFailed

T = TypeVar("T")

RETRY_SECONDS = 5.0
"""After a failure nobody is asked for so long; who comes meanwhile hears of the same one."""


class Kept(Generic[T]):
    """A value that is fetched when needed.

    It is fresh for `fresh_seconds`. An older one still serves while asking again fails, until it
    is `stale_seconds` old. `now` is the caller's; a clock that went back makes the value old.
    """

    def __init__(
        self,
        fetch: Callable[[float], Awaitable[T]],
        *,
        fresh_seconds: float,
        stale_seconds: float,
    ) -> None:
        self._fetch = fetch
        self._fresh_seconds = fresh_seconds
        self._stale_seconds = stale_seconds
        self._lock = asyncio.Lock()
        self._value: tuple[T, float] | None = None
        self._failure: tuple[SourceFailed, float] | None = None

    async def get(self, now: float, *, newer_than_seconds: float | None = None) -> T:
        """Return the value, not older than `newer_than_seconds` if that is given and can be had.

        Raises `SourceFailed`.
        """
        wanted = self._fresh_seconds if newer_than_seconds is None else newer_than_seconds
        found = self._within(now, wanted)
        if found is not None:
            return found
        async with self._lock:
            found = self._within(now, wanted)  # somebody else may have had it meanwhile
            return found if found is not None else await self._renew(now)

    async def _renew(self, now: float) -> T:
        if self._failure is not None and 0 <= now - self._failure[1] < RETRY_SECONDS:
            failure = self._failure[0]
        else:
            try:
                value = await self._fetch(now)
            except SourceFailed as error:
                self._failure = (error, now)
                failure = error
            else:
                self._value, self._failure = (value, now), None
                return value
        stale = self._within(now, self._stale_seconds)
        if stale is None:
            raise SourceFailed(str(failure)) from failure
        return stale

    def _within(self, now: float, seconds: float) -> T | None:
        if self._value is None or not 0 <= now - self._value[1] < seconds:
            return None
        return self._value[0]
