"""One fetch from below into a file of the cache."""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable
from functools import partial

from entrepot.adapters.blobs.fs.disk import Disk
from entrepot.adapters.blobs.fs.reading import Descriptor, Share
from entrepot.oci.digest import finished, new_hasher
from entrepot.ports.blobs import Blob, Reading

from .shelf import Shelf

BATCH_BYTES = 1024 * 1024
"""Hashed and written at once; a thread is asked for each, as for 4 pieces."""
STALL_SECONDS = 60.0
"""A fetch that gets nothing for so long ends; who follows it asks below again."""
NEAR_BYTES = 8 * 1024 * 1024
"""A reading that begins no further ahead of a fetch waits for it, rather than ask below."""
ABANDONED_MAX_BYTES = 64 * 1024 * 1024
"""A fetch that nobody follows any more goes on if no more than this, or than half, is missing."""


class WrongBytes(OSError):
    """What came from below is not what the digest says."""


class LocalTrouble(Exception):
    """The cache's own disk failed; the cause is the OSError."""


class Fill:
    """Fetches a blob at the pace of the store below, whoever follows.

    Its bytes lie in a file, so a slow reader holds neither the fetch nor memory. The last byte is
    given to nobody before the digest is seen to be right.
    """

    def __init__(
        self, blob: Blob, source: Reading, shelf: Shelf, disk: Disk, evicted: tuple[str, ...]
    ) -> None:
        """`evicted` are files to be removed first, for room."""
        self.blob = blob
        self.evicted = evicted
        """Those that are there still."""
        self.size = source.span.length
        self.position = 0
        self.is_wanted = True
        """Whether the blob is still to be kept; not if it was deleted meanwhile."""
        self.is_done = False
        self.error: BaseException | None = None
        self.disk = disk
        self.followers = 0
        self._source = source
        self._shelf = shelf
        self._hasher = new_hasher(blob.digest.algorithm)
        self._descriptor: Descriptor | None = None
        self._share: Share | None = None
        self._path = ""
        self._moved = asyncio.Event()

    async def run(self) -> None:
        """Fetch all; the file has its name then, if `is_wanted`.

        Raises WrongBytes, LocalTrouble or what the store below raised; followers have been told.
        """
        try:
            await self._fetch(await self._local(self._prepare))
            await self._local(self._finish)
            self.is_done = True
        except BaseException as error:
            self.error = error
            await self.disk.run(partial(self._shelf.remove, self._path))
            raise

    def end(self) -> None:
        """Let go of the store below, and tell who follows, when `run` is over or never began."""
        if not self.is_done and self.error is None:
            self.error = asyncio.CancelledError()
        self._source.close()
        self._tell()
        self.let_go()

    @property
    def is_over(self) -> bool:
        return self.is_done or self.error is not None

    def let_go(self) -> None:
        """Close the file if nobody needs it any more."""
        if self._share is not None and self.is_over and not self.followers:
            self._share.close()
            self._share = None

    def share(self) -> Share:
        """Return a part in the file that is being written, once there is something in it."""
        if self._descriptor is None or self._descriptor.file < 0:
            raise FillFailed(errno.EIO, "the cache's file is closed")
        return self._descriptor.share()

    def is_near(self, offset: int) -> bool:
        """Whether a reading from there on should follow, as things stand."""
        return self.error is None and offset <= self.position + NEAR_BYTES

    @property
    def is_worth_it(self) -> bool:
        """Whether it should go on when nobody follows."""
        left = self.size - self.position
        return left <= max(ABANDONED_MAX_BYTES, self.size // 2)

    async def beyond(self, position: int) -> int:
        """Wait until there is more than `position`; return up to where may be read.

        Raises what ended the fetch, if that was before.
        """
        while True:
            moved = self._moved
            readable = self.size if self.is_done else min(self.position, self.size - 1)
            if readable > position:
                return readable
            if self.error is not None:
                raise FillFailed from self.error
            await moved.wait()

    async def _fetch(self, file: int) -> None:
        pieces: list[bytes] = []
        held = 0
        chunks = self._source.chunks()
        while (piece := await _next(chunks)) is not None:
            pieces.append(piece)
            held += len(piece)
            # At first in small steps, so that who follows need not wait.
            if held >= min(BATCH_BYTES, self.position + 1):
                await self._take(file, pieces)
                pieces, held = [], 0
        if pieces:
            await self._take(file, pieces)
        if self.position != self.size:
            raise OSError(errno.EIO, f"{self.position} of {self.size} bytes came", self.blob.digest)

    async def _take(self, file: int, pieces: list[bytes]) -> None:
        self.position = await self._local(partial(self._write, file, pieces, self.position))
        self._tell()

    async def _local(self, work: Callable[[], int]) -> int:
        try:
            return await self.disk.run(work)
        except WrongBytes:
            raise
        except OSError as error:
            raise LocalTrouble from error

    def _prepare(self) -> int:
        self._shelf.remove(*self.evicted)
        self.evicted = ()
        file, self._path = self._shelf.create()
        self._descriptor = Descriptor(file)
        self._share = self._descriptor.share()
        return file

    def _write(self, file: int, pieces: list[bytes], position: int) -> int:
        for piece in pieces:
            if position + len(piece) > self.size:
                raise WrongBytes(errno.EIO, "more bytes came than there are", self.blob.digest)
            self._hasher.update(piece)
            view = memoryview(piece)
            while view:
                count = self._shelf.system.write(file, view, position)
                position, view = position + count, view[count:]
        return position

    def _finish(self) -> int:
        actual = finished(self._hasher, self.blob.digest.algorithm)
        if actual != self.blob.digest:
            raise WrongBytes(errno.EIO, f"the bytes have digest {actual}", self.blob.digest)
        if self.is_wanted:
            self._shelf.place(self._path, self.blob)
        else:
            self._shelf.remove(self._path)
        return self.size

    def _tell(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()


async def _next(chunks: AsyncIterator[bytes]) -> bytes | None:
    """Return the next piece, None at the end; TimeoutError if none comes."""
    async with asyncio.timeout(STALL_SECONDS):
        return await anext(chunks, None)


class FillFailed(OSError):
    """A fetch ended before its end; the cause is why."""
