"""A load client: many connections, one thread, no HTTP library in between.

Each connection follows a script, a generator that yields requests and is sent the head of each
answer it wants to see. Bodies are counted to the byte but, on Linux, not copied (`MSG_TRUNC`), and
pushed ones go out by `sendfile`, so that the client takes as little of the machine as it can.
"""

import socket
import ssl
import sys
import time
from collections.abc import Iterable
from mmap import mmap

from .answers import END, HEAD_MAX_BYTES, parse
from .chunks import Chunks
from .connection import Connection
from .poller import READABLE, WRITABLE, poller
from .request import STALL_SECONDS, LoadError, Place, Script, Tally

SINK_BYTES = 8 * 1024 * 1024
"""How much of a body is taken at once."""

TRUNCATE = socket.MSG_TRUNC if sys.platform == "linux" else 0


class Load:
    """Runs scripts on connections to one server, all at once.

    With `seconds`, no unit of work begins later than that; with `cut` too, one that is under way
    then is left, and the share of its body that has come counts. Without, scripts run to their end.
    """

    def __init__(
        self, place: Place, scripts: Iterable[Script], *, seconds: float = 0.0, cut: bool = False
    ) -> None:
        self._place = place
        self._seconds = seconds or float("inf")
        self._cut = cut
        self._until = 0.0
        self._connections = [Connection(script) for script in scripts]
        self._poller = poller()
        self._open: dict[int, Connection] = {}
        self._tally = Tally()
        self._head = bytearray(HEAD_MAX_BYTES)
        # Memory that is never touched, where bodies are not copied.
        self._sink = mmap(-1, SINK_BYTES)
        self._secure = place.context is not None
        self._flags = 0 if self._secure else TRUNCATE

    def run(self) -> Tally:
        """Do it all, once. Raises `LoadError` at the first answer that is not as it should be."""
        try:
            for connection in self._connections:
                self._connect(connection)
            self._run()
        except OSError as error:
            raise LoadError(f"{self._place.host}:{self._place.port}: {error}") from error
        finally:
            for connection in self._open.values():
                connection.close()
            self._sink.close()
            self._poller.close()
        return self._tally

    def _run(self) -> None:
        cpu = time.process_time()
        begun = time.perf_counter()
        self._until = begun + self._seconds
        for connection in self._connections:
            self._next(connection, b"", begun)
        while self._open:
            wait = STALL_SECONDS
            if self._cut:
                wait = min(wait, self._until - time.perf_counter())
                if wait <= 0:
                    break
            self._turn(wait)
        ended = time.perf_counter()
        for connection in self._open.values():
            if connection.total:
                self._tally.units += 1 - connection.left / connection.total
        self._tally.seconds = ended - begun
        self._tally.cpu_seconds = time.process_time() - cpu

    def _turn(self, wait: float) -> None:
        events = self._poller.poll(wait)
        if not events and wait == STALL_SECONDS:
            raise LoadError(f"no byte came for {STALL_SECONDS:.0f} s")
        for fd, event in events:
            connection = self._open[fd]
            if event & WRITABLE:
                self._write(connection)
            if event & ~WRITABLE:
                self._read(connection)

    def _read(self, connection: Connection) -> None:
        try:
            while True:
                if connection.left:
                    self._read_body(connection)
                else:
                    self._read_head(connection)
                # TLS may hold more than the poller knows of.
                if not self._secure or connection.fd < 0:
                    return
        except (BlockingIOError, ssl.SSLWantReadError):
            return

    def _read_body(self, connection: Connection) -> None:
        got = connection.read_into(self._sink, min(connection.left, SINK_BYTES), self._flags)
        if not got:
            raise LoadError(f"the server closed with {connection.left} bytes of a body to come")
        self._tally.body_bytes += got
        connection.left -= got
        if not connection.left:
            self._answered(connection, connection.head)

    def _read_head(self, connection: Connection) -> None:
        head, shape, request = self._head, connection.shape, connection.request
        got = connection.read_into(head)
        if (
            shape is not None
            and shape.request is request
            and got == shape.size
            and not connection.partial
            and head.startswith(request.good)
            and head.startswith(shape.length, shape.length_at)
            and head.startswith(END, shape.end)
        ):
            self._tally.body_bytes += got - shape.end - len(END)
            self._answered(connection, b"")
        elif not got:
            raise LoadError("the server closed the connection instead of answering")
        elif connection.chunks is not None:
            self._chunked(connection, connection.chunks, bytes(head[:got]))
        else:
            self._parse(connection, connection.partial + head[:got])

    def _parse(self, connection: Connection, data: bytes) -> None:
        """Read a head for the first time, or one that is not like the one before."""
        request = connection.request
        answer = parse(request, data)
        connection.partial = data if answer is None else b""
        if answer is None:
            return
        if connection.sending:
            raise LoadError(f"{request.name}: answered before all of the body was sent")
        connection.closes = answer.closes
        connection.shape = answer.shape
        head = answer.head if request.wants_head else b""
        if answer.chunked:
            connection.chunks = Chunks(head)
            self._chunked(connection, connection.chunks, answer.body)
            return
        self._tally.body_bytes += len(answer.body)
        connection.total = answer.length
        connection.left = answer.length - len(answer.body)
        connection.head = head
        if not connection.left:
            self._answered(connection, head)

    def _chunked(self, connection: Connection, chunks: Chunks, data: bytes) -> None:
        before = chunks.size
        done = chunks.feed(data)
        self._tally.body_bytes += chunks.size - before
        if done:
            connection.chunks = None
            self._answered(connection, chunks.head)

    def _answered(self, connection: Connection, head: bytes) -> None:
        now = time.perf_counter()
        connection.total = 0
        if connection.closes:
            self._disconnect(connection)
            self._connect(connection)
        if connection.request.ends:
            self._tally.units += 1
            self._tally.latencies.append(now - connection.started)
            if now >= self._until:
                self._disconnect(connection)
                return
        self._next(connection, head, now)

    def _next(self, connection: Connection, head: bytes, now: float) -> None:
        """Send the script's next request."""
        begins = connection.request.ends
        try:
            # A generator that has not begun takes only None.
            script = connection.script
            request = script.send(head) if connection.started else next(script)
        except StopIteration:
            self._disconnect(connection)
            return
        if begins:
            connection.started = now
        connection.request = request
        if request.body:
            connection.put(request)
            self._write(connection)
        elif connection.send(request.head) != len(request.head):
            raise LoadError("the server does not read requests")

    def _write(self, connection: Connection) -> None:
        connection.write()
        mask = READABLE | WRITABLE if connection.sending else READABLE
        self._poller.modify(connection.fd, mask)

    def _connect(self, connection: Connection) -> None:
        connection.open(self._place)
        self._open[connection.fd] = connection
        self._poller.register(connection.fd, READABLE)

    def _disconnect(self, connection: Connection) -> None:
        self._poller.unregister(connection.fd)
        del self._open[connection.fd]
        connection.close()
