"""Turns of several processes at the one place where SQLite lets somebody write."""

import asyncio
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from entrepot.ports.catalog import Busy

from .busy import PATIENCE_SECONDS, when_unlocked

PAUSE_MIN_SECONDS = 0.001
PAUSE_MAX_SECONDS = 0.004
"""A commit takes some milliseconds, and what is slept after its end is lost to all."""

Result = TypeVar("Result")


class Turnstile:
    """Whoever is in it is the next to write.

    SQLite's lock knows no order: a process that commits and begins again at once would find it free
    each time, and one that looks now and then hardly ever. To begin, a process must be in here, and
    stays until it has begun: who has just committed has to queue behind it.

    The lock is the process's, and gone with it; there must be one object for a file in a process.
    """

    def __init__(self, path: Path) -> None:
        """Open the lock file, made if need be; raises OSError."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    async def __call__(self, begin: Callable[[], Result]) -> Result:
        """Return what `begin` returns, tried until it finds no lock; at last `Busy`."""
        waited, pause = 0.0, PAUSE_MIN_SECONDS
        while not self._enter():
            if waited >= PATIENCE_SECONDS:
                raise Busy(
                    f"other processes have kept the catalog locked for {PATIENCE_SECONDS:g} seconds"
                )
            await asyncio.sleep(pause)
            waited += pause
            pause = min(2 * pause, PAUSE_MAX_SECONDS)
        try:
            return await when_unlocked(begin, pause_max_seconds=PAUSE_MAX_SECONDS)
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)

    def _enter(self) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # POSIX allows EACCES too
            return False
        return True

    def close(self) -> None:
        os.close(self._file)
