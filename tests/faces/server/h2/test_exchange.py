"""HTTP/2 requests and answers, as clients and applications see them."""

import asyncio
import hashlib
import os
import ssl

import pytest
from h2.errors import ErrorCodes

from entrepot.faces.asgi import DRAIN, ZERO_COPY, Receive, Scope, Send
from entrepot.faces.server.h2.session import STREAM_WINDOW_BYTES
from entrepot.faces.server.hooks import Hooks
from entrepot.faces.server.limits import ServerLimits
from tests.faces.server.conftest import until
from tests.faces.server.peer import Sink, echo, hello, reply, request, waiting_app

from .client import Client
from .conftest import Connect, ServeTls

MIB = 1024 * 1024


async def test_request_and_answer(open_client: Connect) -> None:
    client = await open_client(hello)
    result = await client.ask("GET", "/v2/a%2Fb?n=1")
    assert (result.status, bytes(result.body)) == (200, b"GET /v2/a/b")
    assert result.header(b"content-length") == b"11"
    assert result.header(b"date")
    assert result.header(b"server") is None


async def test_scope(open_client: Connect) -> None:
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(dict(scope))
        await reply(send, 200)

    client = await open_client(app)
    fields = [("x-one", "1"), ("x-one", "2"), ("cookie", "a=b"), ("cookie", "c=d")]
    await client.ask("GET", "/a%20b?c=%20d", *fields)
    (scope,) = scopes
    assert scope["http_version"] == "2"
    assert scope["scheme"] == "https"
    assert (scope["path"], scope["raw_path"]) == ("/a b", b"/a%20b")
    assert scope["query_string"] == b"c=%20d"
    assert scope["client"][0] == scope["server"][0] == "127.0.0.1"
    assert scope["headers"] == [
        (b"host", b"test"),
        (b"x-one", b"1"),
        (b"x-one", b"2"),
        (b"cookie", b"a=b; c=d"),
    ]
    assert [*scope["extensions"]] == [DRAIN]
    assert ZERO_COPY not in scope["extensions"]


async def test_streams_run_side_by_side(open_client: Connect) -> None:
    entered, go = asyncio.Event(), asyncio.Event()
    wait = waiting_app(entered, go)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (wait if scope["path"] == "/wait" else hello)(scope, receive, send)

    client = await open_client(app)
    first = await client.begin("GET", "/wait")
    assert (await client.ask("GET", "/other")).body == b"GET /other"
    assert not client.results[first].headers
    go.set()
    assert (await client.result(first)).body == b"done"


@pytest.mark.parametrize("method, status", [("HEAD", 200), ("GET", 204), ("GET", 304)])
async def test_no_body(open_client: Connect, method: str, status: int) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await reply(send, status, b"x" * 100)

    client = await open_client(app)
    result = await client.ask(method)
    assert (result.status, result.data_frames, result.ended) == (status, 0, True)
    assert (await client.ask(method)).ended


async def test_fields_of_the_connection_are_dropped(open_client: Connect) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await reply(send, 200, b"", (b"Connection", b"close"), (b"X-Upper", b"v"))

    result = await (await open_client(app)).ask()
    assert result.header(b"x-upper") == b"v"
    assert result.header(b"connection") is None


@pytest.mark.parametrize("window_bytes", [100, 70_000, 8 * MIB])
async def test_large_answer_within_any_window(open_client: Connect, window_bytes: int) -> None:
    body = os.urandom(50_000 if window_bytes == 100 else 5 * MIB + 7)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        length = (b"content-length", b"%d" % len(body))
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        for at in range(0, len(body), MIB):
            part = body[at : at + MIB]
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    client = await open_client(app, window_bytes=window_bytes)
    result = await client.ask()
    assert (result.ended, result.reset) == (True, None)
    assert hashlib.sha256(result.body).digest() == hashlib.sha256(body).digest()


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 300_000, 5 * MIB])
@pytest.mark.parametrize("with_length", [True, False])
async def test_upload(open_client: Connect, size: int, with_length: bool) -> None:
    sink, body = Sink(), os.urandom(size)
    client = await open_client(sink)
    fields = [("content-length", str(size))] if with_length else []
    stream = await client.begin("PATCH", "/", *fields, end=False)
    await client.data(stream, body, end=True)
    assert (await client.result(stream)).body == b"%d" % size
    assert sink.got == [body]


