"""The short way, where its answer has to be waited for."""

import asyncio

import pytest

from entrepot.faces.server.listen import Listener
from entrepot.faces.shortcut import Brief, Fields, Later

from .conftest import Serve, until
from .peer import Site, hello, request

GET = request(path="/short")


class Shortcut:
    """Answers once it is told to, and says which requests asked."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked = 0
        self.answers = True
        self.fails = False

    def __call__(self, method: bytes, target: bytes, fields: Fields, address: str) -> Later:
        del method, target, fields, address
        self.asked += 1
        return self._answer(self.asked)

    async def _answer(self, number: int) -> Brief | None:
        await self.go.wait()
        if self.fails:
            raise ValueError("no")
        if not self.answers:
            return None
        body = b"brief %d" % number
        head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n" % len(body)
        return Brief(200, head, body, "short", f"id-{number}")


@pytest.fixture
def shortcut() -> Shortcut:
    return Shortcut()


async def start(serve: Serve, shortcut: Shortcut) -> Site:
    return await serve(hello, listeners=(Listener(address="127.0.0.1:0", shortcut=shortcut),))


async def test_it_is_answered_when_the_answer_is_there(serve: Serve, shortcut: Shortcut) -> None:
    site = await start(serve, shortcut)
    peer = await site.connect()
    await peer.send(GET)
    first = await peer.answer()  # the usual way: its fields are new
    await peer.send(GET)
    await until(lambda: shortcut.asked == 1)
    shortcut.go.set()
    second = await peer.answer()
    await peer.send(GET)
    third = await peer.answer()
    assert [second.body, third.body] == [b"brief 1", b"brief 2"]
    assert first.body != second.body


async def test_what_comes_behind_is_answered_behind(serve: Serve, shortcut: Shortcut) -> None:
    site = await start(serve, shortcut)
    peer = await site.connect()
    await peer.send(GET)
    usual = (await peer.answer()).body
    await peer.send(GET)
    await until(lambda: shortcut.asked == 1)
    await peer.send(request(path="/short", X_Other="y"))
    shortcut.go.set()
    assert (await peer.answer()).body == b"brief 1"
    assert (await peer.answer()).body == usual


@pytest.mark.parametrize("way", ["none", "fails"])
async def test_without_an_answer_it_goes_the_usual_way(
    serve: Serve, shortcut: Shortcut, way: str
) -> None:
    shortcut.answers, shortcut.fails = way != "none", way == "fails"
    shortcut.go.set()
    site = await start(serve, shortcut)
    peer = await site.connect()
    await peer.send(GET)
    usual = (await peer.answer()).body
    await peer.send(GET)
    assert (await peer.answer()).body == usual
    assert shortcut.asked == 1


async def test_a_client_that_leaves_is_not_waited_for(serve: Serve, shortcut: Shortcut) -> None:
    site = await start(serve, shortcut)
    peer = await site.connect()
    await peer.send(GET)
    await peer.answer()
    await peer.send(GET)
    await until(lambda: shortcut.asked == 1)
    peer.abort()
    await until(lambda: not site.server.edge.tenants)
    shortcut.go.set()
    peer = await site.connect()
    await peer.send(GET)
    assert (await peer.answer()).status == 200
