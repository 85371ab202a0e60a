"""Accepting connections that begin with a PROXY header, before HTTP and TLS."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .edge import Edge
from .protocol import EdgeProtocol
from .proxyline import V2_MAX_BYTES, NoProxyLine, ProxyLine, parse_proxy_line
from .refusal import invalid
from .trust import TrustedProxies, parse_address

logger = logging.getLogger("entrepot.server")

ACCEPTS_PER_TURN = 64
ACCEPT_AGAIN_SECONDS = 1.0
"""Pause after accepting failed, for want of descriptors as a rule."""
NO_LINE = invalid("the connection does not begin with a PROXY protocol header of a trusted proxy")


class _Announced(HttpToolsProtocol):
    """Comes behind `EdgeProtocol` in the order of methods, so that it is set before it is used."""

    announced: tuple[str, int] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.announced is not None:
            self.client = self.announced


class AnnouncedProtocol(EdgeProtocol, _Announced):
    """A connection whose client a proxy has named: limits, logs and applications see that one."""


class ProxyGate:
    """Accepts on one bound socket until `close`.

    The header is read from the socket itself, and not a byte more, before there is a transport:
    so TLS and zero-copy work behind it as ever. Untrusted peers, and those that send no valid
    header in `limits.header_seconds`, are closed without a word, as nobody knows what they speak.
    """

    def __init__(
        self,
        sock: socket.socket,
        factory: Callable[[tuple[str, int] | None], asyncio.Protocol],
        *,
        edge: Edge,
        trusted: TrustedProxies,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        self._sock = sock
        self._factory = factory
        self._edge = edge
        self._trusted = trusted
        self._ssl_context = ssl_context
        self._greeting: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._again: asyncio.TimerHandle | None = None
        sock.listen(edge.limits.backlog)
        self._begin()

    def close(self) -> None:
        """Accept no more; connections still without a header are closed."""
        if self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock)
        if self._again is not None:
            self._again.cancel()
        for task in self._greeting:
            task.cancel()

    def _begin(self) -> None:
        self._again = None
        self._loop.add_reader(self._sock, self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            try:
                sock, peer = self._sock.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionError:
                continue  # it left before it was accepted
            except OSError as error:
                logger.error("cannot accept connections: %s", error.strerror)  # noqa: TRY400
                self._loop.remove_reader(self._sock)
                self._again = self._loop.call_later(ACCEPT_AGAIN_SECONDS, self._begin)
                return
            sock.settimeout(0)
            if len(self._greeting) >= self._edge.limits.connections_max:
                sock.close()
                continue
            task = self._loop.create_task(self._greet(sock, _host(peer)))
            self._greeting.add(task)
            task.add_done_callback(self._greeting.discard)

    async def _greet(self, sock: socket.socket, host: str | None) -> None:
        """Read the header and hand the connection over; nothing is raised."""
        with contextlib.ExitStack() as stack:
            stack.callback(sock.close)
            try:
                line = await self._read(sock, host)
            except NoProxyLine as error:
                logger.debug("closed a connection of %s: %s", host, error)
                self._edge.refused(NO_LINE, host)
                return
            except OSError:
                return  # it is gone
            stack.pop_all()
            await self._hand_over(sock, line)

    async def _read(self, sock: socket.socket, host: str | None) -> ProxyLine:
        """Raises NoProxyLine, or OSError when the peer is gone."""
        if host not in self._trusted:
            raise NoProxyLine("it is no trusted proxy")
        try:
            async with asyncio.timeout(self._edge.limits.header_seconds):
                return await read_proxy_line(sock)
        except TimeoutError as error:
            raise NoProxyLine("its header took too long") from error

    async def _hand_over(self, sock: socket.socket, line: ProxyLine) -> None:
        options: dict[str, Any] = {}
        if self._ssl_context is not None:
            seconds = self._edge.limits.header_seconds
            options = {"ssl": self._ssl_context, "ssl_handshake_timeout": seconds}
        try:
            await self._loop.connect_accepted_socket(
                lambda: self._factory(line.client), sock, **options
            )
        except OSError as error:  # TLS failures are OSErrors too
            logger.debug("a connection of %s failed: %s", line.client, error)


async def read_proxy_line(sock: socket.socket) -> ProxyLine:
    """Take a header off a non-blocking socket, and nothing behind it.

    Raises NoProxyLine, or OSError when the peer is gone.
    """
    taken = b""
    while True:
        await _readable(sock)
        with contextlib.suppress(BlockingIOError):
            seen = sock.recv(V2_MAX_BYTES, socket.MSG_PEEK)
            if not seen:
                raise ConnectionResetError("it ended before its header")
            line = parse_proxy_line(taken + seen)
            # Of an unfinished header all bytes are its own, and are taken: what is left in the
            # socket would make it readable at once, again and again.
            mine = len(seen) if line is None else line.length_bytes - len(taken)
            taken += sock.recv(mine)
            if line is not None:
                return line


async def _readable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()

    def set_ready() -> None:
        loop.remove_reader(sock)
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(sock, set_ready)
    try:
        await ready
    finally:
        loop.remove_reader(sock)


def _host(peer: object) -> str | None:
    """Return the address of an accepted peer, None of one on a Unix socket."""
    if not isinstance(peer, tuple):
        return None
    address = parse_address(str(peer[0]))
    return str(address) if address is not None else str(peer[0])
