"""Proxies that do harm on command: for TCP, and for PostgreSQL by message.

Bytes are passed on as they come, with little kept; what is done to them may change at any time.
A connection that is cut is reset (RST), as when a machine or a firewall between goes away.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import Self

BLOCK_BYTES = 64 << 10
CONNECT_SECONDS = 10.0
MESSAGE_SHOWN_MAX_BYTES = 4 << 10
"""How much of a message is kept for a look at it."""
STARTUP_MAX_BYTES = 10_000
"""PostgreSQL's own limit of a start-up packet."""
HEADER_BYTES = 5
LENGTH_BYTES = 4
SSL_REQUEST = 80877103
GSS_REQUEST = 80877104


class Way(Enum):
    """The two directions of a connection."""

    UP = "up"
    """From the client to the server."""
    DOWN = "down"


@dataclass(slots=True)
class Weather:
    """What befalls connections from now on."""

    refuse: bool = False
    """New connections are reset at once."""
    delay_seconds: float = 0.0
    """Each block waits so long, in each direction."""
    cut_after_bytes: int | None = None
    """Connections are cut once they carried so many bytes, both ways together."""


class Link:
    """One connection through a proxy; both of its ends."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self._ends = (client, server)
        self.carried_bytes = 0
        self.is_cut = False

    def writer(self, way: Way) -> asyncio.StreamWriter:
        """The end that bytes of this direction go to."""
        return self._ends[way is Way.UP]

    def cut(self) -> None:
        """Reset both ends."""
        self.is_cut = True
        for end in self._ends:
            reset(end)

    def close(self) -> None:
        """Close both ends, in good order."""
        for end in self._ends:
            end.close()


def reset(end: asyncio.StreamWriter) -> None:
    """Close a connection by a RST: what is in buffers is lost."""
    sock = end.get_extra_info("socket")
    if sock is not None and not end.transport.is_closing():
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.transport.abort()


class TcpProxy:
    """Passes connections on to a server of loopback, or does what its `weather` says."""

    def __init__(self, port: int, *, host: str = "127.0.0.1", listen: str = "127.0.0.1") -> None:
        self._upstream = (host, port)
        self._listen = listen
        self._server: asyncio.Server | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._links: set[Link] = set()
        self.weather = Weather()
        self.port = 0
        self.accepted = 0
        self.cuts = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, self._listen, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> int:
        """Cut all connections; return how many there were."""
        links = [link for link in self._links if not link.is_cut]
        for link in links:
            self._cut(link)
        return len(links)

    def stall(self) -> None:
        """Pass nothing on, in neither direction, until `flow`; connections are kept."""
        self._flowing.clear()

    def flow(self) -> None:
        """Pass on what waits."""
        self._flowing.set()

    @property
    def connections(self) -> int:
        """How many there are now."""
        return len(self._links)

    def _cut(self, link: Link) -> None:
        self.cuts += not link.is_cut
        link.cut()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self.weather.refuse:
            reset(writer)
            return
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                from_server, server = await asyncio.open_connection(*self._upstream)
        except OSError:
            reset(writer)
            return
        link = Link(writer, server)
        self._links.add(link)
        try:
            await self._carry(link, reader, from_server)
        finally:
            self._links.discard(link)
            link.close()

    async def _carry(
        self, link: Link, up: asyncio.StreamReader, down: asyncio.StreamReader
    ) -> None:
        """Pass on both ways until either end closes."""
        ways = [
            asyncio.create_task(self._pump(link, Way.UP, up)),
            asyncio.create_task(self._pump(link, Way.DOWN, down)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in ways:
                each.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pump(self, link: Link, way: Way, reader: asyncio.StreamReader) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while data := await reader.read(BLOCK_BYTES):
                await self._pass(link, way, data)

    async def _pass(self, link: Link, way: Way, data: bytes) -> None:
        """Pass one block on; raises ConnectionAbortedError when the connection is cut instead."""
        if self.weather.delay_seconds:
            await asyncio.sleep(self.weather.delay_seconds)
        await self._flowing.wait()
        limit = self.weather.cut_after_bytes
        if limit is not None and link.carried_bytes + len(data) > limit:
            # Up to the very byte, so that a message is torn.
            left = max(0, limit - link.carried_bytes)
            link.writer(way).write(data[:left])
            self._cut(link)
        if link.is_cut:
            raise ConnectionAbortedError
        link.carried_bytes += len(data)
        link.writer(way).write(data)
        await link.writer(way).drain()


class When(Enum):
    """On which side of a message a connection is cut."""

    BEFORE = "before"
    """The server never sees the message."""
    AFTER = "after"
    """The server has it and answers, but nobody hears the answer."""


@dataclass(slots=True)
class Cut:
    """Cut a connection at one of the messages of clients.

    `at` counts from 1, over all connections; only those are counted that `counts` says yes to,
    by their type (one letter) and the first 4 KiB of what they say. `done` is set when it was cut.
    """

    at: int
    when: When = When.BEFORE
    counts: Callable[[bytes, bytes], bool] = lambda _kind, _said: True
    seen: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def is_due(self, kind: bytes, said: bytes) -> bool:
        """Count a message; tell whether it is the one."""
        if self.done.is_set() or not self.counts(kind, said):
            return False
        self.seen += 1
        return self.seen == self.at


class PostgresProxy(TcpProxy):
    """Before a PostgreSQL without TLS: knows where its clients' messages begin and end.

    `plan` says at which of them to cut; `messages` counts all.
    """

    def __init__(self, port: int, *, host: str = "127.0.0.1", listen: str = "127.0.0.1") -> None:
        super().__init__(port, host=host, listen=listen)
        self.plan: Cut | None = None
        self.messages = 0
        self._deaf: set[Link] = set()

    async def _pump(self, link: Link, way: Way, reader: asyncio.StreamReader) -> None:
        if way is Way.DOWN:
            with suppress(OSError):
                await self._answers(link, reader)
            return
        with suppress(OSError, asyncio.IncompleteReadError):
            await self._startup(link, reader)
            while True:
                await self._message(link, reader)

    async def _answers(self, link: Link, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(BLOCK_BYTES):
            if link in self._deaf:
                # The server has done what it was told, and says so.
                self._deaf.discard(link)
                self._cut(link)
                raise ConnectionAbortedError
            await self._pass(link, Way.DOWN, data)

    async def _startup(self, link: Link, reader: asyncio.StreamReader) -> None:
        """Pass on the first packets, which have no type: whether to encrypt, then who it is."""
        code = SSL_REQUEST
        while code in (SSL_REQUEST, GSS_REQUEST):
            head = await reader.readexactly(2 * LENGTH_BYTES)
            size, code = struct.unpack("!ii", head)
            if not len(head) <= size <= STARTUP_MAX_BYTES:
                raise ConnectionAbortedError(f"a start-up packet of {size} bytes")
            await self._pass(link, Way.UP, head + await reader.readexactly(size - len(head)))

    async def _message(self, link: Link, reader: asyncio.StreamReader) -> None:
        head = await reader.readexactly(HEADER_BYTES)
        kind, size = struct.unpack("!ci", head)
        left = size - LENGTH_BYTES
        if left < 0:
            raise ConnectionAbortedError(f"a message of {size} bytes")
        shown = await reader.readexactly(min(left, MESSAGE_SHOWN_MAX_BYTES))
        left -= len(shown)
        self.messages += 1
        plan = self.plan
        is_due = plan is not None and plan.is_due(kind, shown)
        if plan is not None and is_due:
            plan.done.set()
            if plan.when is When.BEFORE:
                self._cut(link)
                raise ConnectionAbortedError
            self._deaf.add(link)
        await self._pass(link, Way.UP, head + shown)
        while left:
            data = await reader.read(min(left, BLOCK_BYTES))
            if not data:
                raise ConnectionAbortedError
            left -= len(data)
            await self._pass(link, Way.UP, data)


def says(*words: bytes) -> Callable[[bytes, bytes], bool]:
    """Count only queries and statements to prepare in which one of these words stands."""
    return lambda kind, said: kind in (b"Q", b"P") and any(word in said for word in words)
