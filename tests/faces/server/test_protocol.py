"""Plain requests: order, framing, keep-alive, early answers, failures."""

import asyncio
import json
import logging
from contextvars import ContextVar

import pytest

from entrepot.faces.asgi import DRAIN, ZERO_COPY, Receive, Scope, Send
from entrepot.faces.server.hooks import STATUS_CLIENT_GONE, Hooks
from entrepot.faces.server.limits import ServerLimits

from .conftest import Serve, until
from .peer import chunked, echo, hello, read_all, reply, request


async def test_answers_on_one_connection(serve: Serve) -> None:
    peer = await (await serve(hello)).connect()
    for number in range(3):
        await peer.send(request(path=f"/{number}"))
        answer = await peer.answer()
        assert (answer.status, answer.body) == (200, f"GET /{number}".encode())
        assert "date" in answer.headers


async def test_scope(serve: Serve) -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(dict(scope))
        await reply(send, 200)

    site = await serve(app)
    peer = await site.connect()
    await peer.send(request("PUT", "/v2/a%2Fb/%C3%A9?x=%20&y", X_Some="Value"))
    await peer.answer()
    scope = seen[0]
    assert scope["method"] == "PUT"
    assert scope["path"] == "/v2/a/b/é"
    assert scope["raw_path"] == b"/v2/a%2Fb/%C3%A9"
    assert scope["query_string"] == b"x=%20&y"
    assert scope["headers"] == [(b"host", b"test"), (b"x-some", b"Value")]
    assert scope["http_version"] == "1.1"
    assert scope["server"] == ("127.0.0.1", site.port)
    assert scope["client"][0] == "127.0.0.1"
    assert scope["asgi"]["spec_version"] == "2.4"
    assert set(scope["extensions"]) == {DRAIN, ZERO_COPY}


@pytest.mark.parametrize("size", [0, 1, 65536, 300_000])
async def test_body_by_receive(serve: Serve, size: int) -> None:
    peer = await (await serve(echo)).connect()
    body = bytes(range(256)) * (size // 256) + b"z" * (size % 256)
    await peer.send(request("PUT", body=body))
    assert (await peer.answer()).body == body
    await peer.send(request("PUT", Transfer_Encoding="chunked") + chunked(body, b"tail"))
    assert (await peer.answer()).body == body + b"tail"


async def test_trailers_are_no_headers(serve: Serve) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read_all(receive)
        await reply(send, 200, repr(scope["headers"]).encode())

    peer = await (await serve(app)).connect()
    await peer.send(
        request("PUT", Transfer_Encoding="chunked") + b"1\r\nx\r\n0\r\nAuthorization: me\r\n\r\n"
    )
    assert b"uthorization" not in (await peer.answer()).body


async def test_pipelined_requests_are_answered_in_order(serve: Serve) -> None:
    running = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal running
        running += 1
        assert running == 1
        await asyncio.sleep(0)
        body = await read_all(receive)
        running -= 1
        await reply(send, 200, scope["path"].encode() + body)

    peer = await (await serve(app)).connect()
    await peer.send(b"".join(request("PUT", f"/{n}", b"b" * n) for n in range(20)))
    for n in range(20):
        assert (await peer.answer()).body == f"/{n}".encode() + b"b" * n


async def test_too_many_pipelined_requests(serve: Serve) -> None:
    peer = await (await serve(hello, limits=ServerLimits(pipelined_requests_max=3))).connect()
    await peer.send(b"".join(request(path=f"/{n}") for n in range(9)))
    for n in range(4):
        assert (await peer.answer()).body == f"GET /{n}".encode()
    assert (await peer.answer()).status == 429
    assert await peer.closed()


async def test_context_of_one_request_does_not_reach_the_next(serve: Serve) -> None:
    mark: ContextVar[str] = ContextVar("mark", default="unset")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        before = mark.get()
        mark.set("set")
        await reply(send, 200, before.encode())

    peer = await (await serve(app)).connect()
    await peer.send(request() * 3)
    assert [(await peer.answer()).body for _ in range(3)] == [b"unset"] * 3


async def test_head_has_no_body(serve: Serve) -> None:
    peer = await (await serve(hello)).connect()
    await peer.send(request("HEAD") + request("GET", "/after"))
    answer = await peer.answer("HEAD")
    assert answer.headers["content-length"] == "6"
    assert (await peer.answer()).body == b"GET /after"


async def test_streamed_response(serve: Serve) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in (b"a" * 100_000, b"", b"b"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})

    site = await serve(app)
    peer = await site.connect()
    for _ in range(2):
        await peer.send(request())
        answer = await peer.answer()
        assert answer.headers["transfer-encoding"] == "chunked"
        assert answer.body == b"a" * 100_000 + b"b"
    await peer.send(b"GET / HTTP/1.0\r\n\r\n")
    answer = await peer.answer()
    assert answer.headers["connection"] == "close"
    assert answer.body == b"a" * 100_000 + b"b"


