"""Runs the server: listeners, the clock tick, signals and the graceful end."""

import asyncio
import logging
import signal
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from email.utils import formatdate
from functools import partial
from typing import Any, Protocol

from uvicorn.config import Config

from entrepot.faces.asgi import App

from .alpn import HTTP_1, HTTP_2, either
from .brief import BriefProtocol
from .edge import Edge
from .hooks import Hooks
from .known import KnownFields
from .limits import ServerLimits
from .listen import BoundSocket, Listener, bind
from .protocol import EdgeProtocol
from .proxygate import AnnouncedProtocol, ProxyGate
from .trust import TrustedProxies

logger = logging.getLogger("entrepot.server")

CUT_SECONDS = 5.0
"""How long applications have to notice that they were cancelled."""
SIGNALS = (signal.SIGTERM, signal.SIGINT)


def make_config(app: App) -> Config:
    """What uvicorn's protocol base wants to know; nothing of its logging is touched."""
    config = Config(
        app,
        http=EdgeProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level=None,
        proxy_headers=False,
        server_header=False,
        date_header=False,
    )
    config.load()
    return config


class _Acceptor(Protocol):
    """What accepts connections, until it is closed."""

    def close(self) -> None: ...


class Server:
    """Listeners and connections of one event loop."""

    def __init__(
        self,
        app: App,
        *,
        limits: ServerLimits,
        ssl_context: ssl.SSLContext | None = None,
        hooks: Hooks | None = None,
    ) -> None:
        self._app = app
        self._ssl_context = ssl_context
        self._http2 = False
        self.edge = Edge(limits, hooks or Hooks())
        self._bound: list[BoundSocket] = []
        self._acceptors: list[_Acceptor] = []
        self._ticker: asyncio.TimerHandle | None = None

    async def start(self, listeners: Sequence[Listener]) -> tuple[str, ...]:
        """Bind all and accept. Returns the real addresses; ListenError if one cannot be had."""
        if self._ssl_context is not None:
            self._http2 = any(listener.http2 for listener in listeners)
            self._ssl_context.set_alpn_protocols([HTTP_2, HTTP_1] if self._http2 else [HTTP_1])
        try:
            pairs = [(listener, one) for listener in listeners for one in self._bind(listener)]
            self._tick()
            for listener, one in pairs:
                await self._accept(listener, one)
        except BaseException:
            await self.stop(drain_seconds=0)
            raise
        return tuple(one.address for _, one in pairs)

    def _bind(self, listener: Listener) -> list[BoundSocket]:
        bound = [*listener.bound] or bind(listener.address, unix_mode=listener.mode)
        self._bound += bound
        if listener.trusted is not None:
            self.edge.addresses.exempt = listener.trusted
        if listener.names_in is not None:
            self.edge.names_in = listener.names_in
        return bound

    async def _accept(self, listener: Listener, one: BoundSocket) -> None:
        loop = asyncio.get_running_loop()
        config = make_config(listener.app or self._app)
        limits = self.edge.limits
        known = KnownFields()
        path = str(one.path) if one.path is not None else None
        ssl_context = self._ssl_context if listener.tls and path is None else None

        def connected() -> EdgeProtocol:
            if listener.shortcut is None:
                protocol = EdgeProtocol(config, self.edge, {}, loop)
            else:
                protocol = BriefProtocol(
                    config,
                    self.edge,
                    {},
                    loop,
                    shortcut=listener.shortcut,
                    known=known,
                    trusted=listener.trusted,
                )
            protocol.unix_path = path
            return protocol

        def announced(client: tuple[str, int] | None) -> EdgeProtocol:
            protocol = AnnouncedProtocol(config, self.edge, {}, loop)
            protocol.unix_path, protocol.announced = path, client
            return protocol

        if listener.proxy_line:
            trusted = listener.trusted or TrustedProxies()
            gate = ProxyGate(
                one.sock,
                self._on_tls(announced, listener) if ssl_context is not None else announced,
                edge=self.edge,
                trusted=trusted,
                ssl_context=ssl_context,
            )
            self._acceptors.append(gate)
            return
        options: dict[str, Any] = {"sock": one.sock, "backlog": limits.backlog}
        factory: Callable[[], asyncio.Protocol] = connected
        if ssl_context is not None:
            factory = self._on_tls(connected, listener)
            options |= {"ssl": ssl_context, "ssl_handshake_timeout": limits.header_seconds}
        create = loop.create_server if path is None else loop.create_unix_server
        self._acceptors.append(await create(factory, **options))

    def _on_tls(
        self, http1: Callable[..., asyncio.Protocol], listener: Listener
    ) -> Callable[..., asyncio.Protocol]:
        """What a TLS connection speaks: as it was negotiated, where HTTP/2 is offered."""
        if not self._http2:
            return http1
        from .h2 import Http2Protocol

        return either(http1, partial(Http2Protocol, listener.app or self._app, self.edge))

    def set_limits(self, limits: ServerLimits) -> None:
        """See `hooks.Adjustable`."""
        self.edge.limits = limits
        self.edge.addresses.bound(limits)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        edge = self.edge
        edge.date_line = b"date: %b\r\n" % formatdate(usegmt=True).encode()
        now = loop.time()
        for tenant in tuple(edge.tenants):
            tenant.tick(now)
        self._ticker = loop.call_later(edge.limits.tick_seconds, self._tick)

    async def stop(self, *, drain_seconds: float, hurry: asyncio.Event | None = None) -> None:
        """Accept no more, let what is in flight finish, then close.

        Ends as soon as nothing is in flight; after `drain_seconds`, or when `hurry` is set,
        connections are dropped and applications cancelled.
        """
        edge = self.edge
        edge.stopping = True
        for acceptor in self._acceptors:
            acceptor.close()
        for one in self._bound:
            one.sock.close()
            one.remove()
        for tenant in tuple(edge.tenants):
            tenant.shutdown()
        if not await self._finished(drain_seconds, hurry):
            logger.warning("dropping %d connections that did not finish", len(edge.tenants))
            for tenant in tuple(edge.tenants):
                tenant.cut()
            for task in tuple(edge.tasks):
                task.cancel()
            await self._finished(CUT_SECONDS, None)
        if self._ticker is not None:
            self._ticker.cancel()
        edge.threads.close()

    async def _finished(self, seconds: float, hurry: asyncio.Event | None) -> bool:
        """Wait until no connection and no application is left; False when time is up."""
        waiters = {asyncio.ensure_future(self._all_left())}
        if hurry is not None:
            waiters.add(asyncio.ensure_future(_set(hurry)))
        try:
            await asyncio.wait(waiters, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()
        return not self.edge.tenants and not self.edge.tasks

    async def _all_left(self) -> None:
        await self.edge.empty.wait()
        while self.edge.tasks:
            await asyncio.wait(tuple(self.edge.tasks))


async def _set(event: asyncio.Event) -> None:
    await event.wait()


async def serve(
    app: App,
    *,
    listeners: Sequence[Listener],
    limits: ServerLimits,
    ssl_context: ssl.SSLContext | None = None,
    hooks: Hooks | None = None,
    drain_seconds: float,
    on_draining: Callable[[], float | None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then drain; a second signal ends it at once.

    Must run in the main thread. Raises ListenError when an address cannot be had.
    `on_draining` is called before the listeners close, for readiness to turn false; they go on
    for as many seconds as it returns, in which balancers learn that and send requests elsewhere.
    `ssl_context` offers HTTP/1.1 by ALPN, and HTTP/2 where a listener asks for it. After
    `drain_seconds` what is still in flight is cut.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    hurry = asyncio.Event()

    def signalled() -> None:
        if stop.is_set() and hooks is not None and hooks.on_hurry is not None:
            hooks.on_hurry()
        (hurry if stop.is_set() else stop).set()

    server = Server(app, limits=limits, ssl_context=ssl_context, hooks=hooks)
    addresses = await server.start(listeners)
    hangup = hooks.on_hangup if hooks is not None else None
    for number in SIGNALS:
        loop.add_signal_handler(number, signalled)
    if hangup is not None:
        loop.add_signal_handler(signal.SIGHUP, hangup, server)
    try:
        if hooks is not None and hooks.on_listening is not None:
            hooks.on_listening(addresses)
        await stop.wait()
        leave_seconds = on_draining() if on_draining is not None else None
        # Closed at once, they would reset requests that are on their way already.
        with suppress(TimeoutError):
            async with asyncio.timeout(leave_seconds or 0):
                await hurry.wait()
    finally:
        await server.stop(drain_seconds=drain_seconds, hurry=hurry)
        for number in (*SIGNALS, signal.SIGHUP):
            loop.remove_signal_handler(number)
