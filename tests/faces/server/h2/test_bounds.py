"""What one HTTP/2 client may cost, and how connections end."""

import asyncio
import ssl
import struct

import pytest
from h2.errors import ErrorCodes
from h2.exceptions import TooManyStreamsError

from entrepot.faces.asgi import Receive, Scope, Send
from entrepot.faces.server.h2.connection import REFUSED_STREAMS_MAX, RUNNING_MAX
from entrepot.faces.server.h2.session import STREAMS_MAX
from entrepot.faces.server.hooks import Hooks
from entrepot.faces.server.limits import ServerLimits
from tests.faces.server.conftest import until
from tests.faces.server.peer import Sink, echo, hello, waiting_app

from .client import Client
from .conftest import Connect, ServeTls

HEAD = [(":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", "/")]
PING = b"\0\0\x08\x06\0\0\0\0\0" + b"pingpong"


def _request_of(client: Client) -> bytes:
    stream = client.session.get_next_available_stream_id()
    client.session.send_headers(stream, HEAD, end_stream=True)
    return client.session.data_to_send()


async def endless(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while True:
        await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})


@pytest.mark.parametrize(
    "method, path, fields, status",
    [
        ("GET", "/" + "x" * 20_000, [], 414),
        ("GET", "/", [(f"x-{at}", "1") for at in range(129)], 431),
        ("GET", "/", [("x-long", "y" * 65_500)], 431),
        ("GET", "/a#b", [], 400),
        ("GET", "*", [], 400),
        ("GET", "/\N{LATIN SMALL LETTER E WITH ACUTE}", [], 400),
        ("HEAD", "/a#b", [], 400),
        ("CONNECT", "", [], 501),
    ],
)
async def test_heads_out_of_bounds(
    open_client: Connect, method: str, path: str, fields: list[tuple[str, str]], status: int
) -> None:
    refused: list[int] = []
    answered: list[int] = []
    hooks = Hooks(
        on_refusal=lambda status, *_: refused.append(status),
        on_response=lambda _, status, *rest: answered.append(status),
    )
    client = await open_client(hello, hooks=hooks)
    result = await client.ask(method, path, *fields)
    assert (result.status, result.data_frames) == (status, method != "HEAD")
    assert (refused, answered) == ([status], [])
    assert (await client.ask()).status == 200


async def test_refused_head_with_a_body(open_client: Connect) -> None:
    client = await open_client(hello)
    stream = await client.begin("PUT", "/a#b", end=False)
    await client.until(lambda: client.results[stream].reset is not None)
    assert client.results[stream].status == 400
    assert (await client.ask()).status == 200


async def test_head_far_too_large_ends_the_connection(open_client: Connect) -> None:
    client = await open_client(hello, limits=ServerLimits(linger_seconds=0.1))
    await client.begin("GET", "/", *[(f"x-{at}", "y" * 1000) for at in range(100)])
    await client.end()
    assert client.terminated is not None
    assert client.terminated.error_code == ErrorCodes.ENHANCE_YOUR_CALM


async def test_streams_at_a_time(open_client: Connect) -> None:
    entered, go = asyncio.Event(), asyncio.Event()
    client = await open_client(waiting_app(entered, go))
    streams = [await client.begin() for _ in range(STREAMS_MAX)]
    with pytest.raises(TooManyStreamsError):
        await client.begin()
    go.set()
    for stream in streams:
        assert (await client.result(stream)).body == b"done"


async def test_applications_of_streams_that_were_reset_count(open_client: Connect) -> None:
    started = 0
    go = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal started
        started += 1
        await go.wait()

    client = await open_client(app)
    for number in range(RUNNING_MAX):
        stream = await client.begin()
        await until(lambda number=number: started > number)  # type: ignore[misc]
        await client.reset(stream)
    assert (await client.ask()).reset == ErrorCodes.REFUSED_STREAM
    go.set()
    assert started == RUNNING_MAX


async def test_rapid_resets(open_client: Connect) -> None:
    """CVE-2023-44487: streams opened and reset in one breath start nothing, and have an end."""
    paths: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        paths.append(scope["path"])
        await hello(scope, receive, send)

    client = await open_client(app, limits=ServerLimits(linger_seconds=0.2))
    assert (await client.ask("GET", "/first")).status == 200
    for _ in range(REFUSED_STREAMS_MAX + 1):
        stream = client.session.get_next_available_stream_id()
        client.session.send_headers(stream, HEAD, end_stream=True)
        client.session.reset_stream(stream)
    client.writer.write(client.session.data_to_send())
    await client.end()
    assert paths == ["/first"]
    assert client.terminated is not None
    assert client.terminated.error_code == ErrorCodes.ENHANCE_YOUR_CALM


async def test_a_stream_reset_in_one_breath(open_client: Connect) -> None:
    client = await open_client(hello)
    stream = client.session.get_next_available_stream_id()
    head = [(":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", "/#")]
    client.session.send_headers(stream, head, end_stream=True)
    client.session.reset_stream(stream)
    await client.flush()
    assert (await client.ask()).status == 200


@pytest.mark.parametrize("requests", [0, 1])
async def test_idle(open_client: Connect, requests: int) -> None:
    limits = ServerLimits(header_seconds=0.1, idle_seconds=0.2, linger_seconds=0.1)
    client = await open_client(hello, limits=limits)
    for _ in range(requests):
        await client.ask()
    await client.end()
    assert client.terminated is not None
    assert client.terminated.error_code == ErrorCodes.NO_ERROR


