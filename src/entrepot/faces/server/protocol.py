"""The HTTP/1.1 protocol: uvicorn's, with zero-copy, drains and bounds.

Of uvicorn this relies on, and `tests/faces/server/test_uvicorn.py` holds it to:

* `Config(...)` as `run.make_config` calls it, with `loaded_app` after `load()`;
* `ServerState()`, subclassed by `Edge`: `connections`, `tasks`, `total_requests`;
* `HttpToolsProtocol.__init__(config, server_state, app_state, _loop)`, which sets `app`, `loop`,
  `parser`, `connections`, `tasks`;
* `.connection_made`, which sets `transport`, `flow`, `server`, `client`, `scheme`;
* `.on_message_begin`, which sets `url`, `headers` and a `scope` with all but method, path,
  raw_path, query_string and extensions;
* `.pause_writing`, `.resume_writing`, which go to `flow`;
* `FlowControl`: `pause_reading`, `resume_reading`, `resume_writing`, `drain`, `write_paused`.

Every other method that acts on requests is replaced here or in `parsing`.
"""

import asyncio
from collections import deque
from contextlib import closing
from contextvars import Context
from typing import Any

from uvicorn.config import Config

from entrepot.faces.asgi import Scope

from .clientcert import PeerCertificate, peer_certificate
from .drain import BodyDrain
from .edge import Edge
from .exchange import Exchange
from .lifetime import Lifetime, Phase
from .limits import KIB, BodyPace
from .parsing import RequestParsing
from .plain import Write, drain_plain
from .refusal import PIPELINE_FULL, SLOW_BODY, Refusal, Refused
from .requesthead import Facts
from .response import respond
from .scope import complete_scope
from .wire import Wire

BODY_BUFFER_BYTES = 64 * KIB
"""Beyond this of unread body the client waits; a longer body is not read before it is wanted."""


