"""Clients that mean harm: each returns what it should not have found."""

import asyncio
import contextlib
import gzip
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Sequence

from tools.fuzz.client import Answer, Client, Gone, Malformed, call_once, read_answer
from tools.fuzz.images import MANIFEST, digest_of, push_blob
from tools.fuzz.server import Registry

HEADER_SECONDS = 1
SETTINGS = {
    "ENTREPOT_LIMITS_HEADER_SECONDS": str(HEADER_SECONDS),
    "ENTREPOT_LIMITS_CONNECTIONS": "12000",
}
"""Of the server that is attacked: slow heads end soon, and there is room for many connections."""
MIB = 1 << 20
GROWTH_MAX_BYTES = 24 * MIB
"""What an attack may add to the server's memory."""
PING_MAX_SECONDS = 2.0
SETTLE_SECONDS = 10.0
ENDLESS_MAX_BYTES = 32 * MIB
"""A server that still reads after so much, and when a head's time is over, never ends."""
REFUSALS = frozenset({400, 501, 505})

_GET = b"GET /v2/ HTTP/1.1\r\nHost: x\r\n"
_PUT = b"PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: x\r\n"
SMUGGLING = {
    "length and coding": _PUT + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding and length": _PUT + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": _PUT + b"Content-Length: 0\r\nContent-Length: 30\r\n\r\n",
    "same length twice": _PUT + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "list of lengths": _PUT + b"Content-Length: 2, 2\r\n\r\n{}",
    "negative length": _PUT + b"Content-Length: -2\r\n\r\n{}",
    "length with letters": _PUT + b"Content-Length: 2x\r\n\r\n{}",
    "huge length": _PUT + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
    "unknown coding": _PUT + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "coding twice": _PUT + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
    "coding with a tab": _PUT + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "coding in quotes": _PUT + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "identity and chunked": _PUT + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
    "space before colon": _PUT + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "folded coding": _PUT + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "folded field": _PUT + b"X: y\r\n Content-Length: 30\r\n\r\n",
    "bare LF": _PUT.replace(b"\r\n", b"\n") + b"\n",
    "bare CR": _PUT + b"X: y\rContent-Length: 30\r\n\r\n",
    "NUL in a name": _PUT + b"Content-Length\0: 30\r\n\r\n",
    "chunk size beyond 64 bits": _PUT
    + b"Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}",
    "negative chunk": _PUT + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
    "chunk size in 0x": _PUT + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
    "chunk without its end": _PUT + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n",
    "bare LF after a size": _PUT + b"Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n",
    "length in a trailer": _PUT
    + b"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 9\r\n\r\n",
    "coding in 1.0": _PUT.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no Host": b"GET /v2/ HTTP/1.1\r\n\r\n",
    "two Hosts": _GET + b"Host: y\r\n\r\n",
    "HTTP/0.9": b"GET /v2/\r\n\r\n",
}

Attack = Callable[[Registry, int], Awaitable[list[str]]]


async def smuggle(registry: Registry, _scale: int) -> list[str]:
    """Every head with two readings is refused, and nothing behind it is answered."""
    found = []
    for name, raw in SMUGGLING.items():
        async with Client.connect(registry.port) as client:
            client.writer.write(raw + _GET + b"\r\n")
            try:
                answer = await read_answer(client.reader)
                rest = await asyncio.wait_for(client.reader.read(), SETTLE_SECONDS)
            except (Gone, Malformed, TimeoutError) as error:
                found.append(f"{name}: {error!r}")
                continue
        if answer.status not in REFUSALS or not answer.closes or rest:
            found.append(f"{name}: {answer.status}, then {rest[:60]!r}")
    return found


async def crowd(registry: Registry, scale: int) -> list[str]:
    """Connections that have asked once and are silent; there is still room for others."""
    before = registry.memory().resident
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(scale * 100):
            client = await stack.enter_async_context(Client.connect(registry.port))
            await client.call("GET", "/healthz")
        grown = registry.memory().resident - before
        print(f"  {scale * 100} idle connections: {grown / MIB:+.1f} MiB")
        found = await _responsive(registry)
    if grown > GROWTH_MAX_BYTES + scale * 100 * 12 * 1024:
        found.append(f"{scale * 100} idle connections take {grown / MIB:.0f} MiB")
    return found


