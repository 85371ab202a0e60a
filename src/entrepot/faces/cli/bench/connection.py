"""One connection of a load: its socket, its script, and how far it has come."""

import os
import socket
import ssl
import sys
from collections import deque

from .answers import Shape
from .chunks import Chunks
from .payload import Span, part_size
from .request import Place, Request, Script

TURN_BYTES = 4 * 1024 * 1024
"""How much is sent on one connection before the others have their turn."""

MORE = socket.MSG_MORE if sys.platform == "linux" else 0
NOTHING = Request(b"")


class Connection:
    """A connection that follows a script.

    Of the body under way, `left` bytes of `total` are to come, or those of `chunks`; `head` is
    what the script wants of the answer, `partial` the beginning of a head that is not whole, and
    `started` is when the unit of work began.
    """

    __slots__ = (
        "_at",
        "_out",
        "_plain",
        "_socket",
        "chunks",
        "closes",
        "fd",
        "head",
        "left",
        "partial",
        "read_into",
        "request",
        "script",
        "send",
        "shape",
        "started",
        "total",
    )

    def __init__(self, script: Script) -> None:
        self.script = script
        self.request = NOTHING
        self.shape: Shape | None = None
        self.chunks: Chunks | None = None
        self.head = self.partial = b""
        self.left = self.total = 0
        self.started = 0.0
        self.closes = False
        self._out: deque[Span | bytes] = deque()
        self._at = 0

    def open(self, place: Place) -> None:
        """Connect, also once more after the server has closed."""
        self._socket = place.connect()
        self._socket.setblocking(False)  # noqa: FBT003 - the standard library's signature
        self._plain = place.context is None
        self.fd = self._socket.fileno()
        self.read_into = self._socket.recv_into
        self.send = self._socket.send
        self.closes = False

    def close(self) -> None:
        """End the connection, whatever is under way."""
        self.fd = -1
        self._socket.close()

    @property
    def sending(self) -> bool:
        """Whether some of the request is still to be sent."""
        return bool(self._out)

    def put(self, request: Request) -> None:
        """Take a request with a body; `write` sends it."""
        self._out.extend((request.head, *request.body))

    def write(self) -> None:
        """Send what can be sent now, at most a turn."""
        turn = 0
        try:
            while self._out and turn < TURN_BYTES:
                sent = self._write(self._out[0], MORE if len(self._out) > 1 else 0)
                turn += sent
                self._at += sent
                if self._at == part_size(self._out[0]):
                    self._out.popleft()
                    self._at = 0
        except (BlockingIOError, ssl.SSLWantWriteError):
            return

    def _write(self, part: Span | bytes, flags: int) -> int:
        if isinstance(part, bytes):
            rest = memoryview(part)[self._at :]
            return self.send(rest, flags) if self._plain else self.send(rest)
        at = part.start + self._at
        size = min(part.stop - at, TURN_BYTES)
        if sys.platform == "linux" and self._plain:
            # From a file in memory: the bytes are not copied on our side.
            return os.sendfile(self.fd, part.file, at, size)
        return self.send(part.view[at : at + size])
