"""Bodies drained past the loop: every byte, in order, whatever clients do."""

import asyncio
import hashlib
import os
import random
import threading
import time

import pytest

from entrepot.faces.asgi import DRAIN, Receive, Scope, Send
from entrepot.faces.server.hooks import Hooks
from entrepot.faces.server.limits import ServerLimits

from .conftest import Serve, until
from .peer import Sink, chunked, reply, request

MIB = 1024 * 1024
SIZES = [0, 1, 65535, 65536, 65537, 300_000, 5 * MIB]


@pytest.mark.parametrize("size", SIZES)
async def test_sizes_with_a_length(serve: Serve, size: int) -> None:
    sink = Sink()
    peer = await (await serve(sink)).connect()
    body = os.urandom(size)
    for _ in range(2):
        await peer.send(request("PATCH", body=body))
        assert (await peer.answer()).body == b"%d" % size
    assert sink.got == [body, body]


@pytest.mark.parametrize("size", SIZES)
async def test_sizes_in_chunks(serve: Serve, size: int) -> None:
    sink = Sink()
    peer = await (await serve(sink)).connect()
    body = os.urandom(size)
    pieces = [body[at : at + 32768] for at in range(0, size, 32768)]
    for _ in range(2):
        await peer.send(request("PATCH", Transfer_Encoding="chunked") + chunked(*pieces))
        assert (await peer.answer()).body == b"%d" % size
    assert sink.got == [body, body]


async def test_64_mib_in_little_memory(serve: Serve) -> None:
    seen = hashlib.sha256()
    biggest = 0
    threads: set[str] = set()

    def write(view: memoryview) -> None:
        nonlocal biggest
        biggest = max(biggest, len(view))
        threads.add(threading.current_thread().name.rpartition("_")[0])
        seen.update(view)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await scope["extensions"][DRAIN]["drain"](write)
        await reply(send, 200)

    peer = await (await serve(app)).connect()
    part = os.urandom(MIB)
    await peer.send(request("PUT", Content_Length=str(64 * MIB)))
    for _ in range(64):
        await peer.send(part)
    assert (await peer.answer()).status == 200
    assert seen.digest() == hashlib.sha256(part * 64).digest()
    assert biggest <= 512 * 1024
    assert threads == {"drain"}


def odd_pieces(data: bytes, generator: random.Random) -> list[bytes]:
    """Cut at random places, often in very small pieces."""
    pieces = []
    while data:
        size = generator.choice([1, 2, 3, 7, 100, 4096, 70_000])
        pieces.append(data[:size])
        data = data[size:]
    return pieces


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("in_chunks", [True, False])
async def test_odd_borders_and_pipelined_next(serve: Serve, seed: int, in_chunks: bool) -> None:
    """Chunks, segments and the next request's bytes share no borders; nothing is lost."""
    generator = random.Random(seed)
    sink = Sink()
    peer = await (await serve(sink)).connect()
    bodies = [generator.randbytes(generator.choice([0, 1, 5000, 200_000])) for _ in range(5)]
    stream = b""
    for number, body in enumerate(bodies):
        if in_chunks:
            stream += request("PATCH", f"/{number}", Transfer_Encoding="chunked")
            stream += chunked(*odd_pieces(body, generator))
        else:
            stream += request("PATCH", f"/{number}", body)
    stream += request(path="/last")

    async def send() -> None:
        for piece in odd_pieces(stream, generator):
            await peer.send(piece)
            if generator.random() < 0.05:
                await asyncio.sleep(0.003)

    sending = asyncio.ensure_future(send())
    for body in [*bodies, b""]:
        assert (await peer.answer()).body == b"%d" % len(body)
    await sending
    assert sink.got == [*bodies, b""]


async def test_all_pipelined_in_one_segment(serve: Serve) -> None:
    sink = Sink()
    peer = await (await serve(sink)).connect()
    await peer.send(
        request("PUT", Transfer_Encoding="chunked")
        + chunked(b"a" * MIB)
        + request(path="/x")
        + request("PUT", "/y", b"b" * 100_000)
        + request("PUT", Transfer_Encoding="chunked")
        + chunked(b"c")
    )
    sizes = [(await peer.answer()).body for _ in range(4)]
    assert sizes == [b"1048576", b"0", b"100000", b"1"]


