"""The bytes of an upload under way, once more."""

import os
import threading
from contextlib import suppress

from .shelf import Shelf

HELD_MAX_BYTES = 64 * 1024
"""So much of a copy stays in memory until the commit: most blobs are configs."""


class Budget:
    """Bytes that copies may take together, counted from threads."""

    def __init__(self, most_bytes: int) -> None:
        self._left = most_bytes
        self._gate = threading.Lock()

    def take(self, size: int) -> bool:
        with self._gate:
            if size > self._left:
                return False
            self._left -= size
            return True

    def give(self, size: int) -> None:
        with self._gate:
            self._left += size


class Copy:
    """The bytes of one upload so far, in memory or in a file that is not placed yet."""

    def __init__(self, shelf: Shelf, budget: Budget) -> None:
        self.size = 0
        self.path = ""
        self.is_good = True
        self._shelf = shelf
        self._budget = budget
        self._held = bytearray()
        self._file = -1
        self._gate = threading.Lock()

    def take(self, view: memoryview) -> None:
        """Add bytes that the store below has taken; a failure ends the copy. Blocking."""
        with self._gate:
            if not self.is_good:
                return
            if not self._budget.take(len(view)):
                self._end()
                return
            self.size += len(view)
            if self._file < 0 and len(self._held) + len(view) <= HELD_MAX_BYTES:
                self._held += view
                return
            try:
                self._spill()
                self._write(view)
            except OSError:
                self._end()

    def finish(self) -> bool:
        """Let all of it be in the file, and close that; False if the copy has ended. Blocking."""
        with self._gate:
            if self.is_good:
                try:
                    self._spill()
                except OSError:
                    self._end()
            self._close()
            self._budget.give(self.size)
            was_good, self.is_good, self.size = self.is_good, False, 0
            return was_good

    def end(self) -> None:
        """Forget it. Blocking, for a file is removed."""
        with self._gate:
            if self.is_good:
                self._end()

    def _end(self) -> None:
        self.is_good = False
        self._held.clear()
        self._close()
        if self.path:
            self._shelf.remove(self.path)
        self._budget.give(self.size)
        self.size = 0

    def _spill(self) -> None:
        if self._file < 0:
            self._file, self.path = self._shelf.create()
            held, self._held = self._held, bytearray()
            self._put(memoryview(held), 0)

    def _write(self, view: memoryview) -> None:
        self._put(view, self.size - len(view))

    def _put(self, view: memoryview, position: int) -> None:
        while view:
            count = self._shelf.system.write(self._file, view, position)
            position, view = position + count, view[count:]

    def _close(self) -> None:
        if self._file >= 0:
            with suppress(OSError):
                os.close(self._file)
            self._file = -1
