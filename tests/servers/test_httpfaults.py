"""The proxy before an object store does each harm, and leaves all else as it is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from tests.servers.httpfaults import Harm, HttpFaultProxy, Rates

BODY = bytes(range(256)) * 1000
LOST = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)


@dataclass(slots=True)
class Store:
    """A server that keeps what is put, and remembers what it was asked."""

    kept: dict[str, bytes] = field(default_factory=dict)
    hosts: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.hosts.append(request.headers["Host"])
        self.targets.append(request.raw_path)
        if request.method == "PUT":
            self.kept[request.path] = await request.read()
            return web.Response(status=200)
        if request.path not in self.kept:
            return web.Response(status=404)
        if "chunked" in request.query:
            answer = web.StreamResponse()
            answer.enable_chunked_encoding()
            await answer.prepare(request)
            for at in range(0, len(self.kept[request.path]), 10_000):
                await answer.write(self.kept[request.path][at : at + 10_000])
            return answer
        return web.Response(body=self.kept[request.path])


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def proxy(store: Store) -> AsyncIterator[HttpFaultProxy]:
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{path:.*}", store.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with HttpFaultProxy(runner.addresses[0][1], seed=1) as made:
        made.rates.silence_max_seconds = 0.0
        yield made
    await runner.cleanup()


@pytest.fixture
async def client(proxy: HttpFaultProxy) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{proxy.port}") as made:
        # What is lost is not tried again behind the test's back.
        made._retry_connection = False
        yield made


async def put(client: aiohttp.ClientSession, path: str = "/a", body: bytes = BODY) -> int:
    async with client.put(path, data=body) as answer:
        await answer.read()
        return answer.status


async def get(client: aiohttp.ClientSession, path: str | URL = "/a") -> bytes:
    async with client.get(path) as answer:
        assert answer.status == 200
        return await answer.read()


async def test_all_else_is_passed_on(
    store: Store, proxy: HttpFaultProxy, client: aiohttp.ClientSession
) -> None:
    assert await put(client) == 200
    assert await get(client) == BODY
    assert await get(client, URL("/a?chunked=1&odd=%2F%7e", encoded=True)) == BODY
    async with client.head("/a") as answer:
        assert int(answer.headers["Content-Length"]) == len(BODY)
    assert set(store.hosts) == {f"127.0.0.1:{proxy.port}"}
    assert "/a?chunked=1&odd=%2F%7e" in store.targets
    assert proxy.requests == 4


async def test_a_body_of_unknown_length_and_one_that_waits(
    store: Store, client: aiohttp.ClientSession
) -> None:
    async def blocks() -> AsyncIterator[bytes]:
        for at in range(0, len(BODY), 7000):
            yield BODY[at : at + 7000]

    async with client.put("/a", data=blocks()) as answer:
        assert answer.status == 200
    async with client.put("/b", data=BODY, expect100=True) as answer:
        assert answer.status == 200
    assert store.kept == {"/a": BODY, "/b": BODY}


@pytest.mark.parametrize("harm, status", [(Harm.UNAVAILABLE, 503), (Harm.ERROR, 500)])
@pytest.mark.parametrize("expect", [False, True])
async def test_refused(
    store: Store,
    proxy: HttpFaultProxy,
    client: aiohttp.ClientSession,
    harm: Harm,
    status: int,
    expect: bool,
) -> None:
    proxy.queue.append(harm)
    async with client.put("/a", data=BODY, expect100=expect) as answer:
        assert answer.status == status
        assert b"<Code>" in await answer.read()
    assert store.kept == {}
    assert await put(client) == 200
    assert proxy.harmed == {harm: 1}


async def test_lost_before_and_after(
    store: Store, proxy: HttpFaultProxy, client: aiohttp.ClientSession
) -> None:
    proxy.queue.append(Harm.BEFORE)
    with pytest.raises(LOST):
        await put(client, "/before")
    proxy.queue.append(Harm.AFTER)
    with pytest.raises(LOST):
        await put(client, "/after")
    assert store.kept == {"/after": BODY}


async def test_torn(store: Store, proxy: HttpFaultProxy, client: aiohttp.ClientSession) -> None:
    proxy.queue.append(Harm.TORN)
    with pytest.raises(LOST):
        await put(client)
    assert store.kept == {}
    assert store.targets == ["/a"]


@pytest.mark.parametrize("path", ["/a", "/a?chunked=1"])
async def test_short(proxy: HttpFaultProxy, client: aiohttp.ClientSession, path: str) -> None:
    await put(client)
    proxy.queue.append(Harm.SHORT)
    with pytest.raises(aiohttp.ClientPayloadError):
        await get(client, path)
    assert await get(client, path) == BODY


async def test_the_seed_decides(proxy: HttpFaultProxy) -> None:
    rates = Rates(dict.fromkeys(Harm, 0.1), only=lambda method, _: method == "PUT")
    drawn = []
    for _ in range(2):
        other = HttpFaultProxy(1, seed=7)
        other.rates = rates
        drawn.append([other.choose("PUT", "/") for _ in range(1000)])
    assert drawn[0] == drawn[1]
    assert all(60 < drawn[0].count(harm) < 140 for harm in Harm)
    assert 240 < drawn[0].count(None) < 360
    assert {other.choose("GET", "/") for _ in range(100)} == {None}


async def test_many_at_once(
    store: Store, proxy: HttpFaultProxy, client: aiohttp.ClientSession
) -> None:
    """Each put is refused, lost or kept whole; nothing is mixed up."""
    proxy.rates = Rates(dict.fromkeys(Harm, 0.1), silence_max_seconds=0.01)

    async def one(number: int) -> bool:
        try:
            return await put(client, f"/{number}", b"%d" % number * 1000) == 200
        except LOST:
            return False

    done = await asyncio.gather(*(one(number) for number in range(200)))
    assert all(body == b"%d" % int(path[1:]) * 1000 for path, body in store.kept.items())
    assert all(f"/{number}" in store.kept for number, is_done in enumerate(done) if is_done)
    assert 50 < sum(done) < 150