async def test_bad_request_after_a_drained_body(serve: Serve) -> None:
    sink = Sink()
    peer = await (await serve(sink)).connect()
    await peer.send(
        request("PUT", Transfer_Encoding="chunked")
        + chunked(b"a" * MIB)
        + request(path="/fine")
        + b"GET / HTTP/1.1\r\nHost : x\r\n\r\n"
        + request(path="/never")
    )
    assert [(await peer.answer()).status for _ in range(3)] == [200, 200, 400]
    assert await peer.closed()
    assert len(sink.got) == 2


async def test_trickle_pins_no_thread(serve: Serve) -> None:
    """More slow clients than threads, and a fast one is served beside them."""
    sink = Sink()
    site = await serve(sink, limits=ServerLimits(drain_threads=2))
    slow = [await site.connect() for _ in range(6)]
    for peer in slow:
        await peer.send(request("PUT", Content_Length="100000") + b"x" * 10)
    for _ in range(5):
        for peer in slow:
            await peer.send(b"y" * 1000)
        await asyncio.sleep(0.003)
    fast = await site.connect()
    await fast.send(request("PUT", body=b"z" * MIB))
    assert (await fast.answer()).body == b"%d" % MIB
    for peer in slow:
        await peer.send(b"w" * (100_000 - 5010))
        assert (await peer.answer()).body == b"100000"


async def test_what_trickles_in_is_not_kept_in_memory(serve: Serve) -> None:
    sink = Sink()
    peer = await (await serve(sink)).connect()
    await peer.send(request("PUT", Content_Length="1000000"))
    for _ in range(20):
        await peer.send(b"x" * 20_000)
        await asyncio.sleep(0.005)
    await until(lambda: len(sink.got[0]) >= 200_000)
    peer.abort()
    await until(lambda: bool(sink.errors))


async def test_many_fast_clients_share_two_threads(serve: Serve) -> None:
    sink = Sink()
    site = await serve(sink, limits=ServerLimits(drain_threads=2))
    body = os.urandom(2 * MIB)

    async def push(number: int) -> None:
        peer = await site.connect()
        if number % 2:
            await peer.send(request("PUT", body=body))
        else:
            await peer.send(request("PUT", Transfer_Encoding="chunked") + chunked(body))
        assert (await peer.answer()).body == b"%d" % len(body)

    await asyncio.gather(*(push(number) for number in range(8)))
    assert all(got == body for got in sink.got)


@pytest.mark.parametrize("in_chunks", [True, False])
@pytest.mark.parametrize("size", [0, 1, 70_000, 1_000_000])
@pytest.mark.parametrize("reset", [True, False])
async def test_disconnect_within_the_body(
    serve: Serve, in_chunks: bool, size: int, reset: bool
) -> None:
    """All that came is delivered, then ConnectionResetError; the server holds nothing after."""
    sink = Sink()
    seen: list[tuple[int, int]] = []
    hooks = Hooks(on_response=lambda scope, status, got, sent, seconds: seen.append((status, got)))
    site = await serve(sink, hooks=hooks)
    peer = await site.connect()
    data = os.urandom(size)
    if in_chunks:
        await peer.send(request("PUT", Transfer_Encoding="chunked"))
        await peer.send(b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [data] if part))
        await peer.send(b"10\r\nhalf")
        data += b"half"
    else:
        await peer.send(request("PUT", Content_Length="9000000") + data)
    await until(lambda: bool(sink.got) and len(sink.got[0]) >= len(data) - 200_000)
    if reset:
        # All bytes were read by then: a reset may discard what the peer has not read.
        await until(lambda: site.server.edge.tasks == set() or received(site) >= len(data))
        peer.abort()
    else:
        peer.writer.close()
    await until(lambda: bool(sink.errors))
    assert isinstance(sink.errors[0], ConnectionResetError)
    assert sink.got[0] == data
    await until(lambda: not site.server.edge.tenants and not site.server.edge.tasks)
    assert seen == [(499, len(data))]


def received(site: object) -> int:
    """Bytes of the running drains; reaches into the server, as nothing else shows it."""
    tenants = site.server.edge.tenants  # type: ignore[attr-defined]
    drains = [tenant._drain for tenant in tenants if tenant._drain is not None]
    return sum(drain.received_bytes for drain in drains)


