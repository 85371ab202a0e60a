"""The way out of a connection: writes, and whether the peer reads them."""

import asyncio

from entrepot.faces.server.wire import reset, unread_bytes

BUFFER_BYTES = 256 * 1024
"""What is held for a peer that does not read; a body waits beyond it."""
BACKLOG_BYTES = 1024 * 1024
"""Beyond this of unread answers (to pings, settings, resets) nothing more is read from a peer."""


class Outlet:
    """One transport, written to in pieces of bounded size."""

    __slots__ = ("_mark", "_marked_at", "_open", "_reading", "transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self._open = asyncio.Event()
        self._open.set()
        self._reading = True
        self._mark = (0, 0)
        self._marked_at: float | None = None
        transport.set_write_buffer_limits(high=BUFFER_BYTES)

    def write(self, data: bytes) -> None:
        if data and not self.transport.is_closing():
            self.transport.write(data)
            if self._reading and self.transport.get_write_buffer_size() > BACKLOG_BYTES:
                self._reading = False
                self.transport.pause_reading()

    def pause(self) -> None:
        self._open.clear()

    def resume(self) -> None:
        self._open.set()
        if not self._reading:
            self._reading = True
            self.transport.resume_reading()

    async def ready(self) -> None:
        """Wait until the buffer has room, or the connection is lost."""
        if not self._open.is_set():
            await self._open.wait()

    def lost(self) -> None:
        """Whoever waits to write need not any more."""
        self._open.set()

    def cut(self) -> None:
        """Reset the connection, so that the peer cannot take what it has for the whole."""
        reset(self.transport)

    def stalled(self, now: float, seconds: float) -> bool:
        """Whether the peer has read nothing for so long; asked at every tick.

        What counts is what the peer has acknowledged: a slow reader takes minutes to make the
        kernel's buffer, of some MiB, writable again.
        """
        held = self.transport.get_write_buffer_size()
        if held == 0:
            self._marked_at = None
            return False
        mark = (held, unread_bytes(self.transport))
        if mark != self._mark or self._marked_at is None:
            self._mark, self._marked_at = mark, now
            return False
        return now - self._marked_at >= seconds
