"""HTTPS to an authority: whom it trusts, and what it says when it cannot."""

import asyncio
import contextlib
import http.server
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.adapters.acme import AcmeError, HttpsTransport, transport
from entrepot.adapters.acme.transport import ANSWER_MAX_BYTES
from entrepot.adapters.tls import own_certificate, server_context


class Handler(http.server.BaseHTTPRequestHandler):
    """Says what it was asked, or too much."""

    def do_GET(self) -> None:
        self._answer(b"x" * (ANSWER_MAX_BYTES + 1) if self.path == "/big" else b"{}", 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(body + self.headers["Content-Type"].encode(), 201)

    def _answer(self, body: bytes, status: int) -> None:
        self.send_response(status)
        self.send_header("Replay-Nonce", "abc")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):  # whoever asked has heard enough
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    monkeypatch.setenv("NO_PROXY", "*")
    authority, key = own_certificate(tmp_path, ["localhost"], time.time())
    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = server_context(authority, key)
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    yield f"https://localhost:{listening.server_address[1]}", authority
    listening.shutdown()
    thread.join()
    listening.server_close()


async def test_answers_of_any_status(server: tuple[str, Path]) -> None:
    base, authority = server
    https = HttpsTransport(authority)
    answer = await https.send("POST", base, b"signed")
    assert (answer.status, answer.body) == (201, b"signedapplication/jose+json")
    assert answer.headers["replay-nonce"] == "abc"
    answer = await https.send("GET", f"{base}/none")
    assert (answer.status, answer.json()) == (404, {})


async def test_answers_have_a_limit(server: tuple[str, Path]) -> None:
    base, authority = server
    with pytest.raises(AcmeError, match="answers with more than"):
        await HttpsTransport(authority).send("GET", f"{base}/big")


async def test_an_authority_that_is_not_trusted(server: tuple[str, Path]) -> None:
    with pytest.raises(AcmeError, match=r"is not trusted.*server.acme_root"):
        await HttpsTransport().send("GET", server[0])


async def test_an_authority_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(transport, "REQUEST_SECONDS", 0.05)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(AcmeError, match="does not answer in time"),
    ):
        await HttpsTransport().send("GET", f"https://127.0.0.1:{silent.getsockname()[1]}/dir")


async def test_by_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(proxy, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", "")
        with pytest.raises(AcmeError, match=r"cannot be reached.*403"):
            await HttpsTransport().send("GET", "https://ca.example/dir")
    assert asked[0].startswith(b"CONNECT ca.example:443 ")


async def test_nobody_there(server: tuple[str, Path]) -> None:
    with pytest.raises(AcmeError, match=r"cannot be reached.*server.acme_directory"):
        await HttpsTransport().send("GET", "https://127.0.0.1:1/dir")


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "file:///etc/passwd", "", "ftp://x"])
async def test_https_only(url: str) -> None:
    with pytest.raises(AcmeError, match="only https"):
        await HttpsTransport().send("GET", url)


def test_a_root_that_is_none(tmp_path: Path) -> None:
    for root in (tmp_path / "missing.pem", tmp_path):
        with pytest.raises(AcmeError, match=r"server\.acme_root"):
            HttpsTransport(root)
    (tmp_path / "torn.pem").write_text("torn")
    with pytest.raises(AcmeError, match=r"server\.acme_root"):
        HttpsTransport(tmp_path / "torn.pem")
