"""The store on a real S3, and on one whose answers get lost."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from entrepot.adapters.blobs.objects import ObjectStore, open_store
from entrepot.adapters.blobs.objects.errors import StoreFailed, StoreRefused
from entrepot.adapters.blobs.objects.s3 import open_s3
from entrepot.oci.digest import Digest
from entrepot.oci.ranges import Span
from entrepot.settings.objects import Objects
from tests.adapters.blobs.bodies import (
    Stalled,
    Views,
    begin,
    blob_of,
    put,
    read,
    upload_id,
)
from tests.adapters.blobs.buckets import (
    BIG,
    MIB,
    Opener,
    Wanted,
    check_anybody_reads,
    check_each_fails_once,
    chunked,
    once,
    pushed_by_many,
)
from tests.servers.httpfaults import Harm, HttpFaultProxy, Rates
from tests.servers.seaweed import BUCKET, Seaweed


@pytest.fixture
async def opener(seaweed: Seaweed) -> AsyncIterator[Opener]:
    made = Opener(seaweed)
    yield made
    await made.close()


async def test_a_big_blob_from_many_processes(opener: Opener) -> None:
    blob = await pushed_by_many(opener)
    first, store = opener.stores[0], opener.stores[-1]
    assert await first.stat(blob) == len(BIG)
    assert await read(first, blob) == BIG
    reading = await first.open(blob, Span(4 * MIB - 7, 6 * MIB))
    assert b"".join([c async for c in reading.chunks()]) == BIG[4 * MIB - 7 : 10 * MIB - 7]
    reading.close()
    assert [found async for found in store.scan()] == [blob]
    assert [found async for found in store.scan_uploads()] == []
    await store.delete(blob)
    assert await first.stat(blob) is None
    with pytest.raises(FileNotFoundError):
        await first.open(blob)


@pytest.mark.slow
async def test_a_digest_that_nothing_was_kept_of(opener: Opener) -> None:
    store = await opener()
    upload = await store.begin(upload_id(1))
    await upload.append(chunked(BIG[: 10 * MIB]))
    assert await upload.digest("sha512") == Digest.of(BIG[: 10 * MIB], "sha512")
    await upload.close()
    again = await (await opener()).resume(upload_id(1))
    assert again is not None
    await again.append(chunked(BIG[10 * MIB :]))
    blob = blob_of(BIG, "sha512")
    assert await again.digest("sha512") == blob.digest
    await again.commit(blob)
    assert await read(store, blob) == BIG


@pytest.mark.slow
async def test_parts_that_nobody_knows_of_are_reaped(opener: Opener) -> None:
    store = await opener()
    upload = await store.begin(upload_id(1))
    await upload.append(chunked(BIG), durable=False)
    kept = await store.begin(upload_id(2))
    await kept.append(chunked(BIG))
    multiparts = (await opener())._means.multiparts
    assert multiparts is not None
    assert len([found async for found in multiparts.under_way("data")]) == 2
    assert [name async for name in (await opener()).scan_uploads()] == [upload_id(2)]
    left = [found.key async for found in multiparts.under_way("data")]
    assert [key.partition("/")[2].partition(".")[0] for key in left] == [upload_id(2)]


@pytest.mark.slow
async def test_what_another_left_is_replaced(opener: Opener) -> None:
    await begin(await opener(), 1, BIG)
    store = await opener()
    upload = await store.begin(upload_id(1))
    await upload.append(Views(b"anew"))
    await upload.close()
    again = await (await opener()).resume(upload_id(1))
    assert again is not None
    assert again.offset == 4
    multiparts = store._means.multiparts
    assert multiparts is not None
    assert [found async for found in multiparts.under_way("data")] == []


async def test_anybody_reads_a_link(opener: Opener) -> None:
    await check_anybody_reads(await opener(redirect=True, redirect_seconds=60.0))
    assert (await opener()).capabilities.link is None


async def test_encryption_is_asked_for(opener: Opener) -> None:
    store = await opener(sse="AES256", redirect=True)
    link = store.capabilities.link
    assert link is not None
    for data in (b"small", BIG):
        blob = await put(store, data, len(data))
        url = await link(blob, len(data))
        assert url is not None
        async with aiohttp.ClientSession() as client, client.get(url) as answer:
            assert answer.headers["x-amz-server-side-encryption"] == "AES256"
            assert await answer.read() == data


@pytest.mark.parametrize(
    "options, endpoint, is_virtual",
    [
        (Objects(), None, True),
        (Objects(endpoint="http://s3:9000/"), "http://s3:9000", False),
        (Objects(endpoint="https://s3", addressing="virtual"), "https://images.s3", True),
        (Objects(addressing="path"), None, False),
    ],
)
async def test_where_the_name_of_the_bucket_stands(
    seaweed: Seaweed, options: Objects, endpoint: str | None, is_virtual: bool
) -> None:
    del seaweed  # for its credentials
    async with AsyncExitStack() as stack:
        config = (await open_s3("images", "x", options, stack)).driver.config
    assert config.get("endpoint") == endpoint
    assert str(config["virtual_hosted_style_request"]).lower() == str(is_virtual).lower()


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
async def test_the_environment_names_one_server_for_both_clients(
    seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv(variable, seaweed.endpoint)
    store = await open_store(seaweed.url(), Objects(part_size_bytes=5 * MIB, retry_seconds=1.0))
    try:
        blob = await put(store, BIG)
        assert await read(store, blob) == BIG
        assert len([found async for found in store.bucket.list("data")]) == 1
    finally:
        await store.close()


async def test_azure_without_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(StoreFailed, match=r"az://container cannot be used: .*Account"):
        await open_store("az://container/x")


REQUESTS: dict[str, Wanted] = {
    "begin": lambda method, target: method == "POST" and "uploads" in target.partition("?")[2],
    "part": lambda method, target: method == "PUT" and "partNumber" in target,
    "complete": lambda method, target: method == "POST" and "uploadId" in target,
    "record": lambda method, target: method == "PUT" and "/uploads/" in target,
    "pointer": lambda method, target: method == "PUT" and "/refs/" in target,
    "forget": lambda method, target: method == "DELETE" and "/uploads/" in target,
    "small": lambda method, target: method == "PUT" and "/blobs/" in target,
    "read": lambda method, target: method == "GET" and "/data/" in target,
}


SLOW = [pytest.param(harm, marks=pytest.mark.slow) for harm in (Harm.BEFORE, Harm.UNAVAILABLE)]


@pytest.mark.parametrize("harm", [Harm.AFTER, *SLOW])
async def test_any_request_fails_once(opener: Opener, harm: Harm) -> None:
    await check_each_fails_once(opener, harm, REQUESTS)


async def test_answers_that_break_off_are_gone_on_with(opener: Opener, seaweed: Seaweed) -> None:
    blob = await put(await opener(), BIG)
    async with HttpFaultProxy(seaweed.port, seed=1) as proxy:
        store = await opener.behind(proxy)
        proxy.rates = Rates({Harm.SHORT: 1.0}, silence_max_seconds=0.0, only=once(REQUESTS["read"]))
        assert await read(store, blob) == BIG
        assert proxy.harmed[Harm.SHORT] == 1


async def test_lists_and_small_objects_that_break_off_are_asked_for_again(
    opener: Opener, seaweed: Seaweed
) -> None:
    async with HttpFaultProxy(seaweed.port, seed=1) as proxy:
        store = await opener.behind(proxy)
        bucket = store.bucket
        for number in range(3):
            await bucket.put(f"some/{number}", b"some bytes")
        for wanted in ("list-type", "/some/1"):
            proxy.rates = Rates(
                {Harm.SHORT: 1.0},
                silence_max_seconds=0.0,
                only=once(lambda method, target, wanted=wanted: wanted in target),  # type: ignore[misc]
            )
            before = proxy.harmed[Harm.SHORT]
            listed = [found.key async for found in bucket.list("some")]
            assert listed == ["some/0", "some/1", "some/2"]
            assert await bucket.get("some/1") == b"some bytes"
            assert proxy.harmed[Harm.SHORT] == before + 1


async def test_a_store_that_is_gone_takes_nothing_back(opener: Opener, seaweed: Seaweed) -> None:
    async with HttpFaultProxy(seaweed.port, seed=1) as proxy:
        store = await opener.behind(proxy, retry_seconds=0.3)
        upload = await store.begin(upload_id(1))
        await upload.append(chunked(BIG[: 5 * MIB]))
        proxy.rates = Rates({Harm.ERROR: 1.0})
        with pytest.raises(OSError, match=r"writing|earlier part"):
            await upload.append(chunked(BIG[5 * MIB :]))
        assert upload.offset == 5 * MIB
        proxy.rates = Rates()
        await upload.append(chunked(BIG[5 * MIB :]))
        blob = blob_of(BIG)
        assert await upload.digest("sha256") == blob.digest
        await upload.commit(blob)
        assert await read(store, blob) == BIG


async def test_an_abort_lets_a_waiting_thread_go(opener: Opener, seaweed: Seaweed) -> None:
    async with HttpFaultProxy(seaweed.port, seed=1) as proxy:
        store = await opener.behind(proxy)
        upload = await store.begin(upload_id(1))
        proxy.rates = Rates({Harm.SLOW: 1.0}, silence_max_seconds=5.0, only=REQUESTS["part"])
        appending = asyncio.create_task(upload.append(chunked(BIG)))
        while not proxy.harmed[Harm.SLOW]:
            await asyncio.sleep(0.01)
        proxy.rates = Rates()
        await upload.abort()
        with pytest.raises(FileNotFoundError):
            await appending
        assert await store.resume(upload_id(1)) is None


@pytest.mark.slow
async def test_a_stalled_client_costs_no_request(opener: Opener) -> None:
    store = await opener()
    upload = await store.begin(upload_id(1))
    body = Stalled(b"some")
    task = asyncio.create_task(upload.append(body))
    await body.has_given.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert upload.offset == 4


@pytest.mark.parametrize(
    "variable, value, words",
    [
        ("AWS_SECRET_ACCESS_KEY", "wrong", "secret key is wrong"),
        ("AWS_ACCESS_KEY_ID", "nobody", "access key is not known"),
    ],
)
async def test_credentials_that_are_wrong(
    seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(StoreRefused, match=words):
        await open_store(seaweed.url(), seaweed.options)


async def test_no_credentials(
    seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(StoreRefused, match="set AWS_ACCESS_KEY_ID"):
        await open_store(seaweed.url(), seaweed.options)


async def test_no_bucket(seaweed: Seaweed) -> None:
    with pytest.raises(StoreRefused, match="no such bucket: create it"):
        await open_store("s3://another/prefix", seaweed.options)


async def test_nobody_answers(seaweed: Seaweed, unused_tcp_port: int) -> None:
    options = Objects(endpoint=f"http://127.0.0.1:{unused_tcp_port}", retry_seconds=0.2)
    with pytest.raises(StoreFailed, match=f"{BUCKET}.*error sending request"):
        await open_store(seaweed.url(), options)


@pytest.mark.parametrize("url", ["", "s3:bucket", "ftp://bucket/x", "s3://bucket/x?y=z", "/data"])
async def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(ValueError, match="write it as s3://BUCKET/PREFIX"):
        await open_store(url)


HARMS = {
    Harm.UNAVAILABLE: 0.04,
    Harm.ERROR: 0.04,
    Harm.BEFORE: 0.03,
    Harm.AFTER: 0.05,
    Harm.TORN: 0.02,
    Harm.SHORT: 0.02,
}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_a_storm(opener: Opener, seaweed: Seaweed, seed: int) -> None:
    chance = random.Random(seed)
    sizes = [chance.choice([100, 3 * MIB, 6 * MIB, 11 * MIB]) + number for number in range(8)]
    async with HttpFaultProxy(seaweed.port, seed=seed) as proxy:
        store = await opener.behind(proxy, retry_seconds=3.0)
        proxy.rates = Rates(HARMS, silence_max_seconds=0.1)
        for number, size in enumerate(sizes, 1):
            await patient_push(store, number, BIG[:size], chance.choice([size, 4 * MIB]))
        assert proxy.harmed.total() > 5
        proxy.rates = Rates()
        for number, size in enumerate(sizes, 1):
            assert await read(store, blob_of(BIG[:size], generation=number)) == BIG[:size]
    sound = await opener()
    for name in [name async for name in sound.scan_uploads()]:
        assert await sound.resume(name) is None, "each is a blob's"
    assert len([blob async for blob in sound.scan()]) == len(sizes)


async def patient_push(store: ObjectStore, number: int, data: bytes, chunk_bytes: int) -> None:
    """Push as clients and the upload service do: after a failure it goes on where it stands."""
    blob = blob_of(data, generation=number)
    while True:
        try:
            found = await store.resume(upload_id(number))
            upload = found if found is not None else await store.begin(upload_id(number))
            while upload.offset < len(data):
                start = upload.offset
                await upload.append(chunked(data[start : start + chunk_bytes]))
            assert await upload.digest("sha256") == blob.digest
            await upload.commit(blob)
        except OSError:
            continue
        return
