"""One request: its scope, its body as it comes, and what is known of its response."""

import asyncio
import time
from typing import Protocol

from entrepot.faces.asgi import Message, Scope

from .hooks import STATUS_CLIENT_GONE, Hooks, tell
from .limits import BodyPace
from .plain import Write
from .wire import Wire


class Connection(Protocol):
    """What an exchange needs of the connection it runs on."""

    wire: Wire

    def want_body(self, exchange: "Exchange") -> None:
        """Read on: the application waits for more of the body."""
        ...

    async def drain_body(self, exchange: "Exchange", write: Write) -> None:
        """See `Exchange.drain`."""
        ...

    def on_response_complete(self) -> None:
        """Go on with the next request, or close."""
        ...


class Exchange:
    """A request and the state of its response.

    `length` is the body's Content-Length, 0 for no body, None for a chunked one. `more_body`
    turns False when the parser or the drain saw the body's end; `disconnected` turns True when
    the client is gone or was refused before the response was complete.
    """

    __slots__ = (
        "_changed",
        "_delivered",
        "_hooks",
        "_pace",
        "_reported",
        "_started_at",
        "body",
        "bytes_in",
        "bytes_out",
        "connection",
        "disconnected",
        "drained",
        "expects_continue",
        "keep_alive",
        "length",
        "more_body",
        "response_complete",
        "scope",
        "status",
    )

    def __init__(
        self,
        connection: Connection,
        scope: Scope,
        *,
        length: int | None,
        keep_alive: bool,
        expects_continue: bool,
        pace: BodyPace | None,
        hooks: Hooks,
    ) -> None:
        self.connection = connection
        self.scope = scope
        self.length = length
        self.body = bytearray()
        self.more_body = True
        self.drained = False
        self.expects_continue = expects_continue
        self.bytes_in = 0
        self.keep_alive = keep_alive
        self.status: int | None = None  # once the head of the response is sent
        self.bytes_out = 0
        self.response_complete = False
        self.disconnected = False
        self._delivered = False
        self._changed: asyncio.Event | None = None
        self._pace = pace
        self._hooks = hooks
        self._reported = False
        self._started_at = time.perf_counter()

    def wake(self) -> None:
        """Something that `receive` waits for has changed."""
        if self._changed is not None:
            self._changed.set()

    def cut(self) -> None:
        """The client is gone, or what it sends is refused."""
        if not self.response_complete:
            self.disconnected = True
            self.wake()

    async def receive(self) -> Message:
        """ASGI: the next part of the body; the disconnect comes after all that was received."""
        while not self.response_complete:
            if self.body or not (self.more_body or self._delivered):
                self._delivered = not self.more_body
                body, self.body = bytes(self.body), bytearray()
                return {"type": "http.request", "body": body, "more_body": self.more_body}
            if self.disconnected:
                break
            await self._wait()
        return {"type": "http.disconnect"}

    async def _wait(self) -> None:
        if self._changed is None:
            self._changed = asyncio.Event()
        self._changed.clear()
        pace = self._pace
        if not self.more_body or pace is None:
            await self._changed.wait()
            return
        loop = asyncio.get_running_loop()
        self.send_continue()
        self.connection.want_body(self)
        pace.wait_begins(loop.time())
        try:
            await self._changed.wait()
        finally:
            pace.wait_ends(loop.time())

    def too_slow(self, now: float) -> bool:
        return self._pace is not None and self._pace.too_slow(now, self.bytes_in)

    @property
    def missing_bytes(self) -> int | None:
        """How much of the body is still to come; None when that cannot be known."""
        # A client that waits for 100 may or may not send its body after another answer, and a
        # drain that failed has left the parser behind.
        if self.length is None or self.expects_continue or self.drained:
            return None
        return self.length - self.bytes_in

    def send_continue(self) -> None:
        """Tell a client that waits for it to send its body (RFC 9110, section 10.1.1)."""
        if self.expects_continue and not self.connection.wire.transport.is_closing():
            self.connection.wire.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.expects_continue = False

    async def drain(self, write: Write) -> None:
        """Give the rest of the request body to the blocking `write`, in order.

        One call at a time, in a worker thread or, for at most 64 KiB that are here already, on
        the loop; a view is valid only during its call. Raises ConnectionResetError when the
        client vanished, was too slow or broke the framing, after all that came was written; what
        `write` raises passes through. Afterwards `receive` yields no more body. When the task is
        cancelled, the running call is waited for.
        """
        if self.drained:
            raise RuntimeError("the request body can be drained once")
        await self.connection.drain_body(self, write)
        self._delivered = True

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
        hook = self._hooks.on_response
        tell("on_response", hook, self.scope, status, self.bytes_in, self.bytes_out, seconds)
