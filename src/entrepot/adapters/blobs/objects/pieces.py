"""The segments of one upload: those that are whole, and the one being written."""

from .errors import StoreFailed
from .layout import data_key
from .means import Means, segment_keys
from .records import Record
from .segments import PartsSegment, Segment, StreamSegment, size_of_part

SEGMENTS_MAX = 10_000
"""Objects that one blob may consist of."""


class Pieces:
    """All bytes of an upload that are no longer in memory."""

    def __init__(self, data_id: str, means: Means) -> None:
        self.data_id = data_id
        self.sealed: list[int] = []
        self.current: Segment | None = None
        self._means = means

    @property
    def count(self) -> int:
        """How many parts the segment being written has."""
        return self.current.count if self.current is not None else 0

    @property
    def keys(self) -> list[str]:
        """The segments that are whole."""
        return [data_key(self.data_id, number) for number in range(len(self.sealed))]

    def size_of_part(self, parts: int) -> int:
        """Return the size of the part after so many."""
        size = self._means.part_size_bytes
        return size if self._means.multiparts is None else size_of_part(size, parts)

    def stand_at(self, record: Record) -> None:
        """Be what the record says."""
        self.sealed = list(record.segments)
        means = self._means
        if means.multiparts is None:
            self.current = None
        elif record.multipart:
            key = data_key(self.data_id, len(self.sealed))
            self.current = PartsSegment(
                means.bucket, means.multiparts, key, record.multipart, record.parts
            )
        elif isinstance(self.current, PartsSegment):
            self.current.cut(())

    def open(self) -> Segment:
        """Return the segment that is being written, begun if there is none."""
        if self.current is None:
            if len(self.sealed) >= SEGMENTS_MAX:
                raise StoreFailed("the upload is in too many pieces: push it in larger chunks")
            key, means = data_key(self.data_id, len(self.sealed)), self._means
            if means.multiparts is not None:
                self.current = PartsSegment(means.bucket, means.multiparts, key)
            else:
                self.current = StreamSegment(
                    means.bucket,
                    key,
                    part_size_bytes=means.part_size_bytes,
                    concurrency=means.concurrency,
                )
        return self.current

    async def send(self, number: int, data: bytearray) -> None:
        """Store a part, by its number in its segment."""
        await self.open().add(number, data)

    async def add(self, data: bytearray) -> None:
        """Store a part after all others, none of which is on its way; may be tried again."""
        segment = self.open()
        try:
            await segment.add(segment.count + 1, data)
        except BaseException:
            if isinstance(segment, PartsSegment):
                segment.cut(segment.parts)
            raise

    async def seal(self) -> None:
        """End the segment that is being written."""
        if self.current is not None and self.current.count:
            await self.current.seal()
            self.sealed.append(self.current.size_bytes)
        self.current = None

    async def drop(self) -> None:
        """Remove all of them."""
        if self.current is not None:
            await self.current.drop()
        if self.sealed or self.current is not None:
            await self._means.bucket.delete(segment_keys(self.data_id, len(self.sealed)))
