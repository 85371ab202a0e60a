"""An open registry and the pages of the web."""

import asyncio
import json
from pathlib import Path

import pytest

from entrepot.faces.server import Listener
from entrepot.faces.server.hostguard import HostGuard, is_loopback

from .conftest import Serve
from .peer import Peer, hello

HERE = [
    "localhost",
    "localhost:5000",
    "LOCALHOST:5000",
    "registry.localhost:5000",
    "127.0.0.1:5000",
    "127.8.9.10",
    "[::1]:5000",
    "[::ffff:127.0.0.1]:5000",
]
ELSEWHERE = [
    "",
    "evil.example",
    "evil.example:5000",
    "localhost.evil.example",
    "localhost.",
    "notlocalhost",
    "127.0.0.1.evil.example",
    "127.1",
    "2130706433",
    "0.0.0.0:5000",
    "192.0.2.1",
    "::1",
    "[::2]:5000",
    "[::1",
    "localhost@evil.example",
    "evil.example@localhost",
    "localhost:port",
    "localhost:99999",
    "null",
]


@pytest.mark.parametrize("netloc", HERE)
def test_this_machine(netloc: str) -> None:
    assert is_loopback(netloc)


@pytest.mark.parametrize("netloc", ELSEWHERE)
def test_maybe_another_machine(netloc: str) -> None:
    assert not is_loopback(netloc)


async def ask(peer: Peer, host: str, origin: str | None = None) -> tuple[int, str]:
    lines = [f"GET /v2/ HTTP/1.1\r\nHost: {host}"]
    lines += [f"Origin: {origin}"] if origin is not None else []
    await peer.send(("\r\n".join(lines) + "\r\n\r\n").encode())
    answer = await peer.answer()
    if answer.status == 200:
        return 200, ""
    (error,) = json.loads(answer.body)["errors"]
    assert error["code"] == "DENIED"
    return answer.status, error["message"]


async def test_another_name_is_refused_with_cause_and_cure(serve: Serve) -> None:
    site = await serve(HostGuard(hello))
    peer = await site.connect()
    assert await ask(peer, "localhost:5000") == (200, "")
    status, message = await ask(peer, "evil.example:5000")
    assert status == 421
    assert "'evil.example:5000'" in message
    assert "use localhost" in message
    assert "without --open" in message


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example"]
)
async def test_a_page_from_elsewhere_is_refused(serve: Serve, origin: str) -> None:
    site = await serve(HostGuard(hello))
    peer = await site.connect()
    assert await ask(peer, "localhost:5000", "http://localhost:8080") == (200, "")
    status, message = await ask(peer, "localhost:5000", origin)
    assert (status, f"'{origin}'" in message) == (403, True)


async def test_a_unix_socket_takes_any_name(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "s"
    await serve(HostGuard(hello), listeners=(Listener(address=f"unix:{path}"),))
    peer = Peer(*await asyncio.open_unix_connection(str(path)))
    assert await ask(peer, "registry") == (200, "")
    peer.abort()
