"""An open blob: one descriptor, shared by the reading and whoever sends the file."""

import errno
import os
from collections.abc import AsyncIterator
from functools import partial

from entrepot.adapters.blobs._shared import PIECE_SIZE_BYTES
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import FileSlice

from .disk import Disk

SMALL_SIZE_BYTES = 64 * 1024
"""What is no larger is copied on the event loop if it is in memory, in some 10 microseconds."""


class Descriptor:
    """An open file that is closed when its last share is, or when all shares are dropped."""

    __slots__ = ("_shares", "file")

    def __init__(self, file: int) -> None:
        self.file = file
        self._shares = 0

    def share(self) -> "Share":
        self._shares += 1
        return Share(self)

    def release(self) -> None:
        self._shares -= 1
        if self._shares == 0:
            file, self.file = self.file, -1
            os.close(file)

    def __del__(self) -> None:
        if self.file >= 0:
            os.close(self.file)


class Share:
    """One holder's part in a descriptor."""

    __slots__ = ("descriptor", "is_open")

    def __init__(self, descriptor: Descriptor) -> None:
        self.descriptor = descriptor
        self.is_open = True

    def close(self) -> None:
        """Give the part back; harmless the second time."""
        if self.is_open:
            self.is_open = False
            self.descriptor.release()


class FsReading:
    """A blob's bytes, there until it is closed even if the blob is deleted meanwhile.

    `file` holds the descriptor on its own: the slice may be sent and closed after the reading
    was, or before. Asked for again it is the same slice. Dropped without a close it leaks nothing.
    """

    __slots__ = ("_disk", "_share", "_slice", "_span")

    def __init__(self, descriptor: Descriptor, span: Span, disk: Disk) -> None:
        self._share = descriptor.share()
        self._span = span
        self._disk = disk
        self._slice: FileSlice | None = None

    @property
    def span(self) -> Span:
        return self._span

    @property
    def file(self) -> FileSlice:
        if self._slice is None:
            share = self._new_share()
            self._slice = FileSlice(share.descriptor.file, self._span, share.close)
        return self._slice

    async def chunks(self) -> AsyncIterator[bytes]:
        share = self._new_share()
        try:
            file = share.descriptor.file
            position, end = self._span.offset, self._span.offset + self._span.length
            while position < end:
                length = min(PIECE_SIZE_BYTES, end - position)
                piece = None
                if length <= SMALL_SIZE_BYTES:
                    piece = self._disk.system.read_cached(file, length, position)
                if piece is None:
                    piece = await self._disk.run(
                        partial(self._disk.system.read, file, length, position)
                    )
                if not piece:
                    raise OSError(errno.EIO, "the blob's file is too short")
                yield piece
                position += len(piece)
        finally:
            share.close()

    def close(self) -> None:
        self._share.close()

    def _new_share(self) -> Share:
        if not self._share.is_open:
            raise ValueError("the reading is closed")
        return self._share.descriptor.share()
