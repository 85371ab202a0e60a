"""The byte side of a connection: writes, files, how far the peer has read."""

import asyncio
import fcntl
import socket
import struct
import termios

from uvicorn.protocols.http.flow_control import FlowControl

from .edge import Edge
from .zerocopy import FileSend, can_take_over, duplicate


class Wire:
    """One transport and what is under way on it.

    `raw` says whether the socket carries the bytes of HTTP themselves (no TLS), so that files
    and bodies may go past the transport.
    """

    __slots__ = ("_job", "_mark", "_marked_at", "edge", "flow", "raw", "transport")

    def __init__(self, edge: Edge, transport: asyncio.Transport, flow: FlowControl) -> None:
        self.edge = edge
        self.transport = transport
        self.flow = flow
        self.raw = can_take_over(transport)
        self._job: FileSend | None = None
        self._mark = (0, 0)
        self._marked_at = 0.0

    def duplicate(self) -> socket.socket:
        """See `zerocopy.duplicate`."""
        return duplicate(self.transport)

    async def send_file(self, job: FileSend) -> None:
        """Send what the transport still holds and then the file. Errors as in `FileSend.run`."""
        if not self.raw:
            raise RuntimeError("zero-copy sending was not offered on this connection")
        await self._flushed()
        with self.duplicate() as sock:
            self._job = job
            try:
                await job.run(sock)
            finally:
                self._job = None

    async def _flushed(self) -> None:
        """Wait until all that was written to the transport is with the kernel."""
        transport = self.transport
        if transport.get_write_buffer_size() == 0:
            return
        # With a mark of 0 the transport pauses us now and resumes us when it is empty.
        transport.set_write_buffer_limits(high=0)
        try:
            await self.flow.drain()
        finally:
            transport.set_write_buffer_limits()

    def cut(self) -> None:
        """Reset the connection, so that the peer cannot take what it has for the whole."""
        reset(self.transport)

    def lost(self) -> None:
        """The connection is gone: whoever waits to write need not any more."""
        if self._job is not None:
            self._job.give_up()
        self.flow.resume_writing()

    def stalled(self, now: float) -> bool:
        """Whether the peer has read nothing for too long, although there is something to read.

        Asked at every tick. What counts is what the peer has acknowledged: a slow reader takes
        minutes to make the kernel's buffer, of some MiB, writable again.
        """
        job = self._job
        held = self.transport.get_write_buffer_size()
        if job is None and held == 0:
            self._marked_at = 0.0
            return False
        mark = (job.sent_bytes if job is not None else -held, unread_bytes(self.transport))
        if mark != self._mark or not self._marked_at:
            self._mark, self._marked_at = mark, now
            return False
        return now - self._marked_at >= self.edge.limits.write_stall_seconds


def reset(transport: asyncio.Transport) -> None:
    """Reset the connection, so that the peer cannot take what it has for the whole."""
    own = transport.get_extra_info("socket")
    if own is not None and not transport.is_closing():
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def unread_bytes(transport: asyncio.Transport) -> int:
    """Bytes in the kernel that the peer has not acknowledged; 0 where that is not known."""
    own = transport.get_extra_info("socket")
    if own is None or transport.is_closing():
        return 0
    try:
        return int(struct.unpack("i", fcntl.ioctl(own.fileno(), termios.TIOCOUTQ, bytes(4)))[0])
    except OSError:
        return 0
