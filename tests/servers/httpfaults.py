"""A proxy before an object store that fails as they do: by seed, rate and kind.

Heads are passed on byte for byte, so that what is signed (Host among it) stays right; bodies as
they come, a block at a time. HTTP/1.1 only, and no TLS.
"""

import asyncio
import random
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import Self

from tests.servers.faults import BLOCK_BYTES, CONNECT_SECONDS, reset

HEAD_MAX_BYTES = 64 << 10
CHUNK_LINE_MAX_BYTES = 1 << 10
BODILESS = (204, 304)
ERROR_BODY = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>%s</Code>'
    b"<Message>As the fault proxy pleases.</Message></Error>"
)


class Harm(Enum):
    """What may befall a request."""

    UNAVAILABLE = "503"
    """503 SlowDown; not passed on."""
    ERROR = "500"
    """500 InternalError; not passed on."""
    BEFORE = "before"
    """Not passed on, nor answered: silence, then a reset."""
    AFTER = "after"
    """Passed on and done, but the answer is lost: silence, then a reset."""
    TORN = "torn"
    """The request's body is passed on in part, then both ends are reset."""
    SHORT = "short"
    """The answer's body breaks off, though its head promised all of it."""
    SLOW = "slow"
    """The answer is late."""


REFUSALS = {
    Harm.UNAVAILABLE: (b"503 Service Unavailable", b"SlowDown"),
    Harm.ERROR: (b"500 Internal Server Error", b"InternalError"),
}


@dataclass(slots=True)
class Rates:
    """How often what befalls requests; may be changed at any time."""

    harms: Mapping[Harm, float] = field(default_factory=dict)
    """Each with its probability; together at most 1."""
    silence_max_seconds: float = 2.0
    """Silence and lateness last up to so long."""
    only: Callable[[str, str], bool] = lambda _method, _target: True
    """Which requests may be befallen, by method and target."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first line and the fields of a message."""

    raw: bytes
    first: list[str]
    fields: dict[str, str]

    @classmethod
    async def read(cls, reader: asyncio.StreamReader) -> Self:
        """Read one; raises IncompleteReadError at the end of the connection."""
        return cls.parse(await reader.readuntil(b"\r\n\r\n"))

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Take a whole one apart."""
        first, *lines = raw.decode("latin-1").strip().split("\r\n")
        pairs = (line.partition(":") for line in lines)
        return cls(raw, first.split(" ", 2), {n.strip().lower(): v.strip() for n, _, v in pairs})

    @property
    def is_chunked(self) -> bool:
        return "chunked" in self.fields.get("transfer-encoding", "").lower()

    @property
    def length(self) -> int | None:
        """Content-Length; None where there is none."""
        said = self.fields.get("content-length")
        return None if said is None else int(said)

    @property
    def closes(self) -> bool:
        return self.fields.get("connection", "").lower() == "close"


Answers = Callable[[Head], tuple[bytes, bytes] | None]
"""What is answered in the server's place: a status with its reason, and a code of S3; or None."""


def _no_answer(head: Head) -> None:
    del head


class HttpFaultProxy:
    """Passes requests on to a server of loopback, or does harm as `rates` says.

    What is in `queue` comes first, a request each; None lets one through. Before all that
    `answers` is asked.
    """

    def __init__(
        self, port: int, *, seed: int, host: str = "127.0.0.1", listen: str = "127.0.0.1"
    ) -> None:
        self._upstream = (host, port)
        self._listen = listen
        self._chance = random.Random(seed)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.rates = Rates()
        self.queue: deque[Harm | None] = deque()
        self.answers: Answers = _no_answer
        self.port = 0
        self.requests = 0
        self.harmed: Counter[Harm] = Counter()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._accept, self._listen, 0, limit=HEAD_MAX_BYTES
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def choose(self, method: str, target: str) -> Harm | None:
        """Draw what befalls a request."""
        if self.queue:
            return self.queue.popleft()
        if not self.rates.only(method, target):
            return None
        drawn = self._chance.random()
        for harm, rate in self.rates.harms.items():
            if drawn < rate:
                return harm
            drawn -= rate
        return None

    def silence_seconds(self) -> float:
        """Draw how long it lasts."""
        return self._chance.uniform(0.0, self.rates.silence_max_seconds)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        exchanges = _Exchanges(self, self._upstream, reader, writer)
        try:
            while await exchanges.next():
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            # Whichever end broke off, or spoke no HTTP: the other learns it.
            exchanges.reset()
        finally:
            exchanges.close()


