"""The store on objects, ended at each request, and with each answer lost."""

from contextlib import suppress

import pytest

from entrepot.adapters.blobs.objects import ObjectStore
from entrepot.ports.blobs import Upload
from tests.adapters.blobs import scenario
from tests.adapters.blobs.bodies import (
    Threaded,
    Views,
    blob_of,
    pieces,
    read,
    some_bytes,
    upload_id,
)
from tests.adapters.blobs.clouds import PART_MIN_BYTES, Cloud
from tests.adapters.blobs.scenario import Journal

KINDS = pytest.mark.parametrize("has_multiparts", [True, False], ids=["s3", "others"])
SIZES = [0, 999, 1000, 1499, 1500, 1501, 4321, 9000]


class Cut(Exception):
    """The process ended."""


class Ending:
    """Counts what is told, and ends the process at one."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.count = 0

    def __call__(self, when: str, what: str, key: str) -> None:
        self.count += 1
        if 0 < self.at <= self.count:
            raise Cut(f"{when} {what} {key}")


async def cut_at(at: int, *, has_multiparts: bool) -> tuple[Cloud, Journal, int]:
    ending, journal = Ending(at), Journal()
    cloud = Cloud(has_multiparts, watch=ending)

    async def open_it() -> ObjectStore:
        return cloud.open()

    with suppress(Cut):
        await scenario.run(open_it, journal.tell)
    cloud.watch = lambda *_: None
    return cloud, journal, ending.count


@KINDS
async def test_the_process_ends_anywhere(has_multiparts: bool) -> None:
    _, _, count = await cut_at(0, has_multiparts=has_multiparts)
    assert count > 80
    for at in range(1, count + 1):
        cloud, journal, _ = await cut_at(at, has_multiparts=has_multiparts)
        await scenario.check(cloud.open(), journal)
        await check_nothing_is_left(cloud)


class Losing:
    """Fails one request: before it is done, or after."""

    def __init__(self, at: int, when: str) -> None:
        self.at = at
        self.when = when
        self.count = 0

    def __call__(self, when: str, what: str, key: str) -> None:
        if when == self.when:
            self.count += 1
            if self.count == self.at:
                raise OSError(f"{when} {what} {key}")


async def push(store: ObjectStore, number: int, data: bytes, chunk_bytes: int) -> int:
    """Push as a patient client does: it asks how far it is after a failure. Return how many."""
    failures = 0
    upload: Upload = await store.begin(upload_id(number))
    while upload.offset < len(data):
        chunk = data[upload.offset : upload.offset + chunk_bytes]
        try:
            await upload.append(Threaded(*pieces(chunk, 700)))
        except OSError:
            failures += 1
            upload = await again(store, number)
    blob = blob_of(data, generation=number)
    while True:
        try:
            assert await upload.digest("sha256") == blob.digest
            assert upload.offset == len(data)
            await upload.commit(blob)
            return failures
        except OSError:
            failures += 1
            if await store.stat(blob) is None:
                upload = await again(store, number)


async def again(store: ObjectStore, number: int) -> Upload:
    found = await store.resume(upload_id(number))
    return found if found is not None else await store.begin(upload_id(number))


@KINDS
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("size, chunk", [(7777, 2600), (6000, 2750), (4000, 4000), (900, 500)])
async def test_any_one_request_fails(
    has_multiparts: bool, when: str, size: int, chunk: int
) -> None:
    data = some_bytes(size)
    at = 0
    while True:
        at += 1
        losing = Losing(at, when)
        cloud = Cloud(has_multiparts, watch=losing)
        store = cloud.open()
        failures = await push(store, 1, data, chunk)
        cloud.watch = lambda *_: None
        assert await read(cloud.open(), blob_of(data, generation=1)) == data
        assert failures <= 1
        await check_nothing_is_left(cloud)
        if losing.count < at:
            break
    assert at > 3


async def check_nothing_is_left(cloud: Cloud) -> None:
    """Remove blobs and uploads as their owners would; nothing may be left."""
    store = cloud.open()
    for name in [name async for name in store.scan_uploads()]:
        upload = await store.resume(name)
        if upload is not None:
            await upload.abort()
    for blob in [blob async for blob in store.scan()]:
        await store.delete(blob)
    assert cloud.keys() == set()
    assert cloud.multiparts == {}


@KINDS
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("durable", [True, False])
async def test_nothing_is_left_of_a_push(has_multiparts: bool, size: int, durable: bool) -> None:
    cloud = Cloud(has_multiparts)
    data = some_bytes(size)
    upload = await cloud.open().begin(upload_id(1))
    await upload.append(Views(*pieces(data, 400)), durable=durable)
    blob = blob_of(data)
    await upload.commit(blob)
    assert await read(cloud.open(), blob) == data
    assert not cloud.keys("uploads")
    assert bool(cloud.keys("blobs")) == (size < PART_MIN_BYTES)
    assert cloud.multiparts == {}
    await check_nothing_is_left(cloud)