async def test_unread_body_is_held_back(open_client: Connect) -> None:
    entered, go = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        entered.set()
        await go.wait()
        await echo(scope, receive, send)

    client = await open_client(app)
    stream = await client.begin("PUT", end=False)
    body = os.urandom(STREAM_WINDOW_BYTES)
    await client.data(stream, body)
    assert client.session.local_flow_control_window(stream) == 0
    go.set()
    await client.data(stream, b"more", end=True)
    assert (await client.result(stream)).body == body + b"more"


CUTS = [ErrorCodes.NO_ERROR, ErrorCodes.CANCEL, ErrorCodes.INTERNAL_ERROR]


@pytest.mark.parametrize("code", CUTS)
@pytest.mark.parametrize("with_length", [True, False])
async def test_cut_upload_never_looks_complete(
    open_client: Connect, code: ErrorCodes, with_length: bool
) -> None:
    sink, told = Sink(), []
    hooks = Hooks(on_response=lambda _, status, *rest: told.append((status, rest[0])))
    client = await open_client(sink, hooks=hooks)
    fields = [("content-length", "100000")] if with_length else []
    stream = await client.begin("PATCH", "/", *fields, end=False)
    await client.data(stream, b"x" * 50_000)
    await until(lambda: bool(sink.got))
    await client.reset(stream, code)
    await until(lambda: bool(told))
    assert [type(error) for error in sink.errors] == [ConnectionResetError]
    assert sink.got == [b"x" * 50_000]
    assert told == [(499, 50_000)]
    # The connection is as good as before.
    assert (await client.ask()).status == 200


@pytest.mark.parametrize("polite", [True, False])
async def test_upload_cut_with_the_connection(open_client: Connect, polite: bool) -> None:
    sink = Sink()
    client = await open_client(sink)
    stream = await client.begin("PATCH", end=False)
    await client.data(stream, b"x" * 1000)
    await until(lambda: bool(sink.got))
    if polite:
        client.session.close_connection()
        await client.flush()
        client.writer.close()
    else:
        client.writer.transport.abort()
    await until(lambda: bool(sink.errors))
    assert isinstance(sink.errors[0], ConnectionResetError)


@pytest.mark.parametrize("declared", [5, 50])
async def test_body_of_another_length(open_client: Connect, declared: int) -> None:
    sink = Sink()
    client = await open_client(sink, limits=ServerLimits(linger_seconds=0.1))
    stream = await client.begin("PATCH", "/", ("content-length", str(declared)), end=False)
    await client.data(stream, b"x" * 20, end=True)
    await client.end()
    assert client.terminated is not None
    assert client.terminated.error_code == ErrorCodes.PROTOCOL_ERROR
    assert all(isinstance(error, ConnectionResetError) for error in sink.errors)
    assert not client.results[stream].ended


async def test_application_hears_that_a_reader_left(open_client: Connect) -> None:
    raised = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            while True:
                part = b"x" * 100_000
                await send({"type": "http.response.body", "body": part, "more_body": True})
        except ConnectionResetError:
            raised.set()
            raise

    client = await open_client(app)
    client.acknowledging = False
    stream = await client.begin()
    await client.until(lambda: bool(client.results[stream].body))
    await client.reset(stream)
    await raised.wait()


async def test_receive_after_the_body_waits_for_the_end(open_client: Connect) -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((await receive())["type"])
        seen.append((await receive())["type"])

    client = await open_client(app)
    stream = await client.begin()
    await until(lambda: bool(seen))
    await client.reset(stream)
    await until(lambda: len(seen) == 2)
    assert seen == ["http.request", "http.disconnect"]


