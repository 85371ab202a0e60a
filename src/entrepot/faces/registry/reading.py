"""Blobs as response bodies: whole, one range, or many."""

from collections.abc import Awaitable, Callable

from entrepot.faces.asgi import ZERO_COPY, Scope, Send
from entrepot.oci.mediatype import OCTET_STREAM
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import Reading


async def send_reading(reading: Reading, scope: Scope, send: Send, *, more: bool) -> None:
    """Send a reading's bytes as part of a body; without copying where server and store can."""
    slice_ = reading.file if ZERO_COPY in scope.get("extensions", {}) else None
    if slice_ is not None:
        try:
            await send(
                {
                    "type": ZERO_COPY,
                    "file": slice_.file,
                    "offset": slice_.span.offset,
                    "count": slice_.span.length,
                    "more_body": more,
                }
            )
        except ConnectionError:
            raise  # of the client's
        except (OSError, EOFError):
            slice_.failed()
            raise
        finally:
            slice_.close()
        return
    async for chunk in reading.chunks():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    if not more:
        await send({"type": "http.response.body", "body": b""})


class OneReading:
    """A body that is one reading."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    async def send(self, scope: Scope, send: Send) -> None:
        """Send it as the last part of the body."""
        await send_reading(self._reading, scope, send, more=False)

    def close(self) -> None:
        self._reading.close()


class Multipart:
    """A `multipart/byteranges` body (RFC 9110 section 14.6), parts in the order asked."""

    def __init__(
        self,
        spans: tuple[Span, ...],
        size_bytes: int,
        boundary: str,
        open_span: Callable[[Span], Awaitable[Reading]],
    ) -> None:
        self._open = open_span
        self._parts = [(_head(span, size_bytes, boundary), span) for span in spans]
        self._tail = f"--{boundary}--\r\n".encode()
        self._current: Reading | None = None

    @property
    def length(self) -> int:
        """The whole body's length in bytes."""
        return sum(len(head) + span.length + 2 for head, span in self._parts) + len(self._tail)

    async def send(self, scope: Scope, send: Send) -> None:
        """Send all parts; one is open at a time."""
        for head, span in self._parts:
            await send({"type": "http.response.body", "body": head, "more_body": True})
            self._current = await self._open(span)
            await send_reading(self._current, scope, send, more=True)
            self.close()
            await send({"type": "http.response.body", "body": b"\r\n", "more_body": True})
        await send({"type": "http.response.body", "body": self._tail})

    def close(self) -> None:
        if self._current is not None:
            self._current.close()
            self._current = None


def content_range(span: Span, size_bytes: int) -> str:
    """Return the Content-Range of a span."""
    return f"bytes {span.offset}-{span.last}/{size_bytes}"


def _head(span: Span, size_bytes: int, boundary: str) -> bytes:
    return (
        f"--{boundary}\r\nContent-Type: {OCTET_STREAM}\r\n"
        f"Content-Range: {content_range(span, size_bytes)}\r\n\r\n"
    ).encode()
