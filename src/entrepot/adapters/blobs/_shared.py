"""What every blob store needs and none should write twice."""

import asyncio
import re
from collections.abc import Awaitable
from typing import TypeVar

from entrepot.oci.ranges import Span

PIECE_SIZE_BYTES = 256 * 1024
"""Most bytes that a reading yields at once."""

_T = TypeVar("_T")

_UPLOAD_ID = re.compile(r"[0-9a-f]{32}")


def is_upload_id(text: str) -> bool:
    """Whether `text` may name an upload; nothing else ever becomes part of a path."""
    return _UPLOAD_ID.fullmatch(text) is not None


def check_upload_id(text: str) -> None:
    """Raise ValueError unless `text` may name an upload."""
    if not is_upload_id(text):
        raise ValueError("an upload id is 32 lower-case hex characters")


def resolve_span(span: Span | None, size_bytes: int) -> Span:
    """Return `span`, or all of the content when None; ValueError if it reaches outside."""
    if span is None:
        return Span(0, size_bytes)
    if span.offset < 0 or span.length < 0 or span.offset + span.length > size_bytes:
        raise ValueError(f"{span} is not within {size_bytes} bytes")
    return span


async def settled(work: Awaitable[_T]) -> _T:
    """Await `work` to its end, and let a cancellation through only then.

    A step in a thread cannot be called back; who holds a lock for it must not let go before.
    """
    future = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait((future,))
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return future.result()
    if not future.cancelled():
        future.exception()  # seen, so that the loop does not complain
    raise cancelled
