"""The short way: only what is plain and known, in order, within the limits."""

import asyncio
import logging
from pathlib import Path

import pytest

from entrepot.faces.server.hooks import Hooks
from entrepot.faces.server.known import KNOWN_SIZE_MAX_BYTES, KnownFields, block_of
from entrepot.faces.server.limits import ServerLimits
from entrepot.faces.server.listen import Listener
from entrepot.faces.server.trust import TrustedProxies
from entrepot.faces.shortcut import Brief, Fields

from .conftest import Serve, until
from .peer import Site, hello, request

GET = request(path="/short")


class Shortcut:
    """Answers `/short` for what has no `X-Long`, and counts."""

    def __init__(self) -> None:
        self.count = 0
        self.fails = False
        self.addresses: list[str] = []

    def __call__(self, method: bytes, target: bytes, fields: Fields, address: str) -> Brief | None:
        self.addresses.append(address)
        if self.fails:
            raise ValueError("no")
        if target != b"/short" or any(name == b"x-long" for name, _ in fields.headers):
            return None
        self.count += 1
        body = b"brief " + method
        head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n" % len(body)
        return Brief(200, head, body, "short", f"id-{self.count}")


@pytest.fixture
def shortcut() -> Shortcut:
    return Shortcut()


async def start(
    serve: Serve,
    shortcut: Shortcut,
    *,
    hooks: Hooks | None = None,
    limits: ServerLimits | None = None,
    trusted: TrustedProxies | None = None,
) -> Site:
    listener = Listener(address="127.0.0.1:0", shortcut=shortcut, trusted=trusted)
    return await serve(hello, listeners=(listener,), hooks=hooks, limits=limits)


async def ask(site: Site, *requests: bytes) -> list[bytes]:
    """Send requests one after another on one connection; return the bodies."""
    peer = await site.connect()
    bodies = []
    for one in requests:
        await peer.send(one)
        answer = await peer.answer()
        assert "date" in answer.headers
        bodies.append(answer.body)
    return bodies


async def test_from_the_second_time_on(serve: Serve, shortcut: Shortcut) -> None:
    site = await start(serve, shortcut)
    assert await ask(site, GET, GET, GET) == [b"GET /short", b"brief GET", b"brief GET"]
    # Other connections profit, and so do other targets with the same fields.
    assert await ask(site, GET, request(path="/other")) == [b"brief GET", b"GET /other"]


@pytest.mark.parametrize(
    "plain",
    [
        request(path="/short", Expect="100-continue"),
        request(path="/short", X_Long="1"),
        request("PUT", "/short", body=b"body"),
        GET.replace(b"HTTP/1.1", b"HTTP/1.0"),
        GET.replace(b"GET /short HTTP/1.1", b"GET  /short HTTP/1.1"),
    ],
)
async def test_what_is_not_plain_never_does(serve: Serve, shortcut: Shortcut, plain: bytes) -> None:
    site = await start(serve, shortcut)
    for _ in range(3):
        peer = await site.connect()
        await peer.send(plain)
        await peer.answer()
    assert shortcut.count == 0


@pytest.mark.parametrize("fields", ["Connection: close", "Upgrade: x\r\nConnection: upgrade"])
async def test_fields_that_act_on_the_connection_are_not_remembered(
    serve: Serve, shortcut: Shortcut, fields: str
) -> None:
    site = await start(serve, shortcut)
    for _ in range(2):
        peer = await site.connect()
        await peer.send(b"GET /short HTTP/1.1\r\nHost: x\r\n%b\r\n\r\n" % fields.encode())
        assert (await peer.answer()).body == b"GET /short"
    assert shortcut.count == 0


async def test_pipelined_and_split_requests_stay_in_order(serve: Serve, shortcut: Shortcut) -> None:
    site = await start(serve, shortcut)
    await ask(site, GET)
    peer = await site.connect()
    await peer.send(GET + GET)
    assert [(await peer.answer()).body for _ in range(2)] == [b"GET /short"] * 2
    for cut in (1, 10, len(GET) - 1):
        await peer.send(GET[:cut])
        await until(lambda: peer_is_known(site))
        await peer.send(GET[cut:])
        assert (await peer.answer()).body in (b"GET /short", b"brief GET")


