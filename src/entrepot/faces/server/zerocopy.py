"""Files to sockets without a copy: os.sendfile on a duplicated socket."""

import asyncio
import errno
import os
import socket

CALL_BYTES = 1024 * 1024
CALLS_PER_TURN = 8
"""So that one reader at memory speed gives the loop back after about 1 ms."""

# Holds back the head until the first bytes of the file join it in one segment.
_MSG_MORE = getattr(socket, "MSG_MORE", 0)
_GONE = frozenset(
    {
        errno.EPIPE,
        errno.ECONNRESET,
        errno.ECONNABORTED,
        errno.ENOTCONN,
        errno.ESHUTDOWN,
        errno.ETIMEDOUT,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
    }
)


def can_take_over(transport: asyncio.BaseTransport) -> bool:
    """Whether the bytes on the socket are the bytes of HTTP: plain TCP or Unix, no TLS."""
    if not hasattr(os, "sendfile") or transport.get_extra_info("sslcontext") is not None:
        return False
    own = transport.get_extra_info("socket")
    return own is not None and own.family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)


def duplicate(transport: asyncio.Transport) -> socket.socket:
    """A second descriptor of the transport's socket, for the event loop to watch by itself.

    The caller closes it: until then the peer sees no end of the connection. Raises
    ConnectionResetError when the transport is closing.
    """
    if transport.is_closing():
        raise ConnectionResetError("the connection is closing")
    own = transport.get_extra_info("socket")
    copy = socket.socket(own.family, own.type, own.proto, fileno=os.dup(own.fileno()))
    copy.settimeout(0)
    return copy


class FileSend:
    """One stretch of an open file on its way into a socket, after some bytes of head.

    The descriptors stay the caller's. `sent_bytes` counts bytes of the file.
    """

    __slots__ = ("_done", "_fd", "_head", "_left", "_offset", "sent_bytes")

    def __init__(self, *, head: bytes, fd: int, offset: int, count: int) -> None:
        self._head = head
        self._fd = fd
        self._offset = offset
        self._left = count
        self._done: asyncio.Future[None] | None = None
        self.sent_bytes = 0

    async def run(self, sock: socket.socket) -> None:
        """Send all of it to a non-blocking socket that only this call watches.

        Raises ConnectionResetError when the peer is gone or `give_up` was called, EOFError when
        the file is shorter than said, OSError when it cannot be read. After an error the
        connection is in the middle of a body and good for nothing.
        """
        if self._pump(sock):
            return
        loop = asyncio.get_running_loop()
        self._done = loop.create_future()
        loop.add_writer(sock.fileno(), self._on_writable, sock)
        try:
            await self._done
        finally:
            loop.remove_writer(sock.fileno())

    def give_up(self) -> None:
        """End `run` with ConnectionResetError."""
        if self._done is not None and not self._done.done():
            self._done.set_exception(ConnectionResetError("the client went away"))

    def _on_writable(self, sock: socket.socket) -> None:
        if self._done is None or self._done.done():
            return
        try:
            if self._pump(sock):
                self._done.set_result(None)
        except (OSError, EOFError) as error:
            self._done.set_exception(error)

    def _pump(self, sock: socket.socket) -> bool:
        """Send until the end (True), or until the socket is full or the turn is over."""
        try:
            if self._head:
                self._head = self._head[sock.send(self._head, _MSG_MORE) :]
                if self._head:
                    return False
            for _ in range(CALLS_PER_TURN):
                size = min(self._left, CALL_BYTES)
                sent = os.sendfile(sock.fileno(), self._fd, self._offset, size)
                if sent == 0:
                    raise EOFError("the file is shorter than the announced count")
                self._offset += sent
                self._left -= sent
                self.sent_bytes += sent
                if self._left == 0:
                    return True
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno in _GONE:
                raise ConnectionResetError("the client went away") from error
            raise
        return False
