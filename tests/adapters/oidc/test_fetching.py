import asyncio
import time
from pathlib import Path

import pytest

from entrepot.adapters.oidc.fetching import Fetcher, is_safe_url
from entrepot.adapters.tls import own_certificate, server_context
from entrepot.ports.identity import SourceFailed


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    return own_certificate(tmp_path, ["localhost"], time.time())


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    writer.close()


async def test_whose_certificate_is_trusted(certificate: tuple[Path, Path]) -> None:
    authority, key = certificate
    context = server_context(authority, key)
    async with await asyncio.start_server(_answer, "localhost", 0, ssl=context) as server:
        url = f"https://localhost:{server.sockets[0].getsockname()[1]}/x"
        fetcher = Fetcher(authority)
        assert (await fetcher.get(url)).json() == {}
        await fetcher.close()
        fetcher = Fetcher()
        with pytest.raises(SourceFailed, match=r"is not trusted.*PEM"):
            await fetcher.get(url)
        await fetcher.close()


async def test_authorities_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "torn.pem").write_text("torn")
    for file in (tmp_path / "missing.pem", tmp_path / "torn.pem", tmp_path):
        with pytest.raises(SourceFailed, match="no certificates in PEM"):
            Fetcher(file)


async def test_by_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(proxy, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("https_proxy", f"http://me:secret@127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", "localhost")
        fetcher = Fetcher()
        with pytest.raises(SourceFailed, match=r"cannot be reached.*403"):
            await fetcher.get("https://sso.example/x")
        await fetcher.close()
    assert asked[0].startswith(b"CONNECT sso.example:443 ")
    assert b"Proxy-Authorization: Basic bWU6c2VjcmV0" in asked[0]


async def test_nothing_of_netrc_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login root password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    heads: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        fetcher = Fetcher()
        await fetcher.get(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x")
        await fetcher.close()
    assert b"uthorization" not in heads[0]


@pytest.mark.parametrize(
    "url,expected",
    [
        ("https://sso.example", True),
        ("https://sso.example:8443/realms/acme?x=1", True),
        ("http://127.0.0.1:8080/", True),
        ("http://[::1]:8080/", True),
        ("http://localhost/", True),
        ("http://sso.example", False),
        ("http://127.0.0.2/", False),
        ("https://a@sso.example", False),
        ("https://sso.example/#x", False),
        ("https://sso.example\\@evil.example/", False),
        ("https://[x", False),
        ("https://sso.example:0/", False),
        ("https://sso.example:x/", False),
        ("https://sso.example/ x", False),
        ("https://sso.example/" + "x" * 3000, False),
        ("ftp://sso.example", False),
        ("//sso.example", False),
        ("", False),
        (None, False),
    ],
)
async def test_safe_urls(url: object, expected: bool) -> None:
    assert is_safe_url(url) is expected
    if not expected and isinstance(url, str):
        fetcher = Fetcher()
        with pytest.raises(SourceFailed, match="only https is asked"):
            await fetcher.get(url)
