"""A request body's way from the socket into a blocking sink, past the event loop.

While the client sends fast, a worker thread reads the socket without blocking and writes; the
GIL is free in recv, hash and write. When nothing came for 2 ms the socket goes back to the loop,
which gathers what trickles in until it is worth a thread again. So a slow client pins no thread,
and a fast one never waits for the loop.
"""

import asyncio
import select
import socket
import time
from collections.abc import Callable

from .limits import KIB, BodyPace
from .plain import INLINE_BYTES, Write
from .refusal import Refusal, Refused
from .threads import DrainThreads

IDLE_MS = 2
GATHER_BYTES = 128 * KIB
READ_BYTES = 64 * KIB
TURN_SECONDS = 0.05
"""After this a thread leaves a client that sent less than GATHER_BYTES in it (2.6 MB/s), and any
client when others wait for a thread."""


class BodyDrain:
    """One body. Its methods run on the loop or in one thread, never in both at once.

    `length` is what is still missing of a body with Content-Length; None is a chunked body,
    whose raw bytes go to `feed`, which calls `take` for data and `end` at the end and raises
    Refused. After `run` one of these may be set: `ended`, `gone` (the client closed or reset the
    connection) or `refusal` (the framing is broken); none after a failed write or `give_up`.
    """

    def __init__(
        self,
        sock: socket.socket,
        write: Write,
        *,
        threads: DrainThreads,
        length: int | None,
        feed: Callable[[memoryview], None],
        pace: BodyPace,
        received_bytes: int,
    ) -> None:
        self._sock = sock
        self._write = write
        self._threads = threads
        self._missing = length
        self._feed = feed
        self._pace = pace
        self.received_bytes = received_bytes
        self.ended = length == 0
        self.gone = False
        self.refusal: Refusal | None = None
        self._stopped = False
        self._pieces: list[bytes | bytearray] = []
        self._pieces_bytes = 0
        self._plain: memoryview | None = None  # where a thread collects the data of chunks
        self._fill = 0
        self._waker: asyncio.Future[None] | None = None

    async def run(self, first: bytearray) -> None:
        """Write `first` and then the rest of the body.

        Raises ConnectionResetError when there is no more to come although the body has not
        ended, after all that came was written; what the sink raises passes through.
        """
        if first:
            self._pieces.append(first)
            self._pieces_bytes = len(first)
        wait_first = self._missing is not None and self._missing <= INLINE_BYTES
        while not self._over():
            if wait_first:
                await self._gather()
            if self._over() and self._pieces_bytes <= INLINE_BYTES:
                break
            wait_first = await self._threads.run(self._burst, on_cancel=self.give_up)
        self._flush()
        if not self.ended:
            raise ConnectionResetError("the client went away within the request body")

    def give_up(self) -> None:
        """End `run` soon: nothing more is wanted from the client."""
        self._stopped = True
        self._wake()

    def take(self, data: bytes) -> None:
        """Body bytes from the parser of a chunked body."""
        size = len(data)
        self.received_bytes += size
        if self._plain is not None:
            self._plain[self._fill : self._fill + size] = data
            self._fill += size
        else:
            self._pieces.append(data)
            self._pieces_bytes += size

    def end(self) -> None:
        """The parser saw the end of a chunked body."""
        self.ended = True

    def too_slow(self, now: float) -> bool:
        return self._pace.too_slow(now, self.received_bytes)

    def _over(self) -> bool:
        return self.ended or self.gone or self._stopped

    # On the loop.

    async def _gather(self) -> None:
        """Read what trickles in until a thread is worth it or nothing more will come."""
        loop = asyncio.get_running_loop()
        descriptor = self._sock.fileno()
        self._waker = loop.create_future()
        loop.add_reader(descriptor, self._on_readable)
        self._pace.wait_begins(loop.time())
        try:
            await self._waker
        finally:
            loop.remove_reader(descriptor)
            self._pace.wait_ends(loop.time())
            self._waker = None

    def _on_readable(self) -> None:
        wanted = READ_BYTES if self._missing is None else min(READ_BYTES, self._missing)
        try:
            data = self._sock.recv(wanted)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.gone = True
        elif self._missing is None:
            self._parse(memoryview(data))
        else:
            self.take(data)
            self._missing -= len(data)
            self.ended = self._missing == 0
        if self._over() or len(data) == READ_BYTES or self._pieces_bytes >= GATHER_BYTES:
            self._wake()

    def _wake(self) -> None:
        if self._waker is not None and not self._waker.done():
            self._waker.set_result(None)

    # In a thread.

    def _burst(self) -> bool:
        """Read and write while bytes are there. Returns whether to wait for more on the loop."""
        self._flush()
        poller = select.poll()
        poller.register(self._sock.fileno(), select.POLLIN)
        read = self._read_chunked if self._missing is None else self._read_counted
        with self._threads.buffer() as buffer:
            while not self._over():
                enough = self.received_bytes + GATHER_BYTES
                turn_ends = time.monotonic() + TURN_SECONDS
                while not self._over() and time.monotonic() < turn_ends:
                    if read(buffer):
                        continue
                    if not poller.poll(IDLE_MS):
                        return True
                if self._threads.contended or self.received_bytes < enough:
                    return self.received_bytes < enough
        return False

    def _read_counted(self, buffer: memoryview) -> bool:
        """Fill the buffer as far as bytes are there, and write it. Returns whether there were."""
        missing = self._missing or 0
        fill, room = 0, min(len(buffer), missing)
        while fill < room:
            count = self._receive(buffer[fill:room])
            if count == 0:
                break
            fill += count
        self._missing = missing - fill
        self.received_bytes += fill
        self.ended = self._missing == 0
        if fill:
            self._write(buffer[:fill])
        return fill > 0

    def _read_chunked(self, buffer: memoryview) -> bool:
        """Parse what is there, and write the data in it. Returns whether there was something.

        The parser's copies go into the second half of the buffer and are freed at once: kept
        and joined they would cost more, in page faults, than hashing them.
        """
        half = len(buffer) // 2
        raw, self._plain = buffer[:half], buffer[half:]
        some = False
        while not self._over() and self._fill < half // 2:
            count = self._receive(raw[: half - self._fill])
            if count == 0:
                break
            some = True
            self._parse(raw[:count])
        view, self._plain = self._plain[: self._fill], None
        self._fill = 0
        if view:
            self._write(view)
        return some

    def _receive(self, room: memoryview) -> int:
        """Read once; 0 when nothing is there now, or nothing will come any more (`gone`)."""
        try:
            count = self._sock.recv_into(room)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            count = 0
        if count == 0:
            self.gone = True
        return count

    def _parse(self, data: memoryview) -> None:
        try:
            self._feed(data)
        except Refused as refused:
            self.refusal = refused.refusal
            self._stopped = True

    def _flush(self) -> None:
        pieces = self._pieces
        if not pieces:
            return
        self._pieces, self._pieces_bytes = [], 0
        self._write(memoryview(pieces[0] if len(pieces) == 1 else b"".join(pieces)))
