"""Clients that take too long."""

import asyncio

import pytest

from entrepot.faces.asgi import Receive, Scope, Send
from entrepot.faces.server.limits import ServerLimits

from .conftest import Serve, until
from .peer import echo, hello, reply, request
from .test_refusal import refused


@pytest.mark.parametrize("start", [b"G", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_slow_head(serve: Serve, start: bytes) -> None:
    peer = await (await serve(hello, limits=ServerLimits(header_seconds=0.05))).connect()
    await peer.send(start)
    await refused(peer, 408)


async def test_dripping_head_gains_no_time(serve: Serve) -> None:
    site = await serve(hello, limits=ServerLimits(header_seconds=0.1))
    peer = await site.connect()
    peer.writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
    for _ in range(30):
        peer.writer.write(b"X: y\r\n")
        await asyncio.sleep(0.01)
    assert (await peer.answer()).status == 408


async def test_slow_second_head(serve: Serve) -> None:
    peer = await (await serve(hello, limits=ServerLimits(header_seconds=0.05))).connect()
    await peer.send(request() + b"GET / HT")
    assert (await peer.answer()).status == 200
    await refused(peer, 408)


async def test_silent_connections_are_closed_silently(serve: Serve) -> None:
    limits = ServerLimits(header_seconds=0.05, idle_seconds=0.05)
    site = await serve(hello, limits=limits)
    peer = await site.connect()
    assert await peer.reader.read() == b""
    peer = await site.connect()
    await peer.send(request())
    await peer.answer()
    assert await peer.reader.read() == b""


async def test_idle_time_starts_with_the_answer(serve: Serve) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.15)
        await reply(send, 200)

    peer = await (await serve(app, limits=ServerLimits(idle_seconds=0.1))).connect()
    for _ in range(2):
        await peer.send(request())
        assert (await peer.answer()).status == 200


async def test_slow_body_by_receive(serve: Serve) -> None:
    limits = ServerLimits(body_grace_seconds=0.05, body_window_seconds=0.05)
    site = await serve(echo, limits=limits)
    peer = await site.connect()
    await peer.send(request("PUT", Content_Length="10") + b"x")
    await refused(peer, 408)
    await until(lambda: not site.server.edge.tasks)


async def test_application_that_waits_is_not_a_slow_client(serve: Serve) -> None:
    asked = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.2)
        asyncio.get_running_loop().call_soon(asked.set)
        assert (await receive())["body"]
        await asyncio.sleep(0.6)
        await echo(scope, receive, send)

    limits = ServerLimits(
        body_grace_seconds=0.3, body_window_seconds=0.1, body_rate_min_bytes=10**9
    )
    peer = await (await serve(app, limits=limits)).connect()
    await peer.send(request("PUT", Content_Length="200000"))
    await asked.wait()
    await peer.send(b"x" * 200_000)
    assert (await peer.answer()).status == 200


async def test_stalled_reader_of_a_plain_response(serve: Serve) -> None:
    errors: list[BaseException] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            for _ in range(100):
                part = {"type": "http.response.body", "body": b"x" * 300_000, "more_body": True}
                await send(part)
        except ConnectionResetError as error:
            errors.append(error)
            raise

    site = await serve(app, limits=ServerLimits(write_stall_seconds=0.1))
    with await site.socket() as sock:
        await asyncio.get_running_loop().sock_sendall(sock, request())
        await until(lambda: bool(errors))
        await until(lambda: not site.server.edge.tenants)


async def test_idle_client_that_never_read_its_answer(serve: Serve) -> None:
    """The answer waits in the transport: closing politely would wait for ever."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await reply(send, 200, b"x" * 9_000_000)

    site = await serve(app, limits=ServerLimits(idle_seconds=0.05, write_stall_seconds=0.1))
    with await site.socket() as sock:
        await asyncio.get_running_loop().sock_sendall(sock, request())
        await until(lambda: bool(site.server.edge.tenants))
        await until(lambda: not site.server.edge.tenants)
