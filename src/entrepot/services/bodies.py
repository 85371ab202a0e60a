"""Bodies: those in memory, those with a bound, and what readings hold."""

from collections.abc import Callable

from entrepot.oci.digest import Digest, finished, new_hasher
from entrepot.oci.errors import Code, Fault
from entrepot.ports.blobs import Body, Reading

from .quotas import Room


class Whole:
    """A body that is in memory already."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def drain(self, write: Callable[[memoryview], None]) -> None:
        write(memoryview(self._data))


async def digest_of(reading: Reading, algorithm: str) -> Digest:
    """Return the digest of all bytes of a reading, and close it. Raises what the reading raises."""
    hasher = new_hasher(algorithm)
    try:
        async for piece in reading.chunks():
            hasher.update(piece)
    finally:
        reading.close()
    return finished(hasher, algorithm)


def bounded(body: Body, most_bytes: int) -> Body:
    """Return the body, refused with `Fault(SIZE_INVALID)` beyond so many bytes."""
    return _Bounded(body, most_bytes, _too_large)


def within(room: Room, body: Body, *, offset: int, said_bytes: int | None) -> Body:
    """Return the body of an upload that has `offset` bytes, refused once the room is used up.

    The refusal is `Fault(DENIED)` in the quota's words, at once if the length that the headers
    say, None for unknown, is too much. An empty body always fits.
    """
    left = room.left_bytes
    if left is None:
        return body
    refusal = room.refusal(offset + said_bytes) if said_bytes else None
    if refusal is not None:
        raise refusal
    return _Bounded(
        body, left - offset, lambda seen: room.refusal(offset + seen) or _too_large(seen)
    )


def _too_large(_size_bytes: int) -> Fault:
    return Fault(
        Code.SIZE_INVALID,
        "the blob is larger than this registry takes: make it smaller, or have its "
        "operator raise uploads.size_max_bytes",
    )


class _Bounded:
    """A body that is refused beyond a number of bytes, with what `refuse` says of those seen."""

    def __init__(self, body: Body, limit_bytes: int, refuse: Callable[[int], Fault]) -> None:
        self._body = body
        self._limit_bytes = limit_bytes
        self._refuse = refuse

    async def drain(self, write: Callable[[memoryview], None]) -> None:
        seen = 0

        def checked(view: memoryview) -> None:
            nonlocal seen
            seen += len(view)
            if view and seen > self._limit_bytes:
                raise self._refuse(seen)
            write(view)

        await self._body.drain(checked)