async def test_early_answer_to_a_small_body(open_client: Connect) -> None:
    client = await open_client(hello)
    stream = await client.begin("PUT", "/", ("content-length", "1000"), end=False)
    result = await client.result(stream)
    assert (result.status, result.reset) == (200, None)
    await client.data(stream, b"x" * 1000, end=True)
    assert (await client.ask()).status == 200
    assert result.reset is None


@pytest.mark.parametrize("fields", [[], [("content-length", str(10 * MIB))]])
async def test_early_answer_to_a_large_body(
    open_client: Connect, fields: list[tuple[str, str]]
) -> None:
    client = await open_client(hello)
    stream = await client.begin("PUT", "/", *fields, end=False)
    await client.until(lambda: client.results[stream].reset is not None)
    result = client.results[stream]
    assert (result.status, result.ended, result.reset) == (200, True, ErrorCodes.NO_ERROR)
    assert (await client.ask()).status == 200


async def test_expectation(open_client: Connect) -> None:
    client = await open_client(Sink())
    stream = await client.begin("PUT", "/", ("expect", "100-continue"), end=False)
    await client.until(lambda: bool(client.results[stream].informational))
    assert client.results[stream].informational == [b"100"]
    await client.data(stream, b"body", end=True)
    assert (await client.result(stream)).body == b"4"


async def test_failures(open_client: Connect, caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        length = (b"content-length", b"10")
        if scope["path"] == "/before":
            raise ValueError
        if scope["path"] == "/nothing":
            return
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        more = scope["path"] == "/within"
        size = 11 if scope["path"] == "/long" else 5
        await send({"type": "http.response.body", "body": b"x" * size, "more_body": more})
        raise ValueError

    client = await open_client(app)
    for path in ("/before", "/nothing", "/long", "/short"):
        assert (await client.ask("GET", path)).status == 500
    within = await client.ask("GET", "/within")
    assert (within.status, within.ended, within.reset) == (200, False, ErrorCodes.INTERNAL_ERROR)
    assert len(caplog.records) == 5


@pytest.mark.parametrize("value", [b"a\r\nb: c", b"a\nb", b"a\0b"])
async def test_no_header_breaks_a_line(
    open_client: Connect, value: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await reply(send, 200, b"", (b"location", value))

    assert (await (await open_client(app)).ask()).status == 500
    assert len(caplog.records) == 1


async def test_observer(open_client: Connect) -> None:
    told: list[tuple[str, int, int, int]] = []

    def on_response(scope: Scope, status: int, got: int, sent: int, seconds: float) -> None:
        assert 0 <= seconds < 5
        told.append((scope["path"], status, got, sent))

    client = await open_client(echo, hooks=Hooks(on_response=on_response))
    stream = await client.begin("PUT", "/echo", end=False)
    await client.data(stream, b"x" * 70_000, end=True)
    await client.result(stream)
    await client.ask("HEAD", "/head")
    assert told == [("/echo", 200, 70_000, 70_000), ("/head", 200, 0, 0)]


async def test_the_other_protocol_on_the_same_port(
    serve_tls: ServeTls, trust: ssl.SSLContext
) -> None:
    site = await serve_tls(hello)
    await (await Client.connect(site, trust)).ask()
    for offered in (["http/1.1"], []):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if offered:
            context.set_alpn_protocols(offered)
        peer = await site.connect(ssl=context, server_hostname="localhost")
        await peer.send(request())
        assert (await peer.answer()).body == b"GET /"


async def test_not_offered_unless_asked_for(serve_tls: ServeTls, trust: ssl.SSLContext) -> None:
    site = await serve_tls(hello, http2=False)
    trust.set_alpn_protocols(["h2", "http/1.1"])
    peer = await site.connect(ssl=trust, server_hostname="localhost")
    session = peer.writer.get_extra_info("ssl_object")
    assert session.selected_alpn_protocol() == "http/1.1"