async def slow_heads(registry: Registry, scale: int) -> list[str]:
    """Slowloris: heads that come byte by byte end when their time is over."""

    async def one() -> str:
        async with Client.connect(registry.port) as client:
            client.writer.write(_GET)
            started = time.monotonic()
            while time.monotonic() - started < HEADER_SECONDS + SETTLE_SECONDS:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.2):
                        if not (head := await client.reader.read(64)):
                            return "closed without 408"
                        return "" if b" 408 " in head else f"answered {head!r}"
                client.writer.write(b"X: y\r\n")
            return "still open"

    tasks = [asyncio.create_task(one()) for _ in range(scale * 10)]
    found = await _responsive(registry)
    return found + [f"slow head: {what}" for what in set(await asyncio.gather(*tasks)) if what]


async def slow_bodies(registry: Registry, scale: int) -> list[str]:
    """Uploads that stop in the middle take no thread: others go on as if alone."""
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(scale * 5):
            client = await stack.enter_async_context(Client.connect(registry.port))
            head = f"POST /v2/slow/blobs/uploads/?digest={digest_of(b'x')} HTTP/1.1\r\nHost: x\r\n"
            client.writer.write(f"{head}Content-Length: 999999\r\n\r\nxxxx".encode())
        async with Client.connect(registry.port) as client:
            answer = await push_blob(client, "slow/other", bytes(3 * MIB))
        return (await _responsive(registry)) + _unless(answer, 201)


async def endless(registry: Registry, _scale: int) -> list[str]:
    """Heads, chunk extensions and trailers without an end are cut off."""
    chunked = _PUT + b"Transfer-Encoding: chunked\r\n\r\n"
    found = []
    for name, start, part in (
        ("header line", _GET + b"X: ", b"y" * 4096),
        ("headers", _GET, b"X: y\r\n" * 500),
        ("target", b"GET /", b"v" * 4096),
        ("method", b"", b"G" * 4096),
        ("chunk extension", chunked + b"1;", b"x" * 4096),
        ("chunk size", chunked, b"0" * 4096),
        ("trailers", chunked + b"0\r\n", b"X: y\r\n" * 500),
        ("empty lines", b"", b"\r\n" * 2000),
        ("tiny chunks with extensions", chunked, b"1;" + b"x" * 500 + b"\r\ny\r\n"),
    ):
        if await _is_endless(registry, start, part):
            found.append(f"endless {name}: it is still read")
    return found


async def _is_endless(registry: Registry, start: bytes, part: bytes) -> bool:
    """Send until the server no longer takes it; return whether it would for ever."""
    sent, end = 0, time.monotonic() + HEADER_SECONDS + 3
    async with Client.connect(registry.port) as client:
        client.writer.write(start)
        while sent < ENDLESS_MAX_BYTES or time.monotonic() < end:
            try:
                client.writer.write(part)
                async with asyncio.timeout(HEADER_SECONDS):
                    await client.writer.drain()
            except (OSError, TimeoutError):
                return False
            sent += len(part)
            await asyncio.sleep(0)
    return True


async def half_close(registry: Registry, _scale: int) -> list[str]:
    """Who says that nothing more comes is answered or let go, but not kept."""
    found = []
    for raw in (_GET + b"\r\n", _GET, _PUT + b"Content-Length: 9\r\n\r\nabc", b"", b"G"):
        async with Client.connect(registry.port) as client:
            client.writer.write(raw)
            client.writer.write_eof()
            try:
                await asyncio.wait_for(client.reader.read(), SETTLE_SECONDS)
            except OSError:
                continue
            except TimeoutError:
                found.append(f"kept open after the end of {raw[:30]!r}")
    return found


async def reset(registry: Registry, scale: int) -> list[str]:
    """Connections reset within answers and uploads leave no file and no memory behind."""
    async with Client.connect(registry.port) as client:
        blob = bytes(4 * MIB)
        found = _unless(await push_blob(client, "reset/app", blob), 201)
    before = registry.memory()
    get = f"GET /v2/reset/app/blobs/{digest_of(blob)} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    put = f"POST /v2/reset/app/blobs/uploads/?digest={digest_of(b'x')} HTTP/1.1\r\nHost: x\r\n"
    put_start = f"{put}Content-Length: {8 * MIB}\r\n\r\n".encode() + bytes(MIB)
    for number in range(scale * 10):
        sock = socket.create_connection(("127.0.0.1", registry.port))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await asyncio.to_thread(sock.sendall, get if number % 2 else put_start)
        await asyncio.sleep(0.002)
        sock.close()
    return found + await _settled(registry, before.descriptors) + _grown(registry, before.resident)