async def test_connection_close_is_kept(serve: Serve) -> None:
    site = await serve(hello)
    for head in (request(Connection="close"), b"GET / HTTP/1.0\r\nHost: x\r\n\r\n"):
        peer = await site.connect()
        await peer.send(head)
        assert (await peer.answer()).headers["connection"] == "close"
        assert await peer.closed()


async def test_an_upgrade_is_declined(serve: Serve) -> None:
    peer = await (await serve(hello)).connect()
    ask = request(path="/a", Connection="Upgrade, HTTP2-Settings", Upgrade="h2c")
    await peer.send(ask + request(path="/b"))
    assert (await peer.answer()).body == b"GET /a"
    assert (await peer.answer()).body == b"GET /b"


class Failing:
    """Applications that break the rules of ASGI, by path."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await getattr(self, scope["path"][1:])(send)

    async def raises(self, send: Send) -> None:
        raise KeyError("some detail that is nobody's business")

    async def returns(self, send: Send) -> None:
        pass

    async def starts(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def injects(self, send: Send) -> None:
        await reply(send, 200, b"", (b"x", b"1\r\nset-cookie: a"))

    async def too_long(self, send: Send) -> None:
        headers = [(b"content-length", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ab"})

    async def cut(self, send: Send) -> None:
        headers = [(b"content-length", b"9")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ab", "more_body": True})

    async def cut_chunked(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ab", "more_body": True})
        raise KeyError

    async def twice(self, send: Send) -> None:
        await reply(send, 200, b"ok")
        await reply(send, 200, b"again")


@pytest.mark.parametrize("path", ["raises", "returns", "starts", "injects", "too_long"])
async def test_failure_before_any_byte_is_a_500(
    serve: Serve, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    peer = await (await serve(Failing())).connect()
    await peer.send(request(path=f"/{path}"))
    answer = await peer.answer()
    assert answer.status == 500
    assert json.loads(answer.body)["errors"][0]["code"] == "UNKNOWN"
    assert b"business" not in answer.body
    assert await peer.closed()
    assert caplog.records[-1].levelno == logging.ERROR


@pytest.mark.parametrize("path", ["cut", "cut_chunked"])
async def test_failure_after_some_bytes_is_a_cut(serve: Serve, path: str) -> None:
    peer = await (await serve(Failing())).connect()
    await peer.send(request(path=f"/{path}"))
    with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
        await peer.answer()


async def test_a_cut_is_seen_even_where_the_close_ends_the_body(serve: Serve) -> None:
    peer = await (await serve(Failing())).connect()
    await peer.send(b"GET /cut_chunked HTTP/1.0\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        await peer.answer()


async def test_failure_after_the_response(serve: Serve) -> None:
    peer = await (await serve(Failing())).connect()
    await peer.send(request(path="/twice"))
    assert (await peer.answer()).body == b"ok"


async def deny(scope: Scope, receive: Receive, send: Send) -> None:
    await reply(send, 401, b"no")


async def test_early_answer_is_seen_by_a_client_that_sends_on(serve: Serve) -> None:
    site = await serve(deny, limits=ServerLimits(linger_seconds=0.2))
    peer = await site.connect()
    peer.writer.write(request("PUT", body=b"x" * 8_000_000))
    answer = await peer.answer()
    assert (answer.status, answer.headers["connection"]) == (401, "close")
    assert await peer.closed()
    await until(lambda: not site.server.edge.tenants)


async def test_what_is_swallowed_after_an_early_answer_is_bounded(serve: Serve) -> None:
    """Beyond the bound the client is blocked, and reset when the time is up."""
    site = await serve(deny, limits=ServerLimits(linger_bytes=1000, linger_seconds=0.5))
    loop = asyncio.get_running_loop()
    with await site.socket(None) as sock:
        await loop.sock_sendall(sock, request("PUT", Content_Length="9000000000"))
        with pytest.raises(ConnectionError):
            await loop.sock_sendall(sock, bytes(200_000_000))


async def test_early_answer_to_chunks(serve: Serve) -> None:
    site = await serve(deny, limits=ServerLimits(linger_seconds=0.2))
    peer = await site.connect()
    await peer.send(request("PUT", Transfer_Encoding="chunked") + chunked(b"x" * 100)[:-5])
    assert (await peer.answer()).headers["connection"] == "close"
    await peer.send(b"5\r\nabcde\r\n")
    assert await peer.closed()


async def test_early_answer_to_a_short_body_keeps_the_connection(serve: Serve) -> None:
    peer = await (await serve(deny, limits=ServerLimits(linger_seconds=0.1))).connect()
    body = b"x" * 200_000
    whole = request("PUT", body=body)
    for _ in range(2):
        await peer.send(whole[:1000])
        answer = await peer.answer()
        assert answer.status == 401
        assert "connection" not in answer.headers
        await peer.send(whole[1000:])
    await asyncio.sleep(0.2)  # the time for the rest of the body is over, the idle time is not
    await peer.send(request())
    assert (await peer.answer()).status == 401


async def test_the_rest_of_a_short_body_must_come_soon(serve: Serve) -> None:
    peer = await (await serve(deny, limits=ServerLimits(linger_seconds=0.05))).connect()
    await peer.send(request("PUT", body=b"x" * 1000)[:-500])
    assert (await peer.answer()).status == 401
    assert await peer.closed()


async def test_expect_continue(serve: Serve) -> None:
    site = await serve(echo)
    peer = await site.connect()
    ask = request("PUT", Expect="100-continue", Content_Length="5")
    for _ in range(2):
        await peer.send(ask)
        assert (await peer.answer()).status == 100
        await peer.send(b"12345")
        assert (await peer.answer()).body == b"12345"
    await peer.send(b"PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx")
    assert (await peer.answer()).body == b"x"


async def test_expect_continue_denied_closes(serve: Serve) -> None:
    peer = await (await serve(deny)).connect()
    await peer.send(request("PUT", Expect="100-continue", Content_Length="5"))
    answer = await peer.answer()
    assert (answer.status, answer.headers["connection"]) == (401, "close")
    assert await peer.reader.read() == b""


async def test_disconnect_reaches_the_application(serve: Serve) -> None:
    seen: list[object] = []
    entered = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read_all(receive)
        entered.set()
        seen.append((await receive())["type"])
        try:
            await reply(send, 200)
        except ConnectionResetError as error:
            seen.append(error)
            raise

    site = await serve(app)
    peer = await site.connect()
    await peer.send(request())
    await entered.wait()
    peer.abort()
    await until(lambda: len(seen) == 2)
    assert seen[0] == "http.disconnect"
    await until(lambda: not site.server.edge.tasks)


async def test_disconnect_within_the_body_comes_after_its_bytes(serve: Serve) -> None:
    got: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            got.append(message.get("body", message["type"]))
            if message["type"] == "http.disconnect":
                return

    peer = await (await serve(app)).connect()
    await peer.send(request("PUT", body=b"x" * 1000)[:-1])
    peer.writer.close()
    await until(lambda: "http.disconnect" in got)
    assert b"".join(part for part in got[:-1] if isinstance(part, bytes)) == b"x" * 999


async def test_disconnect_reaches_the_running_one_of_pipelined_requests(serve: Serve) -> None:
    """The queued ones are never begun."""
    began: list[str] = []
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        began.append(scope["path"])
        await read_all(receive)
        seen.append((await receive())["type"])

    site = await serve(app)
    peer = await site.connect()
    await peer.send(request(path="/a") + request(path="/b") + request(path="/c"))
    await until(lambda: began == ["/a"])
    for tenant in tuple(site.server.edge.tenants):
        tenant.cut()
    await until(lambda: seen == ["http.disconnect"])
    await until(lambda: not site.server.edge.tasks)
    assert began == ["/a"]


async def test_observer(serve: Serve) -> None:
    seen: list[tuple[str, int, int, int]] = []

    def on_response(scope: Scope, status: int, got: int, sent: int, seconds: float) -> None:
        assert 0 <= seconds < 5
        seen.append((scope["path"], status, got, sent))
        raise KeyError("observers may fail")

    site = await serve(echo, hooks=Hooks(on_response=on_response))
    peer = await site.connect()
    await peer.send(request("PUT", "/a", b"x" * 70_000))
    await peer.answer()
    await peer.send(request("PUT", "/b", Transfer_Encoding="chunked") + chunked(b"1", b"23"))
    await peer.answer()
    await peer.send(request("HEAD", "/c"))
    await peer.answer("HEAD")
    await peer.send(request("PUT", "/d", b"x" * 10)[:-5])
    await until(lambda: len(site.server.edge.tasks) > 0)
    peer.writer.close()
    await until(lambda: len(seen) == 4)
    assert seen == [
        ("/a", 200, 70_000, 70_000),
        ("/b", 200, 3, 3),
        ("/c", 200, 0, 0),
        ("/d", STATUS_CLIENT_GONE, 5, 0),
    ]
