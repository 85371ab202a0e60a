"""Objects of big blobs that are being written."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from .bucket import Bucket, waits
from .errors import StoreFailed
from .records import Part

PART_MIN_BYTES = 5 << 20
"""The least that S3 takes as a part, but for the last; blobs that are smaller are one object."""
PARTS_MAX = 10_000
"""The most parts of an S3 object."""
ROLL_PARTS = 5000
"""A segment that has so many is ended before the next append, so that no upload runs out of
parts."""
_LEAST_SIZES = ((5000, 192 << 20), (2600, 32 << 20))
"""After how many parts the next are of so many bytes at least: 8 MiB up to 20 GiB, and 1 TiB is
fewer than `PARTS_MAX`."""


def size_of_part(base_bytes: int, parts: int) -> int:
    """Return the size of the part that comes after so many."""
    for begin, least in _LEAST_SIZES:
        if parts >= begin:
            return max(base_bytes, least)
    return base_bytes


class MultipartGone(FileNotFoundError):
    """The upload was completed or aborted, here or elsewhere."""


@dataclass(frozen=True, slots=True)
class OpenMultipart:
    """A multipart upload that is under way."""

    key: str
    id: str
    begun_at: datetime


class Multiparts(Protocol):
    """Multipart uploads by their ids. Errors are OSError."""

    async def create(self, key: str) -> str:
        """Begin one that becomes the object `key`; return its id."""
        ...

    async def put(self, key: str, upload_id: str, number: int, data: bytes | bytearray) -> str:
        """Store a part, numbered from 1; return its ETag. Harmless when repeated.

        Raises `MultipartGone` if there is no such upload any more.
        """
        ...

    async def complete(self, key: str, upload_id: str, parts: Sequence[Part]) -> None:
        """Make the parts one object.

        Raises `MultipartGone` if that was done before, perhaps by this call: look for the object.
        """
        ...

    async def abort(self, key: str, upload_id: str) -> None:
        """Forget its parts; harmless when it is gone."""
        ...

    def under_way(self, prefix: str) -> AsyncIterator[OpenMultipart]:
        """Yield those whose keys are below `prefix/`."""
        ...


class Segment(Protocol):
    """One object that takes parts. Errors are OSError."""

    keeps: bool
    """Whether parts that were added outlive the process before `seal`."""

    @property
    def count(self) -> int:
        """How many parts were added, or are being added."""
        ...

    @property
    def size_bytes(self) -> int:
        """The size of all parts that were added."""
        ...

    async def add(self, number: int, data: bytearray) -> None:
        """Store a part, numbered from 1; in parallel with others, begun in order."""
        ...

    async def seal(self) -> None:
        """Make it an object that can be read, of just these parts. Harmless when repeated."""
        ...

    async def drop(self) -> None:
        """Forget it, as far as it is no object yet."""
        ...


class PartsSegment:
    """An object of S3, by a multipart upload that outlives this process."""

    keeps = True

    def __init__(
        self,
        bucket: Bucket,
        multiparts: Multiparts,
        key: str,
        multipart: str = "",
        parts: tuple[Part, ...] = (),
    ) -> None:
        self.multipart = multipart
        self._bucket = bucket
        self._multiparts = multiparts
        self._key = key
        self._parts = dict(enumerate(parts, 1))
        self._count = len(parts)
        self._beginning = asyncio.Lock()
        self._is_sealed = False

    @property
    def count(self) -> int:
        return self._count

    @property
    def size_bytes(self) -> int:
        return sum(part.size_bytes for part in self._parts.values())

    @property
    def parts(self) -> tuple[Part, ...]:
        """What is stored, in order."""
        return tuple(self._parts[number] for number in sorted(self._parts))

    async def add(self, number: int, data: bytearray) -> None:
        if number > PARTS_MAX:
            raise StoreFailed(
                f"the blob has more than {PARTS_MAX} parts: raise objects.part_size_bytes"
            )
        self._count = max(self._count, number)
        async with self._beginning:
            if not self.multipart:
                self.multipart = await self._multiparts.create(self._key)
        etag = await self._multiparts.put(self._key, self.multipart, number, data)
        self._parts[number] = Part(etag, len(data))

    async def seal(self) -> None:
        if self._is_sealed:
            return
        if sorted(self._parts) != list(range(1, self._count + 1)):
            raise StoreFailed(f"{self._key} lacks a part")
        try:
            await self._multiparts.complete(self._key, self.multipart, self.parts)
        except MultipartGone:
            # It was completed: by a try whose answer was lost, or before a crash.
            if await self._bucket.size(self._key) != self.size_bytes:
                raise
        except OSError:
            if await self._bucket.size(self._key) != self.size_bytes:
                raise
        self._is_sealed = True

    async def drop(self) -> None:
        if self.multipart and not self._is_sealed:
            await self._multiparts.abort(self._key, self.multipart)

    def cut(self, parts: tuple[Part, ...]) -> None:
        """Know of these parts only; others are replaced."""
        self._parts = dict(enumerate(parts, 1))
        self._count = len(parts)


class StreamSegment:
    """An object of any cloud, written in one go: gone if the process ends before `seal`."""

    keeps = False

    def __init__(self, bucket: Bucket, key: str, *, part_size_bytes: int, concurrency: int) -> None:
        self._bucket = bucket
        self._key = key
        self._part_size_bytes = part_size_bytes
        self._concurrency = concurrency
        self._queue: asyncio.Queue[bytearray | None] = asyncio.Queue(1)
        self._order = asyncio.Lock()
        self._writing: asyncio.Task[None] | None = None
        self._is_begun = False
        self._count = 0
        self._size_bytes = 0
        self._is_sealed = False

    @property
    def count(self) -> int:
        return self._count

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    async def add(self, number: int, data: bytearray) -> None:
        self._count = number
        async with self._order:  # which is fair, so that parts stay in order
            await self._give(data)
            self._size_bytes += len(data)

    async def seal(self) -> None:
        if self._is_sealed:
            return
        try:
            await (await self._give(None))
        except OSError:
            # It may have been completed by a try whose answer was lost.
            if await self._bucket.size(self._key) != self._size_bytes:
                raise
        self._is_sealed = True

    async def drop(self) -> None:
        if self._writing is not None and not self._writing.done():
            self._writing.cancel()
            await asyncio.wait((self._writing,))

    async def _give(self, data: bytearray | None) -> asyncio.Task[None]:
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write())
        giving = asyncio.ensure_future(self._queue.put(data))
        try:
            await asyncio.wait((giving, self._writing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not giving.done():
                giving.cancel()
        if self._writing.done():
            self._writing.result()
            if data is not None:
                raise StoreFailed(f"writing {self._key}: it ended too early")
        return self._writing

    async def _write(self) -> None:
        for wait in waits():
            try:
                await self._bucket.stream(
                    self._key,
                    self._parts(),
                    part_size_bytes=self._part_size_bytes,
                    concurrency=self._concurrency,
                )
                return
            except StoreFailed:
                # obstore does not repeat what begins an upload at Google.
                if wait is None or self._is_begun:
                    raise
                await asyncio.sleep(wait)

    async def _parts(self) -> AsyncIterator[bytearray]:
        self._is_begun = True
        while (part := await self._queue.get()) is not None:
            yield part
