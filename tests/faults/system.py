"""System calls of which one fails, in every way that a disk fails."""

import errno
import os
from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from entrepot.adapters.blobs.fs.system import System

Result = TypeVar("Result")


class Killed(BaseException):
    """The end of a process; no `except` may see it as an error."""


class Kind(Enum):
    """What goes wrong at the chosen call, and whether it stays so."""

    FULL_ONCE = "full once"
    FULL = "full from then on"
    BROKEN_ONCE = "an I/O error once"
    BROKEN = "I/O errors from then on"
    READ_ONLY = "read-only from then on"
    LIED = "done, and then an I/O error"
    KILLED = "killed before"
    KILLED_AFTER = "killed after"
    TORN = "killed in the middle of a write"

    @property
    def kills(self) -> bool:
        return self in (Kind.KILLED, Kind.KILLED_AFTER, Kind.TORN)

    @property
    def stays(self) -> bool:
        return self in (Kind.FULL, Kind.BROKEN, Kind.READ_ONLY)


_ERRORS = {
    Kind.FULL_ONCE: errno.ENOSPC,
    Kind.FULL: errno.ENOSPC,
    Kind.BROKEN_ONCE: errno.EIO,
    Kind.BROKEN: errno.EIO,
    Kind.READ_ONLY: errno.EROFS,
    Kind.LIED: errno.EIO,
}


class FaultySystem(System):
    """Real calls, counted; writes are short, so that each takes several calls.

    The `at`th goes wrong as `kind` says. Reading calls know no disk that is full or read-only.
    """

    WRITE_MAX_BYTES = 20_000

    def __init__(self, kind: Kind | None = None, at: int = -1) -> None:
        self.calls = 0
        self._kind = kind
        self._at = at
        self._is_dead = False

    def fail(self, kind: Kind) -> None:
        """Let calls fail from now on."""
        self._kind, self._at = kind, self.calls

    def heal(self) -> None:
        """Let nothing fail from now on."""
        self._kind = None

    def _do(
        self, call: Callable[[], Result], *, reads: bool = False, opens: bool = False
    ) -> Result:
        number, kind = self.calls, self._kind
        self.calls += 1
        if self._is_dead:
            raise Killed
        if kind is None or number < self._at or (number > self._at and not kind.stays):
            return call()
        if kind.kills:
            self._is_dead = True
            if kind is Kind.KILLED_AFTER:
                call()
            raise Killed
        error = _ERRORS[kind]
        if reads and error != errno.EIO:
            return call()
        if kind is Kind.LIED and not opens:
            call()
        raise OSError(error, os.strerror(error))

    def create(self, path: str) -> int:
        return self._do(lambda: super(FaultySystem, self).create(path), opens=True)

    def open(self, path: str) -> int:
        return self._do(lambda: super(FaultySystem, self).open(path), opens=True)

    def open_to_read(self, path: str) -> int:
        return self._do(
            lambda: super(FaultySystem, self).open_to_read(path), reads=True, opens=True
        )

    def write(self, file: int, data: memoryview, offset: int) -> int:
        some = data[: self.WRITE_MAX_BYTES]
        if self._kind is Kind.TORN and self.calls == self._at:
            super().write(file, some[: len(some) // 2], offset)
        return self._do(lambda: super(FaultySystem, self).write(file, some, offset))

    def read(self, file: int, length: int, offset: int) -> bytes:
        return self._do(lambda: super(FaultySystem, self).read(file, length, offset), reads=True)

    def read_cached(self, file: int, length: int, offset: int) -> bytes | None:
        return None  # so that each reading can fail

    def truncate(self, file: int, length: int) -> None:
        self._do(lambda: super(FaultySystem, self).truncate(file, length))

    def sync(self, file: int) -> None:
        self._do(lambda: super(FaultySystem, self).sync(file))

    def sync_directory(self, path: str) -> None:
        self._do(lambda: super(FaultySystem, self).sync_directory(path))

    def make_directory(self, path: str) -> None:
        self._do(lambda: super(FaultySystem, self).make_directory(path))

    def rename(self, source: str, target: str) -> None:
        self._do(lambda: super(FaultySystem, self).rename(source, target))

    def remove(self, path: str) -> None:
        self._do(lambda: super(FaultySystem, self).remove(path))
