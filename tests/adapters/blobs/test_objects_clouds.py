"""The store on Azure and Google: what is big there, and what goes wrong."""

from collections.abc import AsyncIterator
from urllib.parse import unquote

import pytest

from entrepot.adapters.blobs.objects import ObjectStore, open_store
from entrepot.adapters.blobs.objects.clouds import open_cloud
from entrepot.adapters.blobs.objects.errors import StoreFailed, StoreRefused, Taken
from entrepot.settings.objects import Objects
from tests.adapters.blobs.bodies import put, read, upload_id
from tests.adapters.blobs.buckets import (
    BIG,
    Opener,
    Wanted,
    check_anybody_reads,
    check_each_fails_once,
    chunked,
    pushed_by_many,
)
from tests.servers.azurite import ACCOUNT, CONTAINER, Azurite
from tests.servers.httpfaults import Harm

NO_RETRIES = 0.2


@pytest.fixture(params=["azurite", "google"])
async def opener(request: pytest.FixtureRequest) -> AsyncIterator[Opener]:
    made = Opener(request.getfixturevalue(request.param))
    yield made
    await made.close()


async def keys(store: ObjectStore) -> list[str]:
    """Return the keys of all objects of a store."""
    return [
        found.key
        for prefix in ("blobs", "refs", "data", "uploads")
        async for found in store.bucket.list(prefix)
    ]


async def test_a_big_blob_from_many_processes(opener: Opener) -> None:
    blob = await pushed_by_many(opener)
    other = await opener()
    assert await other.stat(blob) == len(BIG)
    assert await read(other, blob) == BIG
    assert {key.partition("/")[0] for key in await keys(other)} == {"refs", "data"}
    await other.delete(blob)
    assert await keys(other) == []


async def test_an_abort_leaves_nothing(opener: Opener) -> None:
    store = await opener()
    upload = await store.begin(upload_id(1))
    await upload.append(chunked(BIG))
    await upload.abort()
    assert await keys(store) == []


@pytest.mark.parametrize("opener", ["azurite"], indirect=True)  # Google's links need a real account
async def test_anybody_reads_a_link(opener: Opener) -> None:
    await check_anybody_reads(await opener(redirect=True))


async def test_whoever_saw_something_else_changes_nothing(opener: Opener) -> None:
    bucket = (await opener()).bucket
    assert await bucket.create("uploads/x", b"1")
    assert not await bucket.create("uploads/x", b"2")
    found = await bucket.look("uploads/x")
    assert found is not None
    assert found[0] == b"1"
    seen = await bucket.exchange("uploads/x", b"3", found[1])
    with pytest.raises(Taken):
        await bucket.exchange("uploads/x", b"4", found[1])
    await bucket.exchange("uploads/x", b"5", seen)
    assert await bucket.get("uploads/x") == b"5"


AZURE: dict[str, Wanted] = {
    "part": lambda method, target: method == "PUT" and "comp=block&" in target,
    "complete": lambda method, target: method == "PUT" and "comp=blocklist" in target,
    "forget": lambda method, target: method == "POST" and "comp=batch" in target,
}
GOOGLE: dict[str, Wanted] = {
    "begin": lambda method, target: method == "POST" and "uploads" in target.partition("?")[2],
    "part": lambda method, target: method == "PUT" and "partNumber" in target,
    "complete": lambda method, target: method == "POST" and "uploadId" in target,
    "forget": lambda method, target: method == "DELETE" and "uploads/" in unquote(target),
}
BOTH: dict[str, Wanted] = {
    "record": lambda method, target: method == "PUT" and "/uploads/" in unquote(target),
    "pointer": lambda method, target: method == "PUT" and "/refs/" in unquote(target),
    "small": lambda method, target: method == "PUT" and "/blobs/" in unquote(target),
    "read": lambda method, target: method == "GET" and "/data/" in unquote(target),
}


@pytest.mark.slow
@pytest.mark.parametrize("harm", [Harm.AFTER, Harm.BEFORE, Harm.UNAVAILABLE])
async def test_any_request_fails_once(opener: Opener, harm: Harm) -> None:
    own = AZURE if isinstance(opener.server, Azurite) else GOOGLE
    await check_each_fails_once(opener, harm, BOTH | own)


async def test_no_container(opener: Opener) -> None:
    scheme = opener.url.partition(":")[0]
    with pytest.raises(StoreRefused, match=r"no such (container|bucket): create it"):
        await open_store(f"{scheme}://another/prefix", opener.server.options)


async def test_a_container_that_goes_takes_no_blob_with_it(opener: Opener) -> None:
    store = await opener()
    gone = await opener()
    blob = await put(store, b"some")
    scheme = opener.url.partition(":")[0]
    gone.bucket.driver = open_cloud(scheme, "another", "", opener.server.options)
    with pytest.raises(StoreRefused, match="no such"):
        await gone.stat(blob)
    with pytest.raises(StoreRefused, match="no such"):
        await gone.open(blob)
    with pytest.raises(StoreRefused, match="no such"):
        await put(gone, b"other", 2)


async def test_a_key_that_is_wrong(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "d3Jvbmc=")
    with pytest.raises(StoreRefused, match="key is wrong"):
        await open_store(azurite.url(), azurite.options)


async def test_nobody_answers(azurite: Azurite, unused_tcp_port: int) -> None:
    endpoint = f"http://127.0.0.1:{unused_tcp_port}"
    options = Objects(endpoint=endpoint, retry_seconds=NO_RETRIES)
    with pytest.raises(StoreFailed, match=f"{CONTAINER}.*error sending request"):
        await open_store(azurite.url(), options)


@pytest.mark.parametrize(
    "options, endpoint",
    [
        (Objects(), None),
        (Objects(endpoint="http://azure:10000/"), f"http://azure:10000/{ACCOUNT}"),
        (
            Objects(endpoint="https://blob.core.chinacloudapi.cn", addressing="virtual"),
            f"https://{ACCOUNT}.blob.core.chinacloudapi.cn",
        ),
    ],
)
def test_where_the_name_of_the_account_stands(
    monkeypatch: pytest.MonkeyPatch, options: Objects, endpoint: str | None
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "a2V5")
    monkeypatch.delenv("AZURE_STORAGE_ENDPOINT", raising=False)
    config: dict[str, object] = dict(open_cloud("az", CONTAINER, "x", options).config)
    assert config.get("endpoint") == endpoint


def test_an_endpoint_without_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(StoreRefused, match="set AZURE_STORAGE_ACCOUNT_NAME"):
        open_cloud("az", CONTAINER, "x", Objects(endpoint="http://azure:10000"))


@pytest.mark.parametrize("url", ["s3://bucket/x", "az://container/x", "gs://bucket/x"])
async def test_no_authorities(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AZURE_STORAGE_ACCOUNT_NAME"):
        monkeypatch.setenv(name, "test")
    with pytest.raises(StoreFailed, match="install the package ca-certificates"):
        await open_store(url, Objects(endpoint="http://127.0.0.1:1"))
