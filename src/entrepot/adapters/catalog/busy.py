"""Patience with a database that another process has locked."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import TypeVar

from entrepot.ports.catalog import Busy

from .failing import PRIMARY_CODE, failure_of

PATIENCE_SECONDS = 5.0
"""How long one statement waits for another process's lock."""

PAUSE_MIN_SECONDS = 0.001
PAUSE_MAX_SECONDS = 0.1

Result = TypeVar("Result")


def is_locked(error: sqlite3.DatabaseError) -> bool:
    """Whether another process's lock is all that is wrong."""
    return getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE == sqlite3.SQLITE_BUSY


async def when_unlocked(
    attempt: Callable[[], Result], *, pause_max_seconds: float = PAUSE_MAX_SECONDS
) -> Result:
    """Return what `attempt` returns, tried again while the database is locked; at last `Busy`.

    A failure of the medium is `CatalogFailed`.
    """
    waited, pause = 0.0, PAUSE_MIN_SECONDS
    while True:
        try:
            return attempt()
        except sqlite3.DatabaseError as error:
            failed = failure_of(error)
            if failed is not None:
                raise failed from error
            if not is_locked(error):
                raise
            if waited >= PATIENCE_SECONDS:
                raise Busy(
                    f"another process has kept the catalog locked for {PATIENCE_SECONDS:g} seconds"
                ) from error
        await asyncio.sleep(pause)
        # What was slept is counted, not measured: no clock is read, and a simulation repeats.
        waited += pause
        pause = min(2 * pause, pause_max_seconds)
