"""A client that reads answers strictly: what does not parse is a finding."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

ANSWER_SECONDS = 20.0
"""An answer that takes longer counts as a hang."""
HEAD_MAX_BYTES = 1 << 18

_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9][0-9]) [ -~]*")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t -~\x80-\xff]*)")
_BODILESS = frozenset({204, 304})


class Malformed(Exception):
    """What the server sent is not an answer."""


class Gone(Exception):
    """The connection ended before an answer was whole."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; names of fields in lower case, in the order they came."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes

    def field(self, name: str) -> str:
        """Return the value of a field, empty if there is none."""
        return next((value for key, value in self.fields if key == name), "")

    @property
    def closes(self) -> bool:
        """Whether nothing follows on this connection."""
        return "close" in self.field("connection").lower()


async def read_answer(reader: asyncio.StreamReader, method: str = "GET") -> Answer:
    """Read one final answer. Raises Malformed, Gone, or TimeoutError after ANSWER_SECONDS."""
    async with asyncio.timeout(ANSWER_SECONDS):
        try:
            while True:
                status, fields = _head(await reader.readuntil(b"\r\n\r\n"))
                if status >= 200:
                    break
            return Answer(status, fields, await _body(reader, method, status, dict(fields)))
        except asyncio.LimitOverrunError as error:
            raise Malformed(f"no end of the head: {error}") from error
        except asyncio.IncompleteReadError as error:
            if error.partial:
                raise Gone(f"within an answer, after {error.partial[-60:]!r}") from error
            raise Gone("before an answer") from error
        except OSError as error:
            raise Gone(str(error)) from error


def _head(head: bytes) -> tuple[int, tuple[tuple[str, str], ...]]:
    first, *lines = head[:-4].split(b"\r\n")
    status = _STATUS_LINE.fullmatch(first)
    if status is None:
        raise Malformed(f"status line {first[:80]!r}")
    fields = []
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is None:
            raise Malformed(f"header field {line[:80]!r}")
        fields.append((field[1].decode().lower(), field[2].decode("latin-1")))
    return int(status[1]), tuple(fields)


async def _body(
    reader: asyncio.StreamReader, method: str, status: int, fields: Mapping[str, str]
) -> bytes:
    length, coding = fields.get("content-length"), fields.get("transfer-encoding")
    if length is not None and coding is not None:
        raise Malformed("both Content-Length and Transfer-Encoding")
    if method == "HEAD" or status in _BODILESS:
        return b""
    if length is not None:
        return await reader.readexactly(int(length))
    if coding != "chunked":
        return await reader.read()
    body = b""
    while True:
        size = int(await reader.readuntil(b"\r\n"), 16)
        part = await reader.readexactly(size + 2)
        if part[-2:] != b"\r\n":
            raise Malformed("a chunk is longer than it says")
        if not size:
            return body
        body += part[:-2]


class Client:
    """One connection for well-behaved requests."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    @asynccontextmanager
    async def connect(cls, port: int) -> AsyncIterator[Self]:
        """Yield a connection to a server on this machine; it is reset in the end."""
        client = cls(*await asyncio.open_connection("127.0.0.1", port, limit=HEAD_MAX_BYTES))
        try:
            yield client
        finally:
            client.writer.transport.abort()

    async def call(
        self, method: str, target: str, body: bytes = b"", fields: Iterable[str] = ()
    ) -> Answer:
        """Send a request, whose fields are whole lines, and read its answer."""
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *fields]
        if body or method in ("PUT", "PATCH", "POST"):
            lines.append(f"Content-Length: {len(body)}")
        try:
            self.writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
            await self.writer.drain()
        except OSError as error:
            raise Gone(str(error)) from error
        return await read_answer(self.reader, method)


async def call_once(
    port: int, method: str, target: str, body: bytes = b"", fields: Iterable[str] = ()
) -> Answer:
    """Send one request on a connection of its own."""
    async with Client.connect(port) as client:
        return await client.call(method, target, body, fields)
