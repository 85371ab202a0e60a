"""Readings of what the cache has; where its disk fails, the store below goes on."""

import errno
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial

from entrepot.adapters.blobs._shared import PIECE_SIZE_BYTES
from entrepot.adapters.blobs.fs.reading import FsReading
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import FileSlice, Reading

from .fill import Fill, FillFailed, WrongBytes

Fallback = Callable[[Span], Awaitable[Reading]]
"""Opens a part of the blob elsewhere."""


class HitReading:
    """A span of a file of the cache."""

    def __init__(self, inner: FsReading, fallback: Fallback, failed: Callable[[], None]) -> None:
        """`failed` is called if the file cannot be read."""
        self._inner = inner
        self._fallback = fallback
        self._failed = failed
        self._slice: FileSlice | None = None

    @property
    def span(self) -> Span:
        return self._inner.span

    @property
    def file(self) -> FileSlice:
        if self._slice is None:
            self._slice = replace(self._inner.file, failed=self._failed)
        return self._slice

    async def chunks(self) -> AsyncIterator[bytes]:
        position, end = self.span.offset, self.span.offset + self.span.length
        try:
            async for piece in self._inner.chunks():
                yield piece
                position += len(piece)
        except OSError:
            self._failed()
        async for piece in _rest(self._fallback, position, end):
            yield piece

    def close(self) -> None:
        self._inner.close()


class FillReading:
    """A span of what a fetch brings; it goes on from the store below if the fetch ends early."""

    def __init__(
        self, fill: Fill, span: Span, fallback: Fallback, on_close: Callable[[Fill], None]
    ) -> None:
        self._fill = fill
        self._span = span
        self._fallback = fallback
        self._on_close = on_close
        self._is_open = True
        fill.followers += 1

    @property
    def span(self) -> Span:
        return self._span

    @property
    def file(self) -> FileSlice | None:
        return None

    async def chunks(self) -> AsyncIterator[bytes]:
        if not self._is_open:
            raise ValueError("the reading is closed")
        position, end = self._span.offset, self._span.offset + self._span.length
        share = None
        try:
            while position < end:
                readable = min(await self._fill.beyond(position), end)
                if share is None:
                    share = self._fill.share()
                length = min(PIECE_SIZE_BYTES, readable - position)
                read = partial(self._fill.disk.system.read, share.descriptor.file, length, position)
                piece = await self._fill.disk.run(read)
                if not piece:
                    raise FillFailed(errno.EIO, "the cache's file is too short")
                yield piece
                position += len(piece)
        except OSError as error:
            if isinstance(error.__cause__, WrongBytes):
                raise OSError(errno.EIO, str(error.__cause__)) from error
        finally:
            if share is not None:
                share.close()
        async for piece in _rest(self._fallback, position, end):
            yield piece

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._fill.followers -= 1
            self._fill.let_go()
            self._on_close(self._fill)


async def _rest(fallback: Fallback, position: int, end: int) -> AsyncIterator[bytes]:
    """Yield what is missing from `position` to `end`, if anything is."""
    if position >= end:
        return
    reading = await fallback(Span(position, end - position))
    try:
        async for piece in reading.chunks():
            yield piece
            position += len(piece)
    finally:
        reading.close()
    if position != end:
        raise OSError(errno.EIO, "the store below gave too few bytes")
