"""What fuzzing found in the server's order of answers."""

import asyncio

import pytest

from entrepot.faces.asgi import Receive, Scope, Send
from tests.faces.server.conftest import Serve, serve, until
from tests.faces.server.peer import chunked, read_all, reply, request
from tests.faces.server.test_refusal import refused

__all__ = ["serve"]


@pytest.mark.parametrize(
    "tail",
    [b"3\r\nabcd\r\n0\r\n\r\n", b"3\r\nabc\r\n0\r\nContent-Length: 3\r\n\r\n", b"x\r\n"],
)
async def test_broken_body_behind_another_request_is_refused_in_its_turn(
    serve: Serve, tail: bytes
) -> None:
    """It was waited for until it counted as slow, a minute later."""
    go, gone = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/first":
            await go.wait()
            await reply(send, 200, b"first")
            return
        try:
            await read_all(receive)
        except ConnectionResetError:
            gone.set()
            raise

    site = await serve(app)
    peer = await site.connect()
    await peer.send(
        request(path="/first") + request("PUT", "/second", Transfer_Encoding="chunked") + tail
    )
    await until(lambda: bool(site.server.edge.tasks))
    go.set()
    async with asyncio.timeout(5):
        assert (await peer.answer()).body == b"first"
        await refused(peer, 400)
        await gone.wait()


async def test_a_trailer_cannot_end_the_connection_for_the_parser(serve: Serve) -> None:
    """The requests behind it were swallowed without an answer."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await reply(send, 200, await read_all(receive))

    peer = await (await serve(app)).connect()
    body = chunked(b"abc").removesuffix(b"\r\n") + b"Connection: close\r\n\r\n"
    await peer.send(request("PUT", Transfer_Encoding="chunked") + body + request())
    async with asyncio.timeout(5):
        await refused(peer, 400)
