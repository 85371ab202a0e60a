"""Heads that are refused: too big, too slow, or open to more than one reading."""

import asyncio
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.faces.asgi import Receive, Scope, Send
from entrepot.faces.server.hooks import Hooks
from entrepot.faces.server.limits import ServerLimits
from entrepot.faces.server.listen import Listener
from entrepot.faces.server.run import Server

from .conftest import Serve, until
from .peer import Answer, Peer, echo, hello, read_all, reply, request, waiting_app

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
PUT = b"PUT / HTTP/1.1\r\nHost: x\r\n"
BAD_HEADS = {
    "length and coding": PUT + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding and length": PUT + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "two lengths": PUT + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    "same length twice": PUT + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "list of lengths": PUT + b"Content-Length: 3, 3\r\n\r\nabc",
    "signed length": PUT + b"Content-Length: +3\r\n\r\nabc",
    "hex length": PUT + b"Content-Length: 0x3\r\n\r\nabc",
    "empty length": PUT + b"Content-Length:\r\n\r\n",
    "huge length": PUT + b"Content-Length: 99999999999999999999\r\n\r\n",
    "unknown coding": PUT + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two codings": PUT + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": PUT + b"Transfer-Encoding: chunked\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked not last": PUT + b"Transfer-Encoding: chunked, x\r\n\r\n",
    "coding in 1.0": b"PUT / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "hidden coding": PUT + b"Transfer-Encoding:\x0bchunked\r\n\r\n",
    "space before colon": PUT + b"Transfer-Encoding : chunked\r\n\r\n",
    "bare LF": b"GET / HTTP/1.1\nHost: x\n\n",
    "bare LF in a field": b"GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n",
    "bare CR in a field": b"GET / HTTP/1.1\r\nHost: x\rX: y\r\n\r\n",
    "folded line": b"GET / HTTP/1.1\r\nHost: x\r\nX: y\r\n z\r\n\r\n",
    "space before the first field": b"GET / HTTP/1.1\r\n X: y\r\nHost: x\r\n\r\n",
    "NUL in a value": b"GET / HTTP/1.1\r\nHost: x\x00\r\n\r\n",
    "control in a value": b"GET / HTTP/1.1\r\nHost: x\x01\r\n\r\n",
    "control in a name": b"GET / HTTP/1.1\r\nHo\x01st: x\r\n\r\n",
    "no name": b"GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n",
    "no colon": b"GET / HTTP/1.1\r\nHost: x\r\nnothing\r\n\r\n",
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
    "version 0.9": b"GET / HTTP/0.9\r\n\r\n",
    "version 2.0": b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "CONNECT": b"CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "unknown method": b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
    "space in the target": b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
    "raw UTF-8 in the target": "GET /é HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    "upgrade with a body": PUT + b"Connection: upgrade\r\nUpgrade: h2c\r\n"
    b"Content-Length: 3\r\n\r\nabc",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "nothing of HTTP": b"\x00\x01\x02\x03",
}


async def refused(peer: Peer, status: int | None = None) -> Answer:
    """Read a refusal and the end after it."""
    answer = await peer.answer()
    error = json.loads(answer.body)["errors"][0]
    assert error["code"].replace("_", "").isupper()
    assert error["message"]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"
    assert answer.headers["connection"] == "close"
    assert "date" in answer.headers
    assert await peer.closed()
    if status is not None:
        assert answer.status == status
    return answer


@pytest.mark.parametrize("name", BAD_HEADS)
async def test_bad_heads(serve: Serve, name: str) -> None:
    calls = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal calls
        calls += 1
        await read_all(receive)
        await reply(send, 200)

    site = await serve(app)
    peer = await site.connect()
    await peer.send(request(path="/good") + BAD_HEADS[name] + request(path="/smuggled"))
    assert (await peer.answer()).status == 200
    answer = await refused(peer)
    assert answer.status in (400, 501, 505)
    assert calls == 1


async def test_refusal_while_a_response_is_under_way_waits_for_it(serve: Serve) -> None:
    entered, go = asyncio.Event(), asyncio.Event()
    peer = await (await serve(waiting_app(entered, go))).connect()
    await peer.send(request() + request() + BAD_HEADS["bare LF"])
    await entered.wait()
    go.set()
    assert [(await peer.answer()).body for _ in range(2)] == [b"done", b"done"]
    await refused(peer, 400)


async def test_broken_chunk_within_receive(serve: Serve) -> None:
    seen: list[BaseException] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await read_all(receive)
        except ConnectionResetError as error:
            seen.append(error)
            raise

    peer = await (await serve(app)).connect()
    await peer.send(request("PUT", Transfer_Encoding="chunked") + b"3\r\nabcd\r\n0\r\n\r\n")
    await refused(peer, 400)
    await until(lambda: bool(seen))


