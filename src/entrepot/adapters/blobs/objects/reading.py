"""An open blob: answers of the object store, read as they come."""

import errno
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from entrepot.adapters.blobs._shared import PIECE_SIZE_BYTES, resolve_span
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import FileSlice

from .bucket import Bucket
from .errors import told
from .pointers import data_keys
from .records import Pointer

if TYPE_CHECKING:
    from obstore import GetResult


READ_BYTES = 512 * 1024
"""What is taken from a connection at once, and a bit more."""


@dataclass(slots=True)
class Stretch:
    """`length` bytes of an object from `start`; with the answer, if it was asked for already."""

    key: str
    start: int
    length: int
    answer: "GetResult | None" = None


class ObjectReading:
    """The bytes of one or more objects. Nothing is read ahead but what the connection holds."""

    __slots__ = ("_bucket", "_is_open", "_span", "_stretches")

    def __init__(self, bucket: Bucket, span: Span, stretches: list[Stretch]) -> None:
        self._bucket = bucket
        self._span = span
        self._stretches = stretches
        self._is_open = True

    @property
    def span(self) -> Span:
        return self._span

    @property
    def file(self) -> FileSlice | None:
        return None

    async def chunks(self) -> AsyncIterator[bytes]:
        for stretch in self._stretches:
            if not self._is_open:
                break
            left = stretch.length
            answer, stretch.answer = stretch.answer, None
            if answer is None:
                answer = await _ask(self._bucket, stretch)
            with told(f"reading {stretch.key}"):
                async for data in answer.stream(READ_BYTES):
                    left -= len(data)
                    for start in range(0, len(data), PIECE_SIZE_BYTES):
                        yield data[start : start + PIECE_SIZE_BYTES]
            if left:
                raise OSError(errno.EIO, f"{stretch.key} has other bytes than it said")
        if not self._is_open:
            raise ValueError("the reading is closed")

    def close(self) -> None:
        self._is_open = False
        for stretch in self._stretches:
            stretch.answer = None


async def open_object(bucket: Bucket, key: str, span: Span | None) -> ObjectReading:
    """Open an object or a span of it; FileNotFoundError, or ValueError for a span outside."""
    if span is not None and (span.length <= 0 or span.offset < 0):
        size = await bucket.size(key)
        if size is None:
            raise FileNotFoundError(errno.ENOENT, "there is no such blob", key)
        return ObjectReading(bucket, resolve_span(span, size), [])
    if span is None:
        answer = await bucket.open(key)
    else:
        answer = await bucket.open(key, span.offset, span.offset + span.length)
    if answer is None:
        raise ValueError(f"{span} is not within the blob")
    found = resolve_span(span, answer.meta["size"])
    return ObjectReading(bucket, found, [Stretch(key, found.offset, found.length, answer)])


async def open_pointer(bucket: Bucket, pointer: Pointer, span: Span | None) -> ObjectReading:
    """Open what a pointer points to, or a span of it; errors as `open_object`."""
    found = resolve_span(span, pointer.size_bytes)
    stretches = []
    begin, end = 0, found.offset + found.length
    for key, size in zip(data_keys(pointer), pointer.segments, strict=True):
        start, stop = max(found.offset, begin), min(end, begin + size)
        if start < stop:
            stretches.append(Stretch(key, start - begin, stop - start))
        begin += size
    if stretches:
        stretches[0].answer = await _ask(bucket, stretches[0])
    return ObjectReading(bucket, found, stretches)


async def _ask(bucket: Bucket, stretch: Stretch) -> "GetResult":
    answer = await bucket.open(stretch.key, stretch.start, stretch.start + stretch.length)
    if answer is None or answer.range != (stretch.start, stretch.start + stretch.length):
        raise OSError(errno.EIO, f"{stretch.key} is shorter than it should be")
    return answer
