"""One HTTP/2 connection: its requests side by side, each with the application."""

import asyncio
from contextvars import Context
from typing import Any

from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import H2Error

from entrepot.faces.asgi import CERTIFICATE, App
from entrepot.faces.server.clientcert import PeerCertificate, peer_certificate
from entrepot.faces.server.edge import Edge
from entrepot.faces.server.refusal import Refusal, Refused, invalid

from .head import RequestHead, read_head
from .outlet import Outlet
from .response import respond
from .sending import Sender
from .session import STREAMS_MAX, Session
from .stream import Stream
from .streams import Streams

RUNNING_MAX = 2 * STREAMS_MAX
"""Applications at work for one connection, those of streams counted that the client has reset."""
REFUSED_STREAMS_MAX = 1000
"""Between two answers; who goes on opening streams beyond it is no client (CVE-2023-44487)."""

Address = tuple[str, int]


class Http2Protocol(asyncio.Protocol):
    """A tenant of the edge; `client` is who a PROXY protocol header named, None without one."""

    def __init__(self, app: App, edge: Edge, client: Address | None = None) -> None:
        self.edge = edge
        self._app = app
        self._client = client
        self._server: Address | None = None
        self._peer: PeerCertificate | None = None
        self._key: str | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    # The transport calls these.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        peer: Any = transport.get_extra_info("peername")
        own: Any = transport.get_extra_info("sockname")
        if self._client is None and peer:
            self._client = (str(peer[0]), int(peer[1]))
        self._server = (str(own[0]), int(own[1])) if own else None
        self._peer = peer_certificate(transport, self.edge.names_in)
        limits = self.edge.limits
        self._out = Outlet(transport)
        self._session = Session(header_bytes=limits.header_bytes, header_count=limits.header_count)
        self._sender = Sender(self._session, self._out)
        self._streams = Streams(self.edge, self._sender, self._out)
        self._streams.host = self._client[0] if self._client is not None else None
        try:
            self._key, refusal = self.edge.enter(self, self._streams.host)
        except ConnectionRefusedError:
            transport.abort()
            return
        self._sender.flush()
        if refusal is not None:
            self.edge.refused(refusal, self._streams.host)
            self._streams.throw_out(refusal.message)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - its signature
        self.edge.leave(self, self._key)
        self._streams.swallow()
        self._out.lost()

    def data_received(self, data: bytes) -> None:
        if self._streams.swallowing or self._out.transport.is_closing():
            return
        try:
            events = self._session.receive_data(data)
        except H2Error as error:
            self._broken(error)
            return
        # For the library these are over already, while their first frames are still to be seen.
        over = {event.stream_id for event in events if isinstance(event, StreamReset)}
        for event in events:
            if not self._streams.swallowing:
                self._on_event(event, over)
        self._sender.flush()

    def pause_writing(self) -> None:
        self._out.pause()

    def resume_writing(self) -> None:
        self._out.resume()

    # The server calls these.

    def tick(self, now: float) -> None:
        """Keep the deadlines; see `edge.Tenant`."""
        if self._out.stalled(now, self.edge.limits.write_stall_seconds):
            self._out.cut()
        else:
            self._streams.tick(now)

    def shutdown(self) -> None:
        """See `edge.Tenant`."""
        self._streams.leave()

    def cut(self) -> None:
        """See `edge.Tenant`."""
        self._out.cut()

    # The frames' events.

    def _on_event(self, event: Event, over: set[int]) -> None:
        if isinstance(event, DataReceived):
            self._on_data(event)
        elif isinstance(event, RequestReceived):
            self._on_request(event, is_over=event.stream_id in over)
        elif isinstance(event, StreamEnded):
            if (stream := self._streams.find(event.stream_id)) is not None:
                stream.body_ended()
                self._streams.retire(stream)
        elif isinstance(event, StreamReset):
            if (stream := self._streams.find(event.stream_id)) is not None:
                stream.cut()
                self._streams.drop(stream)
        elif isinstance(event, WindowUpdated | RemoteSettingsChanged):
            # Settings too, as windows grow with the initial one.
            for stream in self._streams:
                stream.window.set()
        elif isinstance(event, ConnectionTerminated):
            self._streams.leave(silently=True)

    def _on_request(self, event: RequestReceived, *, is_over: bool) -> None:
        streams = self._streams
        full = len(self._running) >= RUNNING_MAX
        if is_over or full or streams.leaving or self.edge.stopping:
            streams.refused += 1
            if streams.refused > REFUSED_STREAMS_MAX:
                streams.throw_out("too many streams: wait for some answers first")
            else:
                self._sender.reset(event.stream_id, ErrorCodes.REFUSED_STREAM)
            return
        try:
            head = read_head(event.headers, self.edge.limits, ended=event.stream_ended is not None)
        except Refused as refused:
            self._refuse_head(event, refused.refusal)
            return
        scope = head.scope(self._client, self._server)
        if self._peer is not None:
            scope[CERTIFICATE] = self._peer.now()
        stream = Stream(streams, event.stream_id, scope, head)
        streams.add(stream)
        # A fresh context: what one request binds (log fields) must not leak into the next.
        task = self._loop.create_task(respond(self._app, stream), context=Context())
        for tasks in (self._running, self.edge.tasks):
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    def _refuse_head(self, event: RequestReceived, refusal: Refusal) -> None:
        ended = event.stream_ended is not None
        method = dict(event.headers).get(b":method", b"").decode("latin-1")
        length = 0 if ended else None
        head = RequestHead(method, b"/", [], length=length, expects_continue=False)
        stream = Stream(self._streams, event.stream_id, {"method": method}, head)
        stream.more_body = not ended
        stream.mute()
        self._streams.add(stream)
        self._streams.refuse(stream, refusal)

    def _on_data(self, event: DataReceived) -> None:
        stream = self._streams.find(event.stream_id)
        controlled = event.flow_controlled_length or 0
        if stream is None:
            self._session.acknowledge_received_data(controlled, event.stream_id)
            return
        stream.body_came(event.data or b"", controlled)
        if stream.response_complete and stream.bytes_in > self.edge.limits.linger_bytes:
            self._streams.forget(stream)

    def _broken(self, error: H2Error) -> None:
        """The peer broke the protocol; `h2` has written the GOAWAY."""
        refusal = invalid(f"this is not well-formed HTTP/2: {error}")
        self.edge.refused(refusal, self._streams.host)
        self._sender.flush()
        self._streams.swallow()