@pytest.mark.parametrize("step", [1 << 20, 1000, 7])
@pytest.mark.parametrize(
    "head",
    [
        GET + b"X: " + b"y" * 5000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 900 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X" * 5000 + b": y\r\n\r\n",
    ],
)
async def test_big_headers(serve: Serve, head: bytes, step: int) -> None:
    limits = ServerLimits(header_bytes=4000, header_count=800)
    peer = await (await serve(hello, limits=limits)).connect()
    for at in range(0, len(head), step):
        peer.writer.write(head[at : at + step])
        await asyncio.sleep(0)
    await refused(peer, 431)


async def test_endless_header_line_is_cut_off(serve: Serve) -> None:
    """Without waiting for its end, which never comes."""
    peer = await (await serve(hello, limits=ServerLimits(linger_seconds=0.05))).connect()
    peer.writer.write(GET + b"X: " + b"y" * 3_000_000)
    assert (await peer.answer()).status == 431


async def test_range_of_32_kib_is_fine(serve: Serve) -> None:
    peer = await (await serve(hello)).connect()
    spans = ",".join(f"{n}-{n + 1}" for n in range(3500))
    assert len(spans) > 32 * 1024 - 200
    await peer.send(request(Range=f"bytes={spans}"))
    assert (await peer.answer()).status == 200


async def test_too_many_headers(serve: Serve) -> None:
    peer = await (await serve(hello, limits=ServerLimits(header_count=10))).connect()
    await peer.send(request("GET", "/", b"", **{f"X{n}": "y" for n in range(9)}))
    assert (await peer.answer()).status == 200
    await peer.send(request("GET", "/", b"", **{f"X{n}": "y" for n in range(10)}))
    await refused(peer, 431)


async def test_long_target(serve: Serve) -> None:
    peer = await (await serve(hello, limits=ServerLimits(target_bytes=100))).connect()
    await peer.send(request(path="/" + "a" * 99))
    assert (await peer.answer()).status == 200
    await peer.send(request(path="/" + "a" * 100))
    await refused(peer, 414)


async def test_a_big_body_before_a_head_does_not_count_as_head(serve: Serve) -> None:
    limits = ServerLimits(header_bytes=2000)
    peer = await (await serve(echo, limits=limits)).connect()
    head = request(path="/next", X="y" * 1500)
    await peer.send(request("PUT", body=b"z" * 50_000) + head[:1000])
    assert (await peer.answer()).status == 200
    await peer.send(head[1000:])
    assert (await peer.answer()).status == 200


async def test_per_address_bound(serve: Serve) -> None:
    refusals: list[tuple[int, str, str | None]] = []
    hooks = Hooks(on_refusal=lambda *what: refusals.append(what))
    limits = ServerLimits(connections_per_address_max=2, loopback_exempt=False, linger_seconds=0.05)
    site = await serve(hello, limits=limits, hooks=hooks)
    first, second, third = [await site.connect() for _ in range(3)]
    answer = await refused(third, 429)
    assert "retry-after" in answer.headers
    assert refusals == [(429, "TOOMANYREQUESTS", "127.0.0.1")]
    first.abort()
    await until(lambda: len(site.server.edge.tenants) == 1)
    fourth = await site.connect()
    for peer in (second, fourth):
        await peer.send(request())
        assert (await peer.answer()).status == 200


async def test_bound_on_all_connections(serve: Serve) -> None:
    site = await serve(hello, limits=ServerLimits(connections_max=2, linger_seconds=0.05))
    kept = [await site.connect() for _ in range(2)]
    for peer in kept:
        await peer.send(request())
        assert (await peer.answer()).status == 200
    await refused(await site.connect(), 503)
    for peer in kept:
        await peer.send(request())
        assert (await peer.answer()).status == 200


TOKENS = [
    b"GET ",
    b"PUT ",
    b"/",
    b" HTTP/1.1",
    b"\r\n",
    b"\n",
    b"\r",
    b"Host: x",
    b"Content-Length: ",
    b"Transfer-Encoding: chunked",
    b"5",
    b"0",
    b"abcde",
    b": ",
    b" ",
    b"\x00",
    b"Connection: close",
    b"Expect: 100-continue",
    b"Upgrade: x",
    b"Connection: upgrade",
]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from(TOKENS), max_size=25), min_size=1, max_size=4))
def test_any_bytes_leave_a_server_that_answers(blocks: list[list[bytes]]) -> None:
    """Whatever comes, nothing hangs or fails, and every connection can be closed."""
    failures: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await read_all(receive)
            await reply(send, 200, b"ok")
        except ConnectionResetError:
            raise
        except Exception as error:
            failures.append(error)
            raise

    async def scenario() -> None:
        server = Server(app, limits=ServerLimits(linger_seconds=0.05))
        (address,) = await server.start([Listener(address="127.0.0.1:0")])
        host, port = address.split(":")
        peer = Peer(*await asyncio.open_connection(host, port))
        for block in blocks:
            peer.writer.write(b"".join(block))
            await asyncio.sleep(0)
        good = Peer(*await asyncio.open_connection(host, port))
        await good.send(request())
        assert (await good.answer()).status == 200
        peer.abort()
        good.abort()
        await server.stop(drain_seconds=5)
        assert not server.edge.tasks

    asyncio.run(scenario())
    assert failures == []
