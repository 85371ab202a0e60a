"""The head of a response, and how its body is framed (RFC 9112, section 6)."""

from collections.abc import Iterable
from enum import IntEnum
from http import HTTPStatus
from typing import NamedTuple


class Framing(IntEnum):
    """How the end of a response body is known."""

    NONE = 0  # HEAD, 204, 304: there is none
    LENGTH = 1
    CHUNKED = 2
    CLOSE = 3  # HTTP/1.0 without a length


class ResponseHead(NamedTuple):
    """A rendered head, and what it decided."""

    data: bytes
    framing: Framing
    length: int  # body bytes owed, for LENGTH
    keep_alive: bool


def _status_line(status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


_STATUS_LINES = {status: _status_line(status) for status in range(200, 600)}
_NOTED = frozenset({b"connection", b"content-length", b"date", b"transfer-encoding"})
_BODILESS = frozenset({204, 304})


def render_head(
    status: int,
    headers: Iterable[tuple[bytes, bytes]],
    *,
    method: str,
    http10: bool,
    keep_alive: bool,
    date_line: bytes,
) -> ResponseHead:
    """The bytes of a head. The application's Transfer-Encoding is dropped: framing is ours.

    Raises RuntimeError for a status below 200 or above 599 and for a header that would end its
    line (header injection), ValueError for a Content-Length that is no number.
    """
    status_line = _STATUS_LINES.get(status)
    if status_line is None:
        raise RuntimeError(f"status {status} cannot be a final answer")
    lines = [status_line]
    length: int | None = None
    for name, value in headers:
        lowered = name.lower()
        if lowered in _NOTED:
            if lowered == b"content-length":
                length = int(value)
            elif lowered == b"transfer-encoding":
                continue
            elif lowered == b"date":
                date_line = b""
            elif b"close" in value.lower():
                keep_alive = False
                continue
        lines.append(b"%b: %b\r\n" % (name, value))
    framing = Framing.LENGTH
    if method == "HEAD" or status in _BODILESS:
        framing = Framing.NONE
    elif length is None:
        framing = Framing.CLOSE if http10 else Framing.CHUNKED
        if http10:
            keep_alive = False
        else:
            lines.append(b"transfer-encoding: chunked\r\n")
    if not keep_alive:
        lines.append(b"connection: close\r\n")
    data = b"".join(lines)
    count = len(lines)
    if data.count(b"\n") != count or data.count(b"\r") != count or b"\0" in data:
        raise RuntimeError("a response header holds CR, LF or NUL")
    return ResponseHead(data + date_line + b"\r\n", framing, length or 0, keep_alive)
