"""The heads of answers: only status and length of the body are read."""

import re
from dataclasses import dataclass

from .request import LoadError, Request

HEAD_MAX_BYTES = 16 * 1024
SHOWN_BYTES = 300

END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n", re.IGNORECASE)
CLOSES = re.compile(rb"\r\nconnection:[ \t]*close[ \t]*\r\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Shape:
    """Where the last answer to a request had what counts; the next is most often alike.

    `size` is that of head and body together; the line of the length begins at `length_at`.
    """

    request: Request
    size: int
    end: int
    length_at: int
    length: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an answer, how long the body is, and how much of it came with the head."""

    head: bytes
    body: bytes
    length: int
    chunked: bool
    closes: bool
    shape: Shape | None


def parse(request: Request, data: bytes) -> Answer | None:
    """Return the answer that `data` begins, None if its head is not whole yet.

    Raises `LoadError` if the status is not what the request wants, or no length is told.
    """
    end = data.find(END)
    if end < 0:
        if len(data) > HEAD_MAX_BYTES:
            raise LoadError(f"the head of an answer is longer than {HEAD_MAX_BYTES} bytes")
        return None
    # With the line end of the last header, as the patterns want one behind each.
    head, body = data[: end + 2], data[end + len(END) :]
    if not head.startswith(request.good):
        raise LoadError(_refused(request, head, body))
    chunked = not request.bare and CHUNKED.search(head) is not None
    told = LENGTH.search(head)
    if told is None and not (request.bare or chunked or request.status == 204):
        raise LoadError(f"{request.name}: an answer without a Content-Length")
    length = 0 if told is None or request.bare or chunked else int(told[1])
    if not chunked and len(body) > length:
        raise LoadError(f"{request.name}: {len(body)} bytes came where {length} were told")
    closes = CLOSES.search(head) is not None
    shape = None
    if told is not None and not (chunked or closes or request.wants_head):
        shape = Shape(request, end + len(END) + length, end, told.start(), told[0])
    return Answer(head, body, length, chunked, closes, shape)


def _refused(request: Request, head: bytes, body: bytes) -> str:
    line = head.partition(b"\r\n")[0].decode("latin-1")
    said = body[:SHOWN_BYTES].decode("utf-8", "replace").strip()
    return f"{request.name}: {line}, not {request.status}. {said}".rstrip()
