"""What all uploads of a store share, and what becomes of those that were left."""

import os
from dataclasses import dataclass, replace

from .bucket import Bucket
from .layout import data_key
from .links import Links
from .pointers import Pointers
from .records import Record, RecordBroken
from .segments import Multiparts

REST_MAX_BYTES = 64 * 1024
"""Bytes that an upload nobody works on has in memory; hundreds of them may be open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """A store's parts and numbers."""

    bucket: Bucket
    multiparts: Multiparts | None
    """For S3; elsewhere segments are written in one go."""
    pointers: Pointers
    part_size_bytes: int
    concurrency: int
    part_min_bytes: int
    """What has fewer bytes waits in the record, and a blob of fewer is one object."""
    rest_max_bytes: int = REST_MAX_BYTES
    links: Links | None = None


def new_data_id(upload_id: str) -> str:
    """Return where an upload's bytes go: never where those of another of its id went."""
    return f"{upload_id}.{os.urandom(8).hex()}"


def decoded(raw: bytes) -> Record:
    """Return a record; one that cannot be read, or is of another version, is of no bytes."""
    try:
        return Record.decode(raw)
    except RecordBroken:
        return Record(new_data_id("0" * 32))


async def unsealed(record: Record, bucket: Bucket) -> Record:
    """Return a record that was written before a seal, as it is now."""
    size = await bucket.size(data_key(record.data_id, len(record.segments)))
    if size != record.open_bytes:
        return replace(record, sealing=False)
    segments = (*record.segments, size)
    return replace(record, segments=segments, multipart="", parts=(), sealing=False)


async def is_committed(record: Record, pointers: Pointers) -> bool:
    """Whether the bytes are a blob's: a crash came after the last step but one of a commit."""
    if record.target is None:
        return False
    pointer = await pointers.find(record.target, anew=True)
    return pointer is not None and pointer.data_id == record.data_id


async def discard(record: Record, means: Means) -> None:
    """Remove the bytes of an upload that was left, unless they are a blob's."""
    if await is_committed(record, means.pointers):
        return
    if record.multipart and means.multiparts is not None:
        key = data_key(record.data_id, len(record.segments))
        await means.multiparts.abort(key, record.multipart)
    await means.bucket.delete(segment_keys(record.data_id, len(record.segments)))


def segment_keys(data_id: str, count: int) -> list[str]:
    """Return the keys of so many segments, and of one more that may have been sealed."""
    return [data_key(data_id, number) for number in range(count + 1)]