async def bomb(registry: Registry, _scale: int) -> list[str]:
    """What is compressed stays so: bytes are kept as they come, or refused."""
    packed = gzip.compress(bytes(200 * MIB), 9)
    before = registry.memory().resident
    fields = ["Content-Encoding: gzip", f"Content-Type: {MANIFEST}"]
    answer = await call_once(registry.port, "PUT", "/v2/bomb/manifests/v1", packed, fields)
    found = [] if 400 <= answer.status < 500 else [f"a packed manifest: {answer.status}"]
    async with Client.connect(registry.port) as client:
        found += _unless(await push_blob(client, "bomb", packed, fields[:1]), 201)
        pulled = await client.call("GET", f"/v2/bomb/blobs/{digest_of(packed)}")
    if pulled.body != packed:
        found.append("a packed blob came back in other bytes")
    return found + _grown(registry, before)


async def ranges(registry: Registry, _scale: int) -> list[str]:
    """Many, overlapping and endless ranges are answered within bounds."""
    found = []
    async with Client.connect(registry.port) as client:
        blob = bytes(MIB)
        found += _unless(await push_blob(client, "ranges", blob), 201)
    before = registry.memory().resident
    parts = [f"{2 * n}-{2 * n}" for n in range(1024)]
    bad = (["0-0"] * 1024, [*parts, "9000-"], ["0-"] * 1024, ["-1"] * 9000, ["5-3", "x"])
    for spans in (parts, *bad):
        async with Client.connect(registry.port) as client:
            target, value = f"/v2/ranges/blobs/{digest_of(blob)}", ",".join(spans)
            head = f"GET {target} HTTP/1.1\r\nHost: x\r\nRange: bytes={value}\r\n\r\n"
            client.writer.write(head.encode())
            status = (await client.reader.readuntil(b"\r\n"))[9:12]
            if status not in ((b"206",) if spans is parts else (b"200", b"400", b"416")):
                found.append(f"{len(spans)} ranges {value[:20]}: {status!r}")
    return found + await _responsive(registry) + _grown(registry, before)


async def abandon(registry: Registry, scale: int) -> list[str]:
    """Upload sessions opened and left take next to no memory."""
    before = registry.memory()
    async with Client.connect(registry.port) as client:
        for number in range(scale * 100):
            answer = await client.call("POST", f"/v2/left/app{number % 9}/blobs/uploads/")
            if answer.status != 202:
                return [f"session {number}: {answer.status}"]
            if number % 10 == 0:
                await client.call("PATCH", answer.field("location"), b"some")
    found = await _settled(registry, before.descriptors + 200)
    return found + _grown(registry, before.resident)


ATTACKS: tuple[Attack, ...] = (
    *(smuggle, slow_heads, slow_bodies, endless, half_close),
    *(reset, bomb, ranges, abandon, crowd),
)


async def run(registry: Registry, scale: int, attacks: Sequence[Attack] = ATTACKS) -> list[str]:
    """Run all, one after the other; the server must live, and answer after each."""
    found = []
    for attack in attacks:
        started = time.monotonic()
        seen = await attack(registry, scale) + await _responsive(registry)
        memory = registry.memory()
        print(
            f"  {attack.__name__}: {len(seen)} findings, {time.monotonic() - started:.1f} s, "
            f"{memory.resident / MIB:.0f} MiB, {memory.descriptors} descriptors"
        )
        found += [f"{attack.__name__}: {what}" for what in seen]
    return found


async def _responsive(registry: Registry) -> list[str]:
    started = time.monotonic()
    try:
        answer = await call_once(registry.port, "GET", "/healthz")
    except (Gone, Malformed, TimeoutError, OSError) as error:
        return [f"no answer to others: {error!r}"]
    seconds = time.monotonic() - started
    if seconds > PING_MAX_SECONDS:
        return [f"others waited {seconds:.1f} s"]
    return _unless(answer, 200)


async def _settled(registry: Registry, descriptors: int) -> list[str]:
    """Wait until no more than so many descriptors are open."""
    end = time.monotonic() + SETTLE_SECONDS
    while (count := registry.memory().descriptors) > descriptors + 12:
        if time.monotonic() > end:
            return [f"{count} descriptors stay open, of {descriptors} before"]
        await asyncio.sleep(0.1)
    return []


def _grown(registry: Registry, before: int) -> list[str]:
    grown = registry.memory().resident - before
    return [f"grew by {grown / MIB:.0f} MiB"] if grown > GROWTH_MAX_BYTES else []


def _unless(answer: Answer, status: int) -> list[str]:
    if answer.status == status:
        return []
    return [f"{answer.status} instead of {status}: {answer.body[:120]!r}"]
