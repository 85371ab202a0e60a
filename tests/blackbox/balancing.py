"""A balancer for tests: every request goes to the next server that is ready.

HTTP/1.1 without TLS, heads passed on byte for byte. Like a careful proxy it sends a request to
another server only where the connection was refused: then it surely did nothing.
"""

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.servers.faults import CONNECT_SECONDS
from tests.servers.httpfaults import BODILESS, HEAD_MAX_BYTES, Head, body_of

CHECK_SECONDS = 0.1
CHECK_MAX_SECONDS = 3.0
NONE_READY_SECONDS = 20.0
BODY_LEFT_SECONDS = 2.0
"""How long the rest of a body may take that was answered before its end."""
SEEN_MAX = 20_000
TLS_HANDSHAKE = b"\x16"
HERE = "127.0.0.1"

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(slots=True)
class Upstream:
    """A server, and whether it said that it is ready."""

    port: int
    is_ready: bool


@dataclass(frozen=True, slots=True)
class Passed:
    """A request with its answer's status; 502 where the server broke off, 503 where none was."""

    head: Head
    port: int
    status: int
    took_seconds: float = 0.0

    @property
    def line(self) -> str:
        return f"{' '.join(self.head.first[:2])} -> {self.status} from {self.port}"


@dataclass(slots=True)
class Balancer:
    """Listens on `port` while it is entered; runs on a thread of its own, for clients that block.

    Without `checks` every server is always ready.
    """

    ports: Sequence[int]
    checks: bool = True
    port: int = 0
    seen: deque[Passed] = field(default_factory=lambda: deque(maxlen=SEEN_MAX))
    """The last requests, in the order of their answers."""
    refused: int = 0
    """How often a server that was ready, as far as is known here, refused a connection."""
    _upstreams: list[Upstream] = field(default_factory=list)
    _turn: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __enter__(self) -> Self:
        self._upstreams = [Upstream(port, not self.checks) for port in self.ports]
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join()

    @property
    def url(self) -> str:
        return f"http://{HERE}:{self.port}"

    def ready(self) -> list[int]:
        """Return the ports of those that take requests."""
        return [each.port for each in self._upstreams if each.is_ready]

    def served(self) -> Counter[int]:
        """Count what each server answered, by its port."""
        return Counter(each.port for each in self.seen)

    def failed(self) -> list[str]:
        """Tell the requests that were answered with a server's failure."""
        return [each.line for each in self.seen if each.status >= 500]

    # --- on its thread ---------------------------------------------------------------------

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._accept, HERE, self.port, limit=HEAD_MAX_BYTES)
        )
        self.port = server.sockets[0].getsockname()[1]
        for each in self._upstreams if self.checks else ():
            self._keep(self._check(each))
        started.set()
        self._loop.run_forever()
        server.close()
        for task in self._tasks:
            task.cancel()
        left = asyncio.gather(*self._tasks, return_exceptions=True)
        self._loop.run_until_complete(left)
        self._loop.close()

    def _keep(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _check(self, upstream: Upstream) -> None:
        while True:
            upstream.is_ready = await _says_ready(upstream.port)
            await asyncio.sleep(CHECK_SECONDS)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._keep(self._serve(reader, writer))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._next(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client broke off, or speaks no HTTP: nobody is left to be told
        finally:
            writer.close()

    async def _next(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Pass one request on; tell whether another may follow."""
        first = await reader.readexactly(1)
        if first == TLS_HANDSHAKE:
            # Clients that try TLS first tell by such an answer that there is none.
            writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            return False
        head = Head.parse(first + await reader.readuntil(b"\r\n\r\n"))
        began = self._loop.time()
        found = await self._connected()
        if found is None:
            return await self._fail(head, 0, 503, writer)
        port, ends = found
        exchange = _Exchange(head, (reader, writer), ends)
        try:
            status, goes_on = await exchange.run()
        except (OSError, asyncio.IncompleteReadError) as error:
            if exchange.is_answered or reader.at_eof():
                self.seen.append(Passed(head, port, 502 if not reader.at_eof() else 499))
                raise
            return await self._fail(head, port, 502, writer, repr(error))
        finally:
            ends[1].close()
        self.seen.append(Passed(head, port, status, self._loop.time() - began))
        return goes_on

    async def _connected(self) -> tuple[int, Ends] | None:
        deadline = self._loop.time() + NONE_READY_SECONDS
        while self._loop.time() < deadline:
            for _ in self._upstreams:
                self._turn += 1
                upstream = self._upstreams[self._turn % len(self._upstreams)]
                if not upstream.is_ready:
                    continue
                try:
                    return upstream.port, await _connect(upstream.port)
                except OSError:
                    self.refused += 1
                    upstream.is_ready = not self.checks
            await asyncio.sleep(CHECK_SECONDS)
        return None

    async def _fail(
        self, head: Head, port: int, status: int, writer: asyncio.StreamWriter, why: str = ""
    ) -> bool:
        self.seen.append(Passed(head, port, status))
        text = f"the balancer: {why or 'no server is ready'}".encode()
        first = f"HTTP/1.1 {status} Balancer\r\nConnection: close\r\nContent-Length: {len(text)}"
        writer.write(first.encode() + b"\r\n\r\n" + text)
        await writer.drain()
        return False


@dataclass(slots=True)
class _Exchange:
    """One request and its answer, over a connection of their own to the server."""

    head: Head
    client: Ends
    server: Ends
    is_answered: bool = False

    async def run(self) -> tuple[int, bool]:
        """Return the answer's status, and whether the client's connection goes on."""
        self.server[1].write(self.head.raw)
        sending = asyncio.create_task(self._send())
        try:
            answer = await self._interim()
            self.is_answered = True
            self.client[1].write(answer.raw)
            status = int(answer.first[1])
            if self.head.first[0] != "HEAD" and status not in BODILESS:
                async for data in body_of(self.server[0], answer, until_closed=True):
                    self.client[1].write(data)
                    await self.client[1].drain()
            await self.client[1].drain()
            done, _ = await asyncio.wait({sending}, timeout=BODY_LEFT_SECONDS)
        finally:
            sending.cancel()
            (trouble,) = await asyncio.gather(sending, return_exceptions=True)
        ends = answer.length is None and not answer.is_chunked and status not in BODILESS
        return status, bool(done) and trouble is None and not (
            answer.closes or self.head.closes or (ends and self.head.first[0] != "HEAD")
        )

    async def _send(self) -> None:
        try:
            async for data in body_of(self.client[0], self.head, until_closed=False):
                self.server[1].write(data)
                await self.server[1].drain()
        except asyncio.IncompleteReadError:
            # The client went away: the server would wait for the rest, and we for its answer.
            self.server[1].close()
            raise

    async def _interim(self) -> Head:
        """Read the answer's head, passing on those (100 Continue) before it."""
        while True:
            answer = await Head.read(self.server[0])
            if not answer.first[1].startswith("1"):
                return answer
            self.client[1].write(answer.raw)


async def _connect(port: int) -> Ends:
    async with asyncio.timeout(CONNECT_SECONDS):
        return await asyncio.open_connection(HERE, port, limit=HEAD_MAX_BYTES)


async def _says_ready(port: int) -> bool:
    with suppress(OSError, asyncio.IncompleteReadError):  # TimeoutError is an OSError
        async with asyncio.timeout(CHECK_MAX_SECONDS):
            reader, writer = await asyncio.open_connection(HERE, port)
            try:
                writer.write(b"GET /readyz HTTP/1.1\r\nHost: check\r\nConnection: close\r\n\r\n")
                return (await Head.read(reader)).first[1] == "200"
            finally:
                writer.close()
    return False
