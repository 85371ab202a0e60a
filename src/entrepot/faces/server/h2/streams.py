"""The streams of an HTTP/2 connection, their deadlines, and its end after theirs."""

import asyncio
import math
from collections.abc import Iterator

from h2.errors import ErrorCodes

from entrepot.faces.server.edge import Edge
from entrepot.faces.server.refusal import SLOW_BODY, Refusal

from .outlet import Outlet
from .response import refuse
from .sending import Sender
from .stream import Stream


class Streams:
    """See `stream.Connection`; in `it` are those that either side may still send on.

    A connection that leaves takes no more streams. One that swallows looks at nothing any more:
    what had to be said is said, and the client gets the time to read it.
    """

    def __init__(self, edge: Edge, sender: Sender, out: Outlet) -> None:
        self.edge = edge
        self.sender = sender
        self.leaving = False
        self.swallowing = False
        self.host: str | None = None
        self.refused = 0
        """Streams refused since the last answer."""
        self._out = out
        self._loop = asyncio.get_running_loop()
        self._streams: dict[int, Stream] = {}
        self._deadline = self._loop.time() + edge.limits.header_seconds  # without any streams

    def __iter__(self) -> Iterator[Stream]:
        return iter(tuple(self._streams.values()))

    def add(self, stream: Stream) -> None:
        self._streams[stream.id] = stream
        self._deadline = math.inf

    def find(self, stream_id: int) -> Stream | None:
        return self._streams.get(stream_id)

    def refuse(self, stream: Stream, refusal: Refusal) -> None:
        """Answer instead of the application."""
        self.edge.refused(refusal, self.host)
        refuse(stream, refusal)

    def on_response_complete(self, stream: Stream) -> None:
        """See `stream.Connection`."""
        self.edge.total_requests += 1
        self.refused = 0
        missing = stream.missing_bytes
        if stream.more_body and (missing is None or missing > self.edge.limits.linger_bytes):
            self.forget(stream)
        else:
            stream.deadline = self._loop.time() + self.edge.limits.linger_seconds
            self.retire(stream)

    def retire(self, stream: Stream) -> None:
        """Let go of the stream if both sides have ended."""
        if stream.response_complete and not stream.more_body:
            self.drop(stream)

    def forget(self, stream: Stream) -> None:
        """The answer is sent, and the rest of the body not wanted (RFC 9113 section 8.1)."""
        if self.drop(stream):
            self.sender.reset(stream.id, ErrorCodes.NO_ERROR)

    def reset(self, stream: Stream) -> None:
        """See `stream.Connection`."""
        stream.cut()
        if self.drop(stream):
            self.sender.reset(stream.id, ErrorCodes.INTERNAL_ERROR)

    def drop(self, stream: Stream) -> bool:
        """Take a stream out; False if it was not in."""
        if self._streams.pop(stream.id, None) is None:
            return False
        self._wait_without()
        return True

    def cut(self) -> None:
        """All clients of streams are gone."""
        for stream in self._streams.values():
            stream.cut()
        self._streams.clear()

    def tick(self, now: float) -> None:
        """Keep the deadlines; `now` is the loop's time."""
        if now >= self._deadline:
            self._expire(now)
        stall_seconds = self.edge.limits.write_stall_seconds
        for stream in self:
            since = stream.window_awaited_since
            if stream.deadline is not None and now >= stream.deadline:
                self.forget(stream)
            elif since is not None and now - since >= stall_seconds:
                self.reset(stream)
            elif stream.too_slow(now):
                self.refuse(stream, SLOW_BODY)

    def leave(self, *, silently: bool = False) -> None:
        """Take no more streams, and close when those that are there have ended."""
        if not self.leaving:
            self.leaving = True
            if not silently:
                self.sender.go_away(ErrorCodes.NO_ERROR)
            self._wait_without()

    def throw_out(self, message: str) -> None:
        """End the connection, and say why."""
        self.cut()
        self.sender.go_away(ErrorCodes.ENHANCE_YOUR_CALM, message)
        self.swallow()

    def swallow(self) -> None:
        """Say and see nothing more, and close soon."""
        self.cut()
        self.leaving = self.swallowing = True
        self._wait_without()

    def _wait_without(self) -> None:
        """With the last stream begins the time that the connection stays without any.

        A client that was told to leave has read the last answer when it closes: closing first,
        with bytes of it unread, would send a reset, which can take the answer from it.
        """
        if not self._streams:
            limits = self.edge.limits
            seconds = limits.linger_seconds if self.leaving else limits.idle_seconds
            self._deadline = self._loop.time() + seconds

    def _expire(self, now: float) -> None:
        transport = self._out.transport
        if transport.is_closing():
            transport.abort()  # it does not even read what is written
        elif self.leaving:
            self._deadline = now + self.edge.limits.write_stall_seconds
            transport.close()
        else:
            self.leave()
