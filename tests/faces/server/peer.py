"""A raw HTTP client on asyncio streams, and small applications to serve it."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from entrepot.faces.asgi import DRAIN, ZERO_COPY, App, Message, Receive, Scope, Send
from entrepot.faces.server.run import Server


@dataclass
class Answer:
    """A response as it came."""

    status: int
    headers: dict[str, str]
    body: bytes


class Peer:
    """One client connection; sends raw bytes and reads answers strictly."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, method: str = "GET") -> Answer:
        """Read one whole response, whichever way it is framed."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head[:-4].split("\r\n")
        version, status, _ = (first + " ").split(" ", 2)
        assert version == "HTTP/1.1"
        pairs = [line.split(": ", 1) for line in lines]
        headers = {name.lower(): value for name, value in pairs}
        assert len(headers) == len(pairs), f"repeated header in {head!r}"
        assert "server" not in headers
        if method == "HEAD" or status in {"100", "204", "304"}:
            body = b""
        elif "content-length" in headers:
            assert "transfer-encoding" not in headers
            body = bytes(await self.reader.readexactly(int(headers["content-length"])))
        elif headers.get("transfer-encoding") == "chunked":
            body = await self._chunks()
        else:
            body = await self.reader.read()
        return Answer(int(status), headers, body)

    async def _chunks(self) -> bytes:
        body = b""
        while True:
            size = int(await self.reader.readuntil(b"\r\n"), 16)
            part = await self.reader.readexactly(size + 2)
            assert part[-2:] == b"\r\n"
            if size == 0:
                return body
            body += part[:-2]

    async def closed(self) -> bool:
        """Wait for the end of the connection; False if more bytes come before it."""
        try:
            return await self.reader.read(1) == b""
        except ConnectionResetError:
            return True

    def abort(self) -> None:
        self.writer.transport.abort()


@dataclass
class Site:
    """A running server."""

    server: Server
    addresses: tuple[str, ...]
    peers: list[Peer] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.addresses[0].rpartition(":")[2])

    async def connect(self, *, small_buffer: bool = False, **options: Any) -> Peer:
        """Connect; with a small receive buffer the server's writes fill up soon."""
        sock = await self.socket(4096 if small_buffer else None)
        streams = await asyncio.open_connection(sock=sock, limit=1 << 17, **options)
        peer = Peer(*streams)
        self.peers.append(peer)
        return peer

    async def socket(self, buffer_bytes: int | None = 4096) -> socket.socket:
        """Connect without streams, which read ahead."""
        sock = socket.socket()
        sock.setblocking(False)
        if buffer_bytes is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        return sock


def request(method: str = "GET", path: str = "/", body: bytes = b"", **headers: str) -> bytes:
    """A request with a Host, and a Content-Length if it has a body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: test"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body and "Content_Length" not in headers:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(*parts: bytes) -> bytes:
    """A body in chunks, with its end."""
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*filter(None, parts), b""))


async def reply(send: Send, status: int, body: bytes = b"", *headers: tuple[bytes, bytes]) -> None:
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers every request at once with its method and path."""
    await reply(send, 200, f"{scope['method']} {scope['path']}".encode())


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the body, read by `receive`."""
    await reply(send, 200, await read_all(receive))


async def read_all(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


@dataclass
class Sink:
    """An application that drains bodies, and what became of them."""

    got: list[bytearray] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    write: Callable[[memoryview], None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()
        self.got.append(body)

        def write(view: memoryview) -> None:
            if self.write is not None:
                self.write(view)
            body.extend(view)

        try:
            await scope["extensions"][DRAIN]["drain"](write)
        except BaseException as error:
            self.errors.append(error)
            raise
        await reply(send, 200, b"%d" % len(body))


def file_app(descriptor: int, *, close: bool = False, length: bool = True) -> App:
    """Sends the stretch of a file that the query names as `offset-count`, without copying."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        offset, count = (int(part) for part in scope["query_string"].split(b"-"))
        headers = [(b"content-length", b"%d" % count)] if length else []
        if close:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": ZERO_COPY, "file": descriptor, "offset": offset, "count": count})

    return app


def waiting_app(entered: asyncio.Event, go: asyncio.Event) -> App:
    """Answers `done` when told to."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        entered.set()
        await go.wait()
        await reply(send, 200, b"done")

    return app


Handler = Callable[[Scope, Receive, Send], Awaitable[None]]
__all__ = ["Handler", "Message"]