async def test_slow_body(open_client: Connect) -> None:
    sink = Sink()
    limits = ServerLimits(body_window_seconds=0.1, body_grace_seconds=0.1)
    refused: list[int] = []
    hooks = Hooks(on_refusal=lambda status, *_: refused.append(status))
    client = await open_client(sink, limits=limits, hooks=hooks)
    stream = await client.begin("PUT", end=False)
    await client.data(stream, b"x")
    await client.until(lambda: client.results[stream].reset is not None)
    assert client.results[stream].status == 408
    assert refused == [408]
    assert [type(error) for error in sink.errors] == [ConnectionResetError]


async def test_window_that_never_opens(open_client: Connect) -> None:
    client = await open_client(endless, limits=ServerLimits(write_stall_seconds=0.2))
    client.acknowledging = False
    stream = await client.begin()
    await client.until(lambda: client.results[stream].reset is not None)
    assert client.results[stream].reset == ErrorCodes.INTERNAL_ERROR
    assert len(client.results[stream].body) == 65_535
    assert not client.closed


async def test_reader_that_stands_still(serve_tls: ServeTls, trust: ssl.SSLContext) -> None:
    told: list[int] = []
    site = await serve_tls(
        endless,
        limits=ServerLimits(write_stall_seconds=0.3),
        hooks=Hooks(on_response=lambda _, status, *rest: told.append(status)),
    )
    client = await Client.connect(site, trust, window_bytes=1 << 30)
    client.session.increment_flow_control_window(1 << 30)
    await client.begin()
    await until(lambda: bool(told))  # and reads nothing
    assert told == [200]
    assert not site.server.edge.tenants


async def test_one_address(serve_tls: ServeTls, trust: ssl.SSLContext) -> None:
    limits = ServerLimits(connections_per_address_max=1, loopback_exempt=False, linger_seconds=0.1)
    site = await serve_tls(hello, limits=limits)
    first = await Client.connect(site, trust)
    second = await Client.connect(site, trust)
    await second.end()
    assert second.terminated is not None
    assert second.terminated.error_code == ErrorCodes.ENHANCE_YOUR_CALM
    assert b"too many connections" in (second.terminated.additional_data or b"")
    assert (await first.ask()).status == 200


async def test_drain_lets_answers_end(serve_tls: ServeTls, trust: ssl.SSLContext) -> None:
    entered, go = asyncio.Event(), asyncio.Event()
    site = await serve_tls(waiting_app(entered, go))
    idle, busy = await Client.connect(site, trust), await Client.connect(site, trust)
    late = await Client.connect(site, trust)
    stream = await busy.begin()
    await entered.wait()
    stopped = asyncio.ensure_future(site.server.stop(drain_seconds=5))
    await idle.until(lambda: idle.terminated is not None)
    # Asked before it knew: a stream that was refused may be asked for again elsewhere.
    late.writer.write(_request_of(late))
    await late.reader.readuntil(b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x07")  # REFUSED_STREAM
    await busy.until(lambda: busy.terminated is not None)
    assert busy.terminated is not None
    assert busy.terminated.error_code == ErrorCodes.NO_ERROR
    assert busy.terminated.last_stream_id == stream
    go.set()
    # The library's client takes no frame after a GOAWAY; its bytes show that they came.
    rest = await busy.reader.readuntil(b"done")
    assert b"done" in rest
    for client in (busy, idle, late):
        client.writer.close()
    await stopped


async def test_drain_that_takes_too_long(serve_tls: ServeTls, trust: ssl.SSLContext) -> None:
    entered = asyncio.Event()
    site = await serve_tls(waiting_app(entered, asyncio.Event()))
    client = await Client.connect(site, trust)
    await client.begin()
    await entered.wait()
    await site.server.stop(drain_seconds=0.05)
    await client.end()


async def test_clients_farewell_does_not_cut_its_answers(open_client: Connect) -> None:
    entered, go = asyncio.Event(), asyncio.Event()
    client = await open_client(waiting_app(entered, go))
    stream = await client.begin()
    await entered.wait()
    client.writer.write(b"\0\0\x08\x07\0\0\0\0\0" + struct.pack(">LL", 0, 0))
    client.writer.write(PING)  # in the same segment, as often as not
    await asyncio.sleep(0)
    go.set()
    assert (await client.result(stream)).body == b"done"


@pytest.mark.parametrize(
    "frame",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0\0\x01\0\0\0\0\0\0x",  # DATA on stream 0
        b"\0\0\x01\0\0\0\0\0\x05x",  # DATA on a stream that was never opened
        b"\0\0\x04\x08\0\0\0\0\0\0\0\0\0",  # a WINDOW_UPDATE of 0
        b"\0\0\x05\x04\0\0\0\0\0\0\0\0\0\0",  # SETTINGS of odd length
        b"\0\0\x06\x04\0\0\0\0\0\0\x04\xff\xff\xff\xff",  # an initial window too large
        b"\0\0\x01\x01\x05\0\0\0\x01\xff",  # HEADERS that HPACK cannot read
        b"\0\0\x01\x01\x05\0\0\0\x02\x82",  # HEADERS on an even stream
        b"\0\0\x01\x09\x04\0\0\0\x01\x82",  # CONTINUATION of nothing
        b"\xff\xff\xff\0\0\0\0\0\x01",  # a frame too large
        b"\0\0\x04\x05\x04\0\0\0\x01\0\0\0\2",  # a push of a client
    ],
)
async def test_broken_frames(
    open_client: Connect, frame: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    refused: list[int] = []
    hooks = Hooks(on_refusal=lambda status, *_: refused.append(status))
    limits = ServerLimits(header_seconds=0.2, idle_seconds=0.2, linger_seconds=0.1)
    client = await open_client(echo, hooks=hooks, limits=limits)
    client.writer.write(frame)
    await client.end()
    assert client.terminated is not None
    assert refused in ([400], [])
    assert not caplog.records
