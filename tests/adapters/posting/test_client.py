"""Posting: to addresses that were looked at, bounded, and never led astray."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from entrepot.adapters.posting import LatePoster, client
from entrepot.adapters.posting.client import HttpPoster
from entrepot.ports.posting import Parcel, PostFailed
from entrepot.rules.networks import EVERYWHERE, Networks
from tests.chains import ec_key, write_chain

LOOPBACK = Networks.parse(["127.0.0.0/8"])


class Names(AbstractResolver):
    """Resolves each name to the next of its answers; all to the port that is asked for."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self._answers = {name.replace("_", "."): [*found] for name, found in answers.items()}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        found = self._answers[host]
        addresses = found.pop(0) if len(found) > 1 else found[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Server:
    """A receiver on this machine."""

    port: int = 0
    got: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)
    status: int = 200
    body: bytes = b"thanks"
    headers: dict[str, str] = field(default_factory=dict)

    def url(self, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}/hook?x=1"


@asynccontextmanager
async def serving(ssl_context: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server()

    async def answer(request: web.Request) -> web.Response:
        head = {key.lower(): value for key, value in request.headers.items()}
        server.got.append((request.path_qs, await request.read(), head))
        return web.Response(status=server.status, body=server.body, headers=server.headers)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=ssl_context)
    await site.start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()


@asynccontextmanager
async def posting(
    allowed: Networks = LOOPBACK, resolver: AbstractResolver | None = None
) -> AsyncIterator[HttpPoster]:
    poster = HttpPoster(allowed, resolver=resolver)
    try:
        yield poster
    finally:
        await poster.close()


async def test_a_parcel_arrives_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with serving() as server, posting() as poster:
        server.headers = {"Retry-After": "9"}
        receipt = await poster.post(Parcel(server.url(), b'{"a":1}', {"X-Y": "z"}))
        assert (receipt.status, receipt.answer, receipt.retry_after) == (200, b"thanks", "9")
        ((path, body, head),) = server.got
        assert (path, body, head["x-y"]) == ("/hook?x=1", b'{"a":1}', "z")
        assert "cookie" not in head


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "2130706433",
        "127.1",
        "0.0.0.0",  # noqa: S104 - nothing is bound
        "0",
    ],
)
async def test_no_way_of_writing_it_leads_to_this_machine(host: str) -> None:
    async with serving() as server, posting(EVERYWHERE) as poster:
        with pytest.raises(PostFailed) as caught:
            await poster.post(Parcel(server.url(host), b""))
        assert server.got == []
        text = str(caught.value)
        assert "webhooks.allow_networks" in text or "cannot be reached" in text


async def test_a_name_that_leads_to_a_private_address_is_not_sent_to() -> None:
    names = Names(evil_example=[["127.0.0.1"]], mixed_example=[["93.184.215.14", "127.0.0.1"]])
    async with serving() as server, posting(EVERYWHERE, names) as poster:
        for host in ("evil.example", "mixed.example"):
            with pytest.raises(PostFailed, match=r"127.0.0.1 is no public address"):
                await poster.post(Parcel(server.url(host), b""))
        assert server.got == []


async def test_what_the_operator_named_may_be_anywhere() -> None:
    names = Names(inside_example=[["127.0.0.1"]])
    async with serving() as server, posting(EVERYWHERE, names) as poster:
        for host in ("127.0.0.1", "inside.example"):
            receipt = await poster.post(Parcel(server.url(host), b"", trusted=True))
            assert receipt.status == 200
            with pytest.raises(PostFailed):
                await poster.post(Parcel(server.url(host), b""))
        assert len(server.got) == 2


async def test_no_second_look_up_leads_elsewhere() -> None:
    """What was looked at is connected to, whatever the name means a moment later."""
    names = Names(rebind_example=[["127.0.0.1"], ["10.0.0.1"]])
    async with serving() as server, posting(LOOPBACK, names) as poster:
        await poster.post(Parcel(server.url("rebind.example"), b""))
        assert names.asked == ["rebind.example"]
        with pytest.raises(PostFailed, match=r"10.0.0.1 is no public address"):
            await poster.post(Parcel(server.url("rebind.example"), b""))
        assert len(server.got) == 1


async def test_a_redirect_is_an_answer() -> None:
    async with serving() as server, posting() as poster:
        server.status, server.headers = 307, {"Location": server.url()}
        receipt = await poster.post(Parcel(server.url(), b""))
        assert receipt.status == 307
        assert len(server.got) == 1


async def test_an_answer_is_read_to_a_bound() -> None:
    async with serving() as server, posting() as poster:
        server.body = b"x" * 10_000_000
        receipt = await poster.post(Parcel(server.url(), b""))
        assert 0 < len(receipt.answer) <= client.ANSWER_MAX_BYTES


async def test_who_does_not_answer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "REQUEST_SECONDS", 0.05)
    held: list[asyncio.StreamWriter] = []

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with posting() as poster:
        with pytest.raises(PostFailed, match="does not answer within"):
            await poster.post(Parcel(f"http://127.0.0.1:{port}/", b""))
    for writer in held:
        writer.close()
        await writer.wait_closed()
    listener.close()
    await listener.wait_closed()
    async with posting() as poster:
        with pytest.raises(PostFailed, match="cannot be reached"):
            await poster.post(Parcel(f"http://127.0.0.1:{port}/", b""))


async def test_certificates_are_verified_unless_said_otherwise(tmp_path: Path) -> None:
    files = write_chain(tmp_path, ec_key())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certs, files.key)
    async with serving(context) as server, posting() as poster:
        url = server.url(scheme="https")
        with pytest.raises(PostFailed, match="is not trusted"):
            await poster.post(Parcel(url, b""))
        assert (await poster.post(Parcel(url, b"", verify_tls=False))).status == 200


async def test_the_http_client_is_loaded_with_the_first_parcel() -> None:
    poster = LatePoster(LOOPBACK)
    await poster.close()
    async with serving() as server:
        assert (await poster.post(Parcel(server.url(), b""))).status == 200
        assert (await poster.post(Parcel(server.url(), b""))).status == 200
        await poster.close()


async def test_all_goes_to_a_proxy_where_there_is_one() -> None:
    async with serving() as server:
        poster = LatePoster(EVERYWHERE, proxy=f"http://127.0.0.1:{server.port}")
        await poster.post(Parcel("http://receiver.example/hook", b"body"))
        await poster.close()
        ((path, body, head),) = server.got
        assert (body, head["host"]) == (b"body", "receiver.example")
        assert path.endswith("/hook")
