"""What the tests of stores on servers share: openers, one big blob, harm done."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Protocol

import aiohttp
import msgspec

from entrepot.adapters.blobs.objects import ObjectStore, open_store
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Blob
from entrepot.settings.objects import Objects
from tests.adapters.blobs.bodies import (
    Threaded,
    blob_of,
    pieces,
    put,
    read,
    some_bytes,
    upload_id,
)
from tests.servers.httpfaults import Harm, HttpFaultProxy, Rates

MIB = 1 << 20
BIG = some_bytes(11 * MIB + 12345)
VIEW_BYTES = 512 * 1024

Wanted = Callable[[str, str], bool]
"""Whether a request is meant, by its method and target."""


class Server(Protocol):
    """One with a bucket."""

    @property
    def port(self) -> int: ...
    @property
    def options(self) -> Objects: ...
    def url(self, prefix: str = "") -> str: ...


class Opener:
    """Opens stores of one fresh prefix, each as another process would."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.url = server.url()
        self.options = msgspec.structs.replace(server.options, part_size_bytes=5 * MIB)
        self.stores: list[ObjectStore] = []

    async def __call__(self, **changes: object) -> ObjectStore:
        options = msgspec.structs.replace(self.options, **changes)
        store = await open_store(self.url, options, stale_seconds=0.0)
        self.stores.append(store)
        return store

    async def behind(self, proxy: HttpFaultProxy, **changes: object) -> ObjectStore:
        """Open one that reaches the server through a proxy."""
        options = {"endpoint": f"http://127.0.0.1:{proxy.port}", "retry_seconds": 10.0} | changes
        return await self(**options)

    async def close(self) -> None:
        while self.stores:
            await self.stores.pop().close()


def chunked(data: bytes) -> Threaded:
    """Return a body as a server gives it."""
    return Threaded(*pieces(data, VIEW_BYTES))


def once(wanted: Wanted) -> Wanted:
    """Return a predicate that is true of the first request that is wanted."""
    done = False

    def first(method: str, target: str) -> bool:
        nonlocal done
        if done or not wanted(method, target):
            return False
        done = True
        return True

    return first


async def pushed_by_many(opener: Opener) -> Blob:
    """Push `BIG` in four chunks, each through another process, and return its blob."""
    cuts = [0, 6 * MIB, 6 * MIB + 100, len(BIG)]
    await (await opener()).begin(upload_id(1))
    for start, end in pairwise(cuts):
        store = await opener() if start else opener.stores[0]
        upload = await store.resume(upload_id(1))
        assert upload is not None
        assert upload.offset == start
        assert await upload.append(chunked(BIG[start:end])) == end
        await upload.close()
    store = await opener()
    upload = await store.resume(upload_id(1))
    assert upload is not None
    blob = Blob(await upload.digest("sha256"), 1)
    assert blob.digest == Digest.of(BIG)
    await upload.commit(blob)
    return blob


async def check_each_fails_once(opener: Opener, harm: Harm, requests: Mapping[str, Wanted]) -> None:
    """Push and read as often as there are requests, one of which is harmed each time."""
    async with HttpFaultProxy(opener.server.port, seed=1) as proxy:
        store = await opener.behind(proxy)
        for number, (name, wanted) in enumerate(requests.items(), 1):
            proxy.rates = Rates({harm: 1.0}, silence_max_seconds=0.0, only=once(wanted))
            before = proxy.harmed[harm]
            upload = await store.begin(upload_id(number))
            await upload.append(chunked(BIG))
            blob = blob_of(BIG)
            await upload.commit(blob)
            small = await put(store, some_bytes(1000 + number), 100 + number)
            assert await read(store, blob) == BIG
            assert await store.stat(small) == 1000 + number
            assert proxy.harmed[harm] == before + 1, name
    sound = await opener()
    assert [found async for found in sound.scan_uploads()] == []


async def check_anybody_reads(store: ObjectStore) -> None:
    """Push a small blob and a big one, and read them by their links."""
    link = store.capabilities.link
    assert link is not None
    for data in (some_bytes(100_000), BIG):
        blob = await put(store, data, len(data))
        url = await link(blob, len(data))
        assert url is not None
        assert url == await link(blob, len(data))
        async with aiohttp.ClientSession() as client:
            async with client.get(url) as answer:
                assert answer.status == 200
                assert await answer.read() == data
            async with client.get(url, headers={"Range": "bytes=10-19"}) as answer:
                assert answer.status == 206
                assert await answer.read() == data[10:20]
            async with client.delete(url) as answer:
                assert answer.status == 403
