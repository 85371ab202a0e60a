"""The file of an upload: it grows view by view, and knows what of it is durable."""

import contextlib
import errno
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from entrepot.oci.digest import DEFAULT_ALGORITHM, Hasher, new_hasher

from .disk import Disk, Step

REHASH_PIECE_BYTES = 1024 * 1024

Write = Callable[[memoryview], None]


@dataclass(eq=False, frozen=True, slots=True)
class _Turn:
    """One append, with the file it has open."""

    file: int


class GrowingFile:
    """Blocking; at most one thread at a time gets in. The file is open only during an append.

    `offset` counts whole views that are in the file and, if there is one, in `hasher`; the first
    `_synced` of these bytes are durable. Bytes past `offset`, which only a failed write or sync
    can leave behind, are cut off at once or else before the next use.
    """

    __slots__ = (
        "_disk",
        "_gate",
        "_gone",
        "_is_dirty",
        "_synced",
        "_turn",
        "hasher",
        "offset",
        "path",
    )

    def __init__(self, path: str, disk: Disk) -> None:
        self.path = path
        self.offset = 0
        self.hasher: Hasher | None = new_hasher(DEFAULT_ALGORITHM)
        self._disk = disk
        self._turn: _Turn | None = None
        self._synced = 0
        self._is_dirty = True
        self._gone = False
        self._gate = threading.Lock()

    def found(self, size_bytes: int) -> None:
        """Take over a file that was there before; all of it must be durable."""
        self.offset = self._synced = size_bytes
        self._is_dirty = False
        self.hasher = None

    def open(self) -> Write:
        """Begin an append: return what takes its views, until `finish`.

        It appends a view whole or not at all. It raises FileNotFoundError after `forget`, and
        ValueError after `finish`: a thread may come late, for an append that was cancelled.
        """
        with self._gate:
            self._turn = turn = _Turn(self._open())
        return partial(self._write, turn)

    def finish(self) -> None:
        """End the append: let no more writes in, make what arrived durable."""
        with self._gate:
            turn, self._turn = self._turn, None
            if turn is None:
                return
            try:
                if not self._gone:
                    self._sync(Step.APPEND_SYNC, turn.file)
            finally:
                os.close(turn.file)

    def place(self, target: str) -> None:
        """Make it all durable and rename it; harmless if that was done before.

        Raises FileNotFoundError if it is neither here nor there.
        """
        with self._gate:
            try:
                file = self._open()
            except FileNotFoundError:
                if os.path.isfile(target):
                    return
                raise
            try:
                self._sync(Step.COMMIT_SYNC, file)
            finally:
                os.close(file)
            system = self._disk.system
            self._disk.do(Step.COMMIT_MAKE_SHARD, system.make_directory, os.path.dirname(target))
            self._disk.do(Step.COMMIT_RENAME, system.rename, self.path, target)

    def forget(self) -> None:
        """Remove the file. An append under way fails at its next view."""
        self._gone = True
        self._disk.do(Step.ABORT_REMOVE, self._disk.system.remove, self.path)

    def feed(self, hasher: Hasher, start: int, end: int) -> None:
        """Update `hasher` with the bytes from `start` to `end`."""
        system = self._disk.system
        file = system.open_to_read(self.path)
        try:
            while start < end:
                piece = system.read(file, min(REHASH_PIECE_BYTES, end - start), start)
                if not piece:
                    raise OSError(errno.EIO, "the upload's file is too short", self.path)
                hasher.update(piece)
                start += len(piece)
        finally:
            os.close(file)

    def _write(self, turn: _Turn, view: memoryview) -> None:
        with self._gate:
            if self._gone:
                raise FileNotFoundError(errno.ENOENT, "the upload was aborted", self.path)
            if self._turn is not turn:
                raise ValueError("the append has ended")
            self._write_all(turn.file, view)
            if self.hasher is not None:
                self.hasher.update(view)
            self.offset += len(view)

    def _open(self) -> int:
        file = self._disk.system.open(self.path)
        try:
            if os.fstat(file).st_size != self.offset:
                self._is_dirty = True
                self._disk.system.truncate(file, self.offset)
        except OSError:
            os.close(file)
            raise
        return file

    def _write_all(self, file: int, view: memoryview) -> None:
        write = self._disk.system.write
        done = 0
        self._is_dirty = True
        try:
            while done < len(view):
                position = self.offset + done
                done += self._disk.do(Step.APPEND_WRITE, write, file, view[done:], position)
        except OSError:
            self._cut(file)
            raise

    def _sync(self, step: Step, file: int) -> None:
        if not self._is_dirty:
            return
        try:
            self._disk.do(step, self._disk.system.sync, file)
        except OSError:
            # The kernel may have dropped the pages that it could not write, and tells that once.
            self.offset = self._synced
            self.hasher = None
            self._cut(file)
            raise
        self._synced = self.offset
        self._is_dirty = False

    def _cut(self, file: int) -> None:
        with contextlib.suppress(OSError):  # the next `_open` tries again
            self._disk.system.truncate(file, self.offset)