class _Exchanges:
    """The requests of one connection, one after the other, over one connection to the store."""

    def __init__(
        self,
        proxy: HttpFaultProxy,
        upstream: tuple[str, int],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._proxy = proxy
        self._upstream = upstream
        self._from_client, self._to_client = reader, writer
        self._from_store: asyncio.StreamReader | None = None
        self._to_store: asyncio.StreamWriter | None = None

    async def next(self) -> bool:
        """Do one; tell whether another may follow."""
        try:
            head = await Head.read(self._from_client)
        except asyncio.IncompleteReadError:
            return False
        proxy = self._proxy
        proxy.requests += 1
        answer = proxy.answers(head)
        if answer is not None:
            return await self._refuse(head, *answer)
        harm = proxy.choose(head.first[0], head.first[1])
        if harm is Harm.TORN and not (head.length or head.is_chunked):
            harm = Harm.BEFORE
        if harm is not None:
            proxy.harmed[harm] += 1
        if harm in REFUSALS:
            return await self._refuse(head, *REFUSALS[harm])
        if harm is Harm.BEFORE:
            await asyncio.sleep(proxy.silence_seconds())
            raise ConnectionAbortedError
        return await self._forward(head, harm)

    async def _refuse(self, head: Head, status: bytes, code: bytes) -> bool:
        body = ERROR_BODY % code
        # Who waits to be told to go on is told not to; else the body is on its way already.
        stays = "expect" not in head.fields
        if stays:
            async for _ in body_of(self._from_client, head, until_closed=False):
                pass
        lines = [b"HTTP/1.1 " + status, b"Content-Type: application/xml", b"Retry-After: 1"]
        lines += [b"Content-Length: %d" % len(body), b"" if stays else b"Connection: close"]
        answer = b"\r\n".join(line for line in lines if line) + b"\r\n\r\n"
        self._to_client.write(answer + (b"" if head.first[0] == "HEAD" else body))
        await self._to_client.drain()
        return stays

    async def _forward(self, head: Head, harm: Harm | None) -> bool:
        from_store, to_store = await self._store()
        to_store.write(head.raw)
        sending = asyncio.create_task(self._send(head, to_store, torn=harm is Harm.TORN))
        try:
            answer = await self._answer_head(from_store)
            if harm is Harm.AFTER:
                with suppress(asyncio.IncompleteReadError):
                    async for _ in self._answer_body(head, answer, from_store):
                        pass
            if harm in (Harm.AFTER, Harm.SLOW):
                await asyncio.sleep(self._proxy.silence_seconds())
            if harm is Harm.AFTER:
                raise ConnectionAbortedError
            await self._pass_answer(head, answer, from_store, short=harm is Harm.SHORT)
            await sending
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        return not (answer.closes or head.closes)

    async def _store(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._from_store is None or self._to_store is None:
            async with asyncio.timeout(CONNECT_SECONDS):
                self._from_store, self._to_store = await asyncio.open_connection(
                    *self._upstream, limit=HEAD_MAX_BYTES
                )
        return self._from_store, self._to_store

    async def _send(self, head: Head, to_store: asyncio.StreamWriter, *, torn: bool) -> None:
        """Pass the request's body on; all but the last block if it is torn, then reset."""
        held = b""
        async for data in body_of(self._from_client, head, until_closed=False):
            to_store.write(held)
            await to_store.drain()
            held = data
        if torn:
            to_store.write(held[: len(held) // 2])
            with suppress(OSError):
                await to_store.drain()
            self.reset()
            return
        to_store.write(held)
        await to_store.drain()

    async def _answer_head(self, from_store: asyncio.StreamReader) -> Head:
        """Read the head of the answer, passing on the interim ones (100 Continue) before it."""
        while True:
            head = await Head.read(from_store)
            if not head.first[1].startswith("1"):
                return head
            self._to_client.write(head.raw)
            await self._to_client.drain()

    async def _answer_body(
        self, head: Head, answer: Head, from_store: asyncio.StreamReader
    ) -> AsyncIterator[bytes]:
        if head.first[0] != "HEAD" and int(answer.first[1]) not in BODILESS:
            async for data in body_of(from_store, answer, until_closed=True):
                yield data

    async def _pass_answer(
        self, head: Head, answer: Head, from_store: asyncio.StreamReader, *, short: bool
    ) -> None:
        self._to_client.write(answer.raw)
        held = b""
        async for data in self._answer_body(head, answer, from_store):
            self._to_client.write(held)
            await self._to_client.drain()
            held = data
        if short and held:
            self._to_client.write(held[: len(held) // 2])
            await self._to_client.drain()
            # An end, not a reset: what was sent arrives, and is less than was promised.
            self._to_client.close()
            raise ConnectionAbortedError
        self._to_client.write(held)
        await self._to_client.drain()

    def reset(self) -> None:
        """Reset whatever is open still."""
        for end in (self._to_client, self._to_store):
            if end is not None and not end.is_closing():
                reset(end)

    def close(self) -> None:
        """Close both ends."""
        for end in (self._to_client, self._to_store):
            if end is not None:
                end.close()


async def body_of(
    reader: asyncio.StreamReader, head: Head, *, until_closed: bool
) -> AsyncIterator[bytes]:
    """Yield a message's body in blocks, with the framing of chunks as it is.

    `until_closed`: without a length it goes on to the end of the connection (answers only).
    """
    if head.is_chunked:
        async for data in _chunks(reader):
            yield data
        return
    left = head.length
    if left is None and not until_closed:
        return
    while left is None or left > 0:
        data = await reader.read(BLOCK_BYTES if left is None else min(left, BLOCK_BYTES))
        if not data:
            if left is None:
                return
            raise asyncio.IncompleteReadError(b"", left)
        left = None if left is None else left - len(data)
        yield data


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        line = await reader.readuntil(b"\r\n")
        if len(line) > CHUNK_LINE_MAX_BYTES:
            raise ValueError("a chunk's size is too long")
        yield line
        left = int(line.partition(b";")[0], 16)
        if not left:
            break
        left += 2
        while left:
            data = await reader.read(min(left, BLOCK_BYTES))
            if not data:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(data)
            yield data
    while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
        yield line
    yield b"\r\n"