class SinkError(Exception):
    """What a sink raises."""


@pytest.mark.parametrize("in_chunks", [True, False])
@pytest.mark.parametrize("fails_at", [0, 1, 3])
async def test_error_of_the_sink_reaches_the_application(
    serve: Serve, in_chunks: bool, fails_at: int
) -> None:
    calls = 0

    def write(view: memoryview) -> None:
        nonlocal calls
        calls += 1
        if calls > fails_at:
            raise SinkError

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await scope["extensions"][DRAIN]["drain"](write)
        except SinkError:
            await reply(send, 507, b"full")

    site = await serve(app, limits=ServerLimits(linger_seconds=0.2))
    peer = await site.connect()
    body = b"x" * (4 * MIB)
    if in_chunks:
        peer.writer.write(request("PUT", Transfer_Encoding="chunked") + chunked(body, body))
    else:
        peer.writer.write(request("PUT", body=body + body))
    answer = await peer.answer()
    assert (answer.status, answer.headers["connection"]) == (507, "close")
    await until(lambda: not site.server.edge.tenants)


async def test_error_of_the_sink_with_little_missing_closes_too(serve: Serve) -> None:
    """However little it is: nobody knows where in the body the parser is."""

    def write(view: memoryview) -> None:
        raise SinkError

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        with pytest.raises(SinkError):
            await scope["extensions"][DRAIN]["drain"](write)
        await reply(send, 507)

    peer = await (await serve(app, limits=ServerLimits(linger_seconds=0.05))).connect()
    await peer.send(request("PUT", Content_Length="150000") + b"x" * 80_000)
    assert (await peer.answer()).headers["connection"] == "close"
    await peer.send(b"x" * 70_000 + request())
    assert await peer.closed()


async def test_cut_connection_ends_its_drain(serve: Serve) -> None:
    sink = Sink()
    site = await serve(sink)
    peer = await site.connect()
    await peer.send(request("PUT", Content_Length="1000000") + b"x" * 400_000)
    await until(lambda: bool(sink.got) and len(sink.got[0]) == 400_000)
    for tenant in tuple(site.server.edge.tenants):
        tenant.cut()
    await until(lambda: bool(sink.errors))
    assert isinstance(sink.errors[0], ConnectionResetError)


async def test_error_of_the_sink_on_a_small_body_keeps_the_connection(serve: Serve) -> None:
    def write(view: memoryview) -> None:
        raise SinkError

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        with pytest.raises(SinkError):
            await scope["extensions"][DRAIN]["drain"](write)
        await reply(send, 507)

    peer = await (await serve(app)).connect()
    for _ in range(2):
        await peer.send(request("PUT", body=b"x" * 100))
        assert (await peer.answer()).status == 507


async def test_broken_chunks(serve: Serve) -> None:
    sink = Sink()
    peer = await (await serve(sink)).connect()
    await peer.send(
        request("PUT", Transfer_Encoding="chunked") + b"5\r\nabcde\r\n3\r\nxyz\r\nwrong\r\n"
    )
    assert (await peer.answer()).status == 400
    assert await peer.closed()
    await until(lambda: bool(sink.errors))
    assert isinstance(sink.errors[0], ConnectionResetError)
    assert sink.got[0] == b"abcdexyz"