def peer_is_known(site: Site) -> bool:
    return bool(site.server.edge.tenants)


async def test_a_trusted_proxy_is_never_answered_so(serve: Serve, shortcut: Shortcut) -> None:
    site = await start(serve, shortcut, trusted=TrustedProxies(("127.0.0.1",)))
    assert await ask(site, GET, GET, GET) == [b"GET /short"] * 3


async def test_the_address_is_the_connections_own_whatever_a_stranger_says(
    serve: Serve, shortcut: Shortcut
) -> None:
    site = await start(serve, shortcut, trusted=TrustedProxies(("192.0.2.0/24",)))
    lie = request(path="/short", X_Forwarded_For="192.0.2.1", Forwarded="for=192.0.2.1")
    await ask(site, lie, lie, lie)
    assert shortcut.addresses == ["127.0.0.1"] * 2


async def test_a_unix_socket_has_no_address(
    serve: Serve, shortcut: Shortcut, tmp_path: Path
) -> None:
    path = tmp_path / "registry.sock"
    await serve(hello, listeners=(Listener(address=f"unix:{path}", shortcut=shortcut),))
    reader, writer = await asyncio.open_unix_connection(path)
    for body in (b"GET /short", b"brief GET"):
        writer.write(GET)
        await reader.readuntil(body)
    writer.close()
    await writer.wait_closed()
    assert shortcut.addresses == [""]


async def test_a_shortcut_that_fails_is_logged_and_passed_by(
    serve: Serve, shortcut: Shortcut, caplog: pytest.LogCaptureFixture
) -> None:
    site = await start(serve, shortcut)
    shortcut.fails = True
    with caplog.at_level(logging.ERROR, "entrepot.server"):
        assert await ask(site, GET, GET) == [b"GET /short"] * 2
    assert "the short way failed" in caplog.text


async def test_the_observer_hears_of_it(serve: Serve, shortcut: Shortcut) -> None:
    heard: list[tuple[str, bytes, bytes, str | None]] = []

    def on_brief(
        brief: Brief, method: bytes, target: bytes, host: str | None, seconds: float
    ) -> None:
        assert 0 <= seconds < 5
        heard.append((brief.request_id, method, target, host))
        raise ValueError("an observer may fail")

    site = await start(serve, shortcut, hooks=Hooks(on_brief=on_brief))
    await ask(site, GET, GET)
    assert heard == [("id-1", b"GET", b"/short", "127.0.0.1")]


async def test_an_idle_connection_still_ends(serve: Serve, shortcut: Shortcut) -> None:
    limits = ServerLimits(idle_seconds=0.05)
    site = await start(serve, shortcut, limits=limits)
    peer = await site.connect()
    for _ in range(2):
        await peer.send(GET)
        await peer.answer()
    assert await peer.closed()


async def test_a_server_that_stops_says_so(serve: Serve, shortcut: Shortcut) -> None:
    site = await start(serve, shortcut)
    peer = await site.connect()
    for _ in range(2):
        await peer.send(GET)
        await peer.answer()
    site.server.edge.stopping = True
    await peer.send(GET)
    answer = await peer.answer()
    assert (answer.body, answer.headers.get("connection")) == (b"GET /short", "close")
    site.server.edge.stopping = False


@pytest.mark.parametrize(
    "data,block",
    [
        (b"GET / HTTP/1.1\r\na: b\r\n\r\n", b"a: b\r\n\r\n"),
        (b"GET / HTTP/1.1\r\n\r\n", b""),
        (b"GET / HTTP/1.1\r\na: b\r\n\r\nGET", b""),
        (b"GET / HTTP/1.1\r\na: b\r\n\r\na: b\r\n\r\n", b""),
        (b"\r\na: b\r\n\r\n", b""),
        (b"a: b\r\n", b""),
        (b"", b""),
    ],
)
def test_the_fields_of_one_whole_head(data: bytes, block: bytes) -> None:
    assert block_of(data) == block


def test_a_bounded_number_of_blocks_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot.faces.server.known.KNOWN_MAX", 2)
    known = KnownFields()
    for block in (b"a", b"b", b"c", b"x" * (KNOWN_SIZE_MAX_BYTES + 1)):
        known.remember(block, [])
    assert [known.find(block) is not None for block in (b"a", b"b", b"c")] == [False, True, True]