class EdgeProtocol(RequestParsing):
    """One connection: its requests in order, one at a time with the application."""

    wire: Wire
    life: Lifetime
    unix_path: str | None = None
    """Where the listener is found, if it is a Unix socket."""
    peer: PeerCertificate | None = None

    def __init__(
        self,
        config: Config,
        server_state: Edge,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._key: str | None = None
        self._active: Exchange | None = None  # with the application
        self._newest: Exchange | None = None  # the one the parser is at
        self._queue: deque[Exchange] = deque()
        self._drain: BodyDrain | None = None
        self._refusal: Refusal | None = None  # to be said after the requests before it

    # The transport calls these.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.unix_path is not None:
            self.server = (self.unix_path, None)
        self.peer = peer_certificate(transport, self.edge.names_in)
        limits = self.edge.limits
        self.wire = Wire(self.edge, transport, self.flow)
        self.life = Lifetime(limits, self.loop, transport, self.flow)
        try:
            self._key, refusal = self.edge.enter(self, self.client[0] if self.client else None)
        except ConnectionRefusedError:
            transport.abort()
            return
        if refusal is not None:
            self.refuse(refusal)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - its signature
        self.connections.discard(self)
        self.edge.leave(self, self._key)
        self.life.busy()
        for exchange in (self._active, *self._queue):
            if exchange is not None:
                exchange.cut()
        self._queue.clear()
        self.wire.lost()
        # Leave no reference cycles to the garbage collector.
        self._newest = None
        self.scope = None  # type: ignore[assignment]
        if self._drain is not None:
            self._drain.give_up()  # its thread may be parsing still
        else:
            self.parser = None  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if self.life.leaving:
            self.life.swallow(len(data))
            return
        try:
            if self.in_head:
                self.head.grow(len(data))
            self.feed(data)
            if self.in_head:
                self.head.check_raw()
                self.life.reading_head()
        except Refused as refused:
            self.refuse(refused.refusal)

    # The parser's events.

    def request_begins(self, facts: Facts, length: int | None) -> None:
        scope: Scope = self.scope  # type: ignore[assignment] # a TypedDict is no MutableMapping
        exchange = Exchange(
            self,
            scope,
            length=length,
            keep_alive=facts.keep_alive and facts.version == "1.1",
            expects_continue=self.head.expects_continue,
            pace=BodyPace(self.edge.limits) if length != 0 else None,
            hooks=self.edge.hooks,
        )
        raw, peer = self.wire.raw, self.peer
        complete_scope(scope, self.url, facts, drain=exchange.drain, raw=raw, peer=peer)
        self._newest = exchange
        if self._active is None:
            self._start(exchange)
        else:
            if len(self._queue) >= self.edge.limits.pipelined_requests_max:
                raise Refused(PIPELINE_FULL)
            self._queue.append(exchange)
            self.flow.pause_reading()
        if length is None or length > BODY_BUFFER_BYTES:
            self.flow.pause_reading()

    def body_came(self, data: bytes) -> None:
        exchange = self._newest
        if self._drain is not None:
            self._drain.take(data)
        elif exchange is not None:
            exchange.bytes_in += len(data)
            if not exchange.response_complete:
                exchange.body += data
                if len(exchange.body) > BODY_BUFFER_BYTES:
                    self.flow.pause_reading()
                exchange.wake()

    def body_ended(self) -> None:
        exchange = self._newest
        if self._drain is not None:
            self._drain.end()
            self.later = []
        elif exchange is not None:
            exchange.more_body = False
            exchange.wake()
            if self.life.phase is Phase.SKIP:
                self.life.idle()

    # The exchanges call these.

    def want_body(self, exchange: Exchange) -> None:
        if exchange is self._newest and not self.transport.is_closing():
            self.flow.resume_reading()

    async def drain_body(self, exchange: Exchange, write: Write) -> None:
        exchange.drained = True
        if not self.wire.raw or not exchange.more_body or exchange.disconnected:
            await drain_plain(exchange.receive, write, executor=self.edge.threads.executor)
            return
        exchange.send_continue()
        self.flow.pause_reading()
        first, exchange.body = exchange.body, bytearray()
        length = exchange.length
        with closing(self.wire.duplicate()) as sock:
            self._drain = drain = BodyDrain(
                sock,
                write,
                threads=self.edge.threads,
                length=None if length is None else length - exchange.bytes_in,
                feed=self.feed,
                pace=BodyPace(self.edge.limits),
                received_bytes=exchange.bytes_in,
            )
            try:
                await drain.run(first)
            finally:
                self._drain = None
                self._after_drain(exchange, drain)

    def _after_drain(self, exchange: Exchange, drain: BodyDrain) -> None:
        """Bring the connection to where the drain left its socket."""
        exchange.bytes_in = drain.received_bytes
        if exchange.disconnected:
            return
        if drain.gone:
            exchange.cut()
            self.transport.abort()
        elif drain.refusal is not None:
            self.refuse(drain.refusal)
        elif drain.ended:
            exchange.more_body = False
            if exchange.length is not None:
                self.renew_parser()
            try:
                self.replay()
            except Refused as refused:
                self.refuse(refused.refusal)
            if not self._queue and self._refusal is None:
                self.flow.resume_reading()

    def on_response_complete(self) -> None:
        exchange, self._active = self._active, None
        self.edge.total_requests += 1
        if exchange is None or self.life.leaving or self.transport.is_closing():
            return
        if self._drain is not None:
            self.wire.cut()  # answered from beside its own drain
        elif not exchange.keep_alive or (self.edge.stopping and not self._queue):
            if exchange.more_body or self._queue:
                self.life.linger()
            else:
                self.life.close()
        elif self._queue:
            self._start(self._queue.popleft())
            if self._refusal is not None:
                self.refuse(self._refusal)  # if it is of this one's body: no more of it comes
        elif self._refusal is not None:
            self.refuse(self._refusal)
        else:
            self.flow.resume_reading()
            if exchange.more_body:
                self.life.skipping()
            else:
                self.life.idle()
            if self.in_head:
                self.life.reading_head()

    # The server calls these.

    def tick(self, now: float) -> None:
        """Keep the deadlines; see `edge.Tenant`."""
        refusal: Refusal | None = None
        if now >= self.life.deadline:
            refusal = self.life.expire()
        elif self.wire.stalled(now):
            self.wire.cut()
        elif self._drain is not None:
            refusal = SLOW_BODY if self._drain.too_slow(now) else None
        elif self._active is not None:
            refusal = SLOW_BODY if self._active.too_slow(now) else None
        if refusal is not None:
            self.refuse(refusal)

    def shutdown(self) -> None:
        """See `edge.Tenant`."""
        if self._active is None and not self.life.leaving:
            self.life.close()

    def cut(self) -> None:
        """See `edge.Tenant`."""
        self.wire.cut()

    def refuse(self, refusal: Refusal) -> None:
        """Say no and close; after the answers to the requests before, if there are any."""
        active = self._active
        if active is not None and (active is not self._newest or not active.more_body):
            self._refusal = refusal
            self.flow.pause_reading()
            return
        if active is not None:
            answered = active.status is not None
            active.cut()
            if self._drain is not None:
                self._drain.give_up()
        else:
            answered = self.life.phase is Phase.SKIP
        self.edge.refused(refusal, self.client[0] if self.client else None)
        if answered:
            self.wire.cut()
            return
        self.transport.write(refusal.render(self.edge.date_line))
        self.life.linger()

    def _start(self, exchange: Exchange) -> None:
        self._active = exchange
        self.life.busy()
        # A fresh context: what one request binds (log fields) must not leak into the next.
        task = self.loop.create_task(respond(self.app, exchange), context=Context())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
