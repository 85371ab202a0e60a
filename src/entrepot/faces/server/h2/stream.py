"""A request on an HTTP/2 connection: its body, and what came of its answer."""

import asyncio
import math
import time
from collections import deque
from typing import Protocol

from entrepot.faces.asgi import DRAIN, Headers, Message, Scope
from entrepot.faces.server.edge import Edge
from entrepot.faces.server.hooks import STATUS_CLIENT_GONE, tell
from entrepot.faces.server.limits import BodyPace
from entrepot.faces.server.plain import Write, drain_plain

from .head import RequestHead

MESSAGE_BYTES = 256 * 1024
"""When a part of a body is enough for one message: a drain holds two of them."""


class Sender(Protocol):
    """What goes out on streams. None of these must be called for one that is disconnected."""

    def taken(self, stream: "Stream", count: int) -> None:
        """So many bytes of flow control are free again; this one may be called at any time."""
        ...

    def go_on(self, stream: "Stream") -> None:
        """Send 100 Continue."""
        ...

    def head(self, stream: "Stream", fields: Headers, *, ended: bool) -> None:
        """Send the head, if it is all; otherwise it goes out with what is sent next."""
        ...

    async def body(self, stream: "Stream", data: bytes, *, ended: bool) -> None:
        """Send all of it as the client takes it; ConnectionResetError when it is gone."""
        ...

    def last(self, stream: "Stream", data: bytes) -> bool:
        """Send the end of a body with the stream's; False if the client takes it not at once."""
        ...

    def end(self, stream: "Stream") -> None: ...


class Connection(Protocol):
    """What a stream needs of the connection it runs on."""

    edge: Edge

    @property
    def sender(self) -> Sender: ...

    def reset(self, stream: "Stream") -> None:
        """End the stream so that what was sent of it cannot be taken for the whole."""
        ...

    def on_response_complete(self, stream: "Stream") -> None: ...


class Stream:
    """A request and the state of its response.

    `more_body` turns False when the client ended its side; `disconnected` turns True when the
    client reset the stream, with whatever code, or is gone, or was refused. A body that was cut
    thus always ends in a disconnect and never in `more_body: False`.
    """

    __slots__ = (
        "_body",
        "_changed",
        "_delivered",
        "_expects_continue",
        "_pace",
        "_reported",
        "_started_at",
        "bytes_in",
        "bytes_out",
        "connection",
        "deadline",
        "disconnected",
        "id",
        "length",
        "more_body",
        "response_complete",
        "scope",
        "status",
        "window",
        "window_awaited_since",
    )

    def __init__(
        self, connection: Connection, stream_id: int, scope: Scope, head: RequestHead
    ) -> None:
        self.connection = connection
        self.id = stream_id
        self.scope = scope
        self.length = head.length
        self.more_body = True
        self.bytes_in = 0
        self.bytes_out = 0
        self.status: int | None = None  # once the head of the response is sent
        self.response_complete = False
        self.disconnected = False
        self.window = asyncio.Event()
        self.window_awaited_since: float | None = None
        self.deadline: float | None = None  # of a body that nobody wants any more
        self._expects_continue = head.expects_continue
        self._body: deque[tuple[bytes, int]] = deque()  # what came, and what it took of windows
        self._changed: asyncio.Event | None = None
        self._delivered = False
        self._pace = BodyPace(connection.edge.limits) if head.length != 0 else None
        self._reported = False
        self._started_at = time.perf_counter()
        scope["extensions"] = {DRAIN: {"drain": self.drain}}

    # The connection calls these.

    def body_came(self, data: bytes, controlled_bytes: int) -> None:
        """A part of the body came, which took so much of the windows (data and padding)."""
        self.bytes_in += len(data)
        if self.response_complete or self.disconnected:
            self.connection.sender.taken(self, controlled_bytes)
            return
        self._body.append((data, controlled_bytes))
        self._wake()

    def body_ended(self) -> None:
        self.more_body = False
        self._wake()

    def cut(self) -> None:
        """The client is gone, or what it sends is refused."""
        if not self.response_complete:
            self.disconnected = True
            self._wake()
            self.window.set()

    def too_slow(self, now: float) -> bool:
        """Whether the client sends its body too slowly while the application waits for it."""
        return self._pace is not None and self._pace.too_slow(now, self.bytes_in)

    @property
    def missing_bytes(self) -> int | None:
        """How much of the body is still to come; None when that cannot be known."""
        if self.length is None or self._expects_continue:
            return None
        return self.length - self.bytes_in

    # The application calls these.

    async def receive(self) -> Message:
        """ASGI: the next part of the body; the disconnect comes after all that was received."""
        while not self.response_complete:
            if self._body or not (self.more_body or self._delivered):
                part = self._take(MESSAGE_BYTES)
                self._delivered = not (self.more_body or self._body)
                return {"type": "http.request", "body": part, "more_body": not self._delivered}
            if self.disconnected:
                break
            await self._wait()
        return {"type": "http.disconnect"}

    async def drain(self, write: Write) -> None:
        """As `exchange.Exchange.drain`; here the bytes always come by way of the loop."""
        await drain_plain(self.receive, write, executor=self.connection.edge.threads.executor)

    def _take(self, size_bytes: float) -> bytes:
        """Take what is there until it is so much, and let the client send as much again."""
        parts: list[bytes] = []
        taken = 0
        while self._body and taken < size_bytes:
            part, controlled = self._body.popleft()
            parts.append(part)
            taken += controlled
        self.connection.sender.taken(self, taken)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _wait(self) -> None:
        if self._changed is None:
            self._changed = asyncio.Event()
        self._changed.clear()
        pace = self._pace
        if not self.more_body or pace is None:
            await self._changed.wait()
            return
        if self._expects_continue:
            self._expects_continue = False
            self.connection.sender.go_on(self)
        loop = asyncio.get_running_loop()
        pace.wait_begins(loop.time())
        try:
            await self._changed.wait()
        finally:
            pace.wait_ends(loop.time())

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.set()

    # The end.

    def complete(self) -> None:
        """The response is sent, all of it."""
        self.response_complete = True
        self._expects_continue = False
        self.discard_body()
        self._wake()
        self.report()

    def discard_body(self) -> None:
        """Let go of what was received and not read."""
        if self._body:
            self._take(math.inf)

    def mute(self) -> None:
        """No application sees this request, so the observer does not hear of it as a response."""
        self._reported = True

    def release(self) -> None:
        """Break the reference cycle by way of the scope's extensions, so that no GC is needed."""
        self.scope = {}

    def report(self) -> None:
        """Tell the observer, once."""
        if self._reported:
            return
        self._reported = True
        status = STATUS_CLIENT_GONE if self.status is None else self.status
        seconds = time.perf_counter() - self._started_at
        hook = self.connection.edge.hooks.on_response
        tell("on_response", hook, self.scope, status, self.bytes_in, self.bytes_out, seconds)
