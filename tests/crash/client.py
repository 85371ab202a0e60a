"""A bare HTTP/1.1 client: what it has read the answer to is acknowledged."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self


class Gone(Exception):
    """The server went away before the answer was whole."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    @asynccontextmanager
    async def connect(cls, port: int) -> AsyncIterator[Self]:
        """Yield a connection; `Gone` if there is no server."""
        try:
            client = cls(*await asyncio.open_connection("127.0.0.1", port))
        except OSError as error:
            raise Gone from error
        try:
            yield client
        finally:
            await client._close()

    async def call(
        self, method: str, target: str, body: bytes = b"", headers: Iterable[str] = ()
    ) -> Answer:
        """Send a request and return its answer; `Gone` if the server died before."""
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
        head = "\r\n".join([*lines, *headers]) + "\r\n\r\n"
        try:
            self._writer.write(head.encode() + body)
            await self._writer.drain()
            return await self._answer(method)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise Gone from error

    async def _answer(self, method: str) -> Answer:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *rest = head.strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (x.partition(": ") for x in rest)}
        length = 0 if method == "HEAD" else int(headers.get("content-length", "0"))
        return Answer(int(first.split()[1]), headers, await self._reader.readexactly(length))

    async def _close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            # The server was killed; there is nothing left to close.
            return
