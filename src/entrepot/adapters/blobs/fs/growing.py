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
HELD_MAX_BYTES = 64 * 1024
"""So much of a new upload stays in memory until it must be durable: most blobs are configs, and
writing on the event loop may wait for the disk."""

Write = Callable[[memoryview], None]

_NO_FILE = -1


@dataclass(eq=False, slots=True)
class _Turn:
    """One append, with the file it has open, or `_NO_FILE`."""

    file: int


class GrowingFile:
    """Blocking; at most one thread at a time gets in. The file is open only during an append.

    The first bytes of a new upload are held in memory, and there is no file until they are too
    many or must be durable. `offset` counts whole views that are taken and, if there is one, in
    `hasher`; the first `_synced` of these bytes are durable. Bytes past `offset`, which only a
    failed write or sync can leave behind, are cut off at once or else before the next use.
    """

    __slots__ = (
        "_disk",
        "_gate",
        "_gone",
        "_held",
        "_is_dirty",
        "_synced",
        "_turn",
        "hasher",
        "named",
        "offset",
        "path",
    )

    def __init__(self, path: str, disk: Disk) -> None:
        self.path = path
        self.offset = 0
        self.hasher: Hasher | None = new_hasher(DEFAULT_ALGORITHM)
        self.named = False  # whether the file's name is durable
        self._disk = disk
        self._held: bytearray | None = bytearray()  # None once there is a file
        self._turn: _Turn | None = None
        self._synced = 0
        self._is_dirty = True
        self._gone = False
        self._gate = threading.Lock()

    @property
    def is_held(self) -> bool:
        """Whether nothing of it is on the disk, so that no call here would block."""
        return self._held is not None

    def found(self, size_bytes: int) -> None:
        """Take over a file that was there before; all of it and its name must be durable."""
        self.offset = self._synced = size_bytes
        self.named = True
        self._held = None
        self._is_dirty = False
        self.hasher = None

    def open(self) -> Write:
        """Begin an append: return what takes its views, until `finish` or `pause`.

        It appends a view whole or not at all. It raises FileNotFoundError after `forget`, and
        ValueError after the append's end: a thread may come late, for one that was cancelled.
        """
        with self._gate:
            self._turn = turn = _Turn(_NO_FILE if self.is_held else self._open())
        return partial(self._write, turn)

    def pause(self) -> None:
        """End the append: let no more writes in; what arrived need not be durable."""
        with self._gate:
            turn, self._turn = self._turn, None
            if turn is not None and turn.file != _NO_FILE:
                os.close(turn.file)

    def finish(self) -> None:
        """End the append: let no more writes in, make what arrived and its name durable."""
        with self._gate:
            turn, self._turn = self._turn, None
            if turn is None:
                return
            try:
                if not self._gone:
                    self._make(turn)
                    self._sync(Step.APPEND_SYNC, turn.file)
            finally:
                if turn.file != _NO_FILE:
                    os.close(turn.file)
            if not self.named and not self._gone:
                uploads, system = os.path.dirname(self.path), self._disk.system
                try:
                    self._disk.do(Step.APPEND_SYNC_UPLOADS, system.sync_directory, uploads)
                except OSError:
                    # Bytes whose file may be gone after a power cut are none that count.
                    self.offset, self._synced, self.hasher = 0, 0, None
                    raise
                self.named = True

    def place(self, target: str) -> None:
        """Make it all durable, rename it, and make the name durable too.

        Harmless if that was done before. Raises FileNotFoundError if it is neither here nor there.
        """
        with self._gate:
            shard = os.path.dirname(target)
            if self._is_there_already(target):
                self._disk.do(Step.COMMIT_SYNC_SHARD, self._disk.system.sync_directory, shard)
                return
            system = self._disk.system
            self._disk.do(Step.COMMIT_MAKE_SHARD, system.make_directory, shard)
            self._disk.do(Step.COMMIT_RENAME, system.rename, self.path, target)
            self._disk.do(Step.COMMIT_SYNC_SHARD, system.sync_directory, shard)

    def forget(self) -> None:
        """Remove the file. An append under way fails at its next view."""
        self._gone = True
        with self._gate:  # a thread may be making the file
            if not self.is_held:
                self._disk.do(Step.ABORT_REMOVE, self._disk.system.remove, self.path)

    def feed(self, hasher: Hasher, start: int, end: int) -> None:
        """Update `hasher` with the bytes from `start` to `end`."""
        if self._held is not None:
            hasher.update(memoryview(self._held)[start:end])
            return
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

    def _is_there_already(self, target: str) -> bool:
        """Make the bytes durable; whether they lie under the target's name, and only there."""
        turn = _Turn(_NO_FILE)
        try:
            if self.is_held:
                if self._gone:
                    raise FileNotFoundError(errno.ENOENT, "the upload was aborted", self.path)
                self._make(turn)
            else:
                turn.file = self._open()
            self._sync(Step.COMMIT_SYNC, turn.file)
        except FileNotFoundError:
            if os.path.isfile(target):
                return True
            raise
        finally:
            if turn.file != _NO_FILE:
                os.close(turn.file)
        return False

    def _write(self, turn: _Turn, view: memoryview) -> None:
        with self._gate:
            if self._gone:
                raise FileNotFoundError(errno.ENOENT, "the upload was aborted", self.path)
            if self._turn is not turn:
                raise ValueError("the append has ended")
            if self._held is not None and len(self._held) + len(view) <= HELD_MAX_BYTES:
                self._held += view
            else:
                self._make(turn)
                self._write_all(turn.file, view, self.offset)
            if self.hasher is not None:
                self.hasher.update(view)
            self.offset += len(view)

    def _make(self, turn: _Turn) -> None:
        """Make the file of what was held until now, unless that was done."""
        if self._held is None:
            return
        disk, held = self._disk, self._held
        try:
            turn.file = disk.do(Step.APPEND_CREATE, disk.system.create, self.path)
            self._write_all(turn.file, memoryview(held), 0)
        except OSError:
            # What was held is taken back: its client is told, and asks for the offset.
            self.offset, self.hasher, self._held = 0, new_hasher(DEFAULT_ALGORITHM), bytearray()
            if turn.file != _NO_FILE:
                os.close(turn.file)
                turn.file = _NO_FILE
            with contextlib.suppress(OSError):  # the next `create` removes it
                disk.system.remove(self.path)
            raise
        self._held = None

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

    def _write_all(self, file: int, view: memoryview, start: int) -> None:
        write = self._disk.system.write
        done = 0
        self._is_dirty = True
        try:
            while done < len(view):
                done += self._disk.do(Step.APPEND_WRITE, write, file, view[done:], start + done)
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
