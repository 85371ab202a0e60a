"""Events as they come: server-sent events (WHATWG HTML, section 9.2).

The id of each is its sequence: a browser, or who does as it does, says the last one it saw when it
comes again, and misses nothing. A stream ends when its caller may not see events any more, when the
server stops, or when nobody reads it.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from entrepot.faces.asgi import Scope, Send
from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.ports.clock import Clock
from entrepot.rules.notifications.notice import Notice
from entrepot.services.feed import Asked, FeedService, Sees

MEDIA_TYPE = "text/event-stream"
STREAMS_MAX = 64
"""Streams of one process."""
STREAMS_OF_ONE_MAX = 8
"""Streams of one caller."""
POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 15.0
"""Longest silence: proxies end connections that say nothing for a minute."""
RECHECK_SECONDS = 30.0
"""How long somebody whose account was switched off goes on seeing events, at most."""
PAGE = 100
RETRY_MILLISECONDS = 2000
"""When browsers come again after a stream has ended."""

Recheck = Callable[[], Awaitable[None]]
"""Raises `Fault` if the caller may not have the stream any more."""
Shown = Callable[[Notice], object]
"""Returns what is sent of an event, as a value of JSON."""


class EventStreams:
    """The streams of one process."""

    def __init__(self, feed: FeedService, clock: Clock) -> None:
        self._feed = feed
        self._clock = clock
        self._open: Counter[str] = Counter()
        self._closing = asyncio.Event()

    def open(self, caller: str, follow: "Following") -> "EventStream":
        """Return a stream, to be sent once. `Fault(TOOMANYREQUESTS)` for one too many."""
        if self._open.total() >= STREAMS_MAX or self._open[caller] >= STREAMS_OF_ONE_MAX:
            raise Fault(
                Code.TOOMANYREQUESTS,
                f"at most {STREAMS_OF_ONE_MAX} streams are open for one caller, and {STREAMS_MAX} "
                "in all: close one, or ask for pages of events",
            )
        self._open[caller] += 1
        return EventStream(self, caller, follow)

    def close(self) -> None:
        """End all streams, and each that is opened from now on."""
        self._closing.set()

    def release(self, caller: str) -> None:
        """Count one stream less."""
        self._open[caller] -= 1
        if self._open[caller] <= 0:
            del self._open[caller]

    @property
    def count(self) -> int:
        """How many are open."""
        return self._open.total()

    @property
    def is_closing(self) -> bool:
        return self._closing.is_set()

    @property
    def feed(self) -> FeedService:
        return self._feed

    def now(self) -> float:
        return self._clock.now()

    async def rest(self) -> None:
        """Wait until the next look, or until the streams end."""
        waits = {
            asyncio.ensure_future(self._closing.wait()),
            asyncio.ensure_future(self._clock.sleep(POLL_SECONDS)),
        }
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()


class Following:
    """What a stream tells, and of what: from which event on, to whom."""

    __slots__ = ("after", "asked", "recheck", "sees", "shown")

    def __init__(
        self, after: int, asked: Asked, *, sees: Sees, recheck: Recheck, shown: Shown
    ) -> None:
        self.after = after
        self.asked = asked
        self.sees = sees
        self.recheck = recheck
        self.shown = shown


class EventStream:
    """One stream: a `faces.asgi.Source`."""

    def __init__(self, streams: EventStreams, caller: str, follow: Following) -> None:
        self._streams = streams
        self._caller = caller
        self._follow = follow
        self._is_open = True

    async def send(self, _scope: Scope, send: Send) -> None:
        """Send what comes until the end."""
        streams = self._streams
        await _body(send, b"retry: %d\n\n" % RETRY_MILLISECONDS)
        said_at = checked_at = streams.now()
        version: int | None = None
        while not streams.is_closing:
            now = streams.now()
            if now - checked_at >= RECHECK_SECONDS:
                checked_at = now
                try:
                    await self._follow.recheck()
                except Fault:
                    break
            seen = streams.feed.version()
            if seen is None or seen != version:
                text, more = await self._page()
                version = None if more else seen
                if text:
                    await _body(send, text)
                    said_at = now
                if more:
                    continue
            if now - said_at >= HEARTBEAT_SECONDS:
                # An id without data is no event, and where the reader goes on all the same.
                await _body(send, b": here\nid: %d\n\n" % self._follow.after)
                said_at = now
            await streams.rest()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _page(self) -> tuple[bytes, bool]:
        follow = self._follow
        found = await self._streams.feed.after(follow.after, PAGE, follow.asked, follow.sees)
        follow.after = found.upto
        text = b"".join(
            b"id: %d\nevent: %b\ndata: %b\n\n"
            % (one.sequence, one.kind.encode(), encode(follow.shown(one)))
            for one in found.events
        )
        return text, found.more

    def close(self) -> None:
        """Let go of its place; once is enough."""
        if self._is_open:
            self._is_open = False
            self._streams.release(self._caller)


async def _body(send: Send, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})