@pytest.mark.parametrize("junk", [b"x: y\r\n", b"1;e=" + b"e" * 5000 + b"\r\nd\r\n"])
async def test_endless_overhead_ends(serve: Serve, junk: bytes) -> None:
    sink = Sink()
    peer = await (await serve(sink, limits=ServerLimits(linger_seconds=0.1))).connect()
    start = b"0\r\n" if junk.startswith(b"x") else b""
    peer.writer.write(
        request("PUT", Transfer_Encoding="chunked") + start + junk * (3_000_000 // len(junk))
    )
    assert (await peer.answer()).status in (400, 431)
    await until(lambda: bool(sink.errors))


async def test_expect_continue(serve: Serve) -> None:
    sink = Sink()
    peer = await (await serve(sink)).connect()
    for size in (5, 200_000):
        await peer.send(request("PUT", Expect="100-continue", Content_Length=str(size)))
        assert (await peer.answer()).status == 100
        await peer.send(b"x" * size)
        assert (await peer.answer()).body == b"%d" % size


async def test_slow_body_is_answered_408(serve: Serve) -> None:
    sink = Sink()
    limits = ServerLimits(body_grace_seconds=0.05, body_window_seconds=0.05)
    site = await serve(sink, limits=limits)
    for framing in ({"Content_Length": "200000"}, {"Transfer_Encoding": "chunked"}):
        peer = await site.connect()
        await peer.send(request("PUT", "/", b"", **framing) + b"3\r\nxyz\r\n")
        answer = await peer.answer()
        assert answer.status == 408
        assert await peer.closed()
    await until(lambda: len(sink.errors) == 2)
    assert sink.got == [b"3\r\nxyz\r\n", b"xyz"]


async def test_slow_sink_is_not_a_slow_client(serve: Serve) -> None:
    sink = Sink(write=lambda view: time.sleep(0.02))
    limits = ServerLimits(
        body_grace_seconds=0.04, body_window_seconds=0.04, body_rate_min_bytes=10**9
    )
    peer = await (await serve(sink, limits=limits)).connect()
    await peer.send(request("PUT", body=b"x" * (8 * MIB)))
    assert (await peer.answer()).status == 200


async def test_slow_write_after_a_wait_is_not_a_slow_client(serve: Serve) -> None:
    sink = Sink(write=lambda view: time.sleep(0.3))
    limits = ServerLimits(
        body_grace_seconds=0.1, body_window_seconds=0.1, body_rate_min_bytes=10**9
    )
    peer = await (await serve(sink, limits=limits)).connect()
    await peer.send(request("PUT", Content_Length="300000"))
    await until(lambda: bool(sink.got))
    await asyncio.sleep(0.02)  # until the drain waits on the loop
    await peer.send(b"x" * 300_000)
    assert (await peer.answer()).status == 200


async def test_cancelled_drain_waits_for_the_running_write(serve: Serve) -> None:
    inside, release = threading.Event(), threading.Event()
    states: list[str] = []

    def write(view: memoryview) -> None:
        inside.set()
        release.wait(5)
        states.append("written")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await scope["extensions"][DRAIN]["drain"](write)
        finally:
            states.append("ended")

    site = await serve(app)
    peer = await site.connect()
    await peer.send(request("PUT", body=b"x" * MIB))
    await until(inside.is_set)
    for task in site.server.edge.tasks:
        task.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert states == []
    release.set()
    await until(lambda: not site.server.edge.tasks)
    assert states == ["written", "ended"]


async def test_timeout_around_a_drain_can_still_answer(serve: Serve) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(0.02):
                await scope["extensions"][DRAIN]["drain"](lambda view: None)
        except TimeoutError:
            await reply(send, 503, b"later")

    peer = await (await serve(app)).connect()
    await peer.send(request("PUT", Content_Length="900000") + b"x" * 100)
    assert (await peer.answer()).body == b"later"


async def test_once_only_and_no_body_after(serve: Serve) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        drain = scope["extensions"][DRAIN]["drain"]
        await drain(lambda view: None)
        with pytest.raises(RuntimeError):
            await drain(lambda view: None)
        waiting = asyncio.ensure_future(receive())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        await reply(send, 200)
        assert (await waiting)["type"] == "http.disconnect"

    peer = await (await serve(app)).connect()
    for size in (0, 10, 500_000):
        await peer.send(request("PUT", body=b"x" * size))
        assert (await peer.answer()).status == 200


async def test_part_by_receive_then_the_rest_by_drain(serve: Serve) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray((await receive())["body"])
        await scope["extensions"][DRAIN]["drain"](body.extend)
        await reply(send, 200, hashlib.sha256(body).hexdigest().encode())

    peer = await (await serve(app)).connect()
    data = os.urandom(MIB)
    for whole in (
        request("PUT", body=data),
        request("PUT", Transfer_Encoding="chunked") + chunked(data[:7], data[7:]),
    ):
        await peer.send(whole)
        assert (await peer.answer()).body == hashlib.sha256(data).hexdigest().encode()
