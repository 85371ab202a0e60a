"""The store on objects when a request is done late, or not at all."""

import asyncio

import pytest

from entrepot.adapters.blobs.objects.errors import StoreFailed
from entrepot.adapters.blobs.objects.layout import ref_key
from entrepot.adapters.blobs.objects.records import Pointer
from tests.adapters.blobs.bodies import Threaded, begin, blob_of, read, some_bytes, upload_id
from tests.adapters.blobs.clouds import PART_SIZE_BYTES, Cloud, nobody

KINDS = pytest.mark.parametrize("has_multiparts", [True, False], ids=["s3", "others"])


@KINDS
async def test_a_pointer_that_came_after_its_bytes_were_dropped_is_replaced(
    has_multiparts: bool,
) -> None:
    """A request that hung, and was done when its push had been given up."""
    cloud, data = Cloud(has_multiparts), some_bytes(4000)
    blob = blob_of(data)

    def hang(when: str, what: str, key: str) -> None:
        if when == "before" and what == "writing" and key == ref_key(blob):
            raise StoreFailed("no answer")

    upload = await begin(cloud.open(), 1, data)
    cloud.watch = hang
    with pytest.raises(StoreFailed, match="no answer"):
        await upload.commit(blob)
    cloud.watch = nobody
    name = upload._progress.pieces.data_id  # type: ignore[attr-defined]
    await upload.abort()
    cloud.driver.put(ref_key(blob), Pointer(name, (4000,)).encode())
    assert not cloud.keys("data")

    await (await begin(cloud.open(), 2, data)).commit(blob)
    assert await read(cloud.open(), blob) == data
    assert len(cloud.keys("data")) == 1


async def test_a_blob_that_is_there_already_is_left_alone() -> None:
    cloud, data = Cloud(), some_bytes(4000)
    blob = blob_of(data)
    await (await begin(cloud.open(), 1, data)).commit(blob)
    before = {key: cloud.bytes_at(key) for key in sorted(cloud.keys())}
    await (await begin(cloud.open(), 2, data)).commit(blob)
    assert {key: cloud.bytes_at(key) for key in sorted(cloud.keys())} == before


async def test_a_part_whose_task_ends_early_is_not_counted() -> None:
    """As when the loop ends, which cancels whatever runs: nothing is saved with a hole in it."""
    cloud, data = Cloud(), some_bytes(4 * PART_SIZE_BYTES)
    parts: list[asyncio.Task[object]] = []

    def cancel(when: str, what: str, key: str) -> None:
        task = asyncio.current_task()
        if when == "before" and what == "putting" and task is not None:
            parts.append(task)
            if len(parts) == 2:
                raise asyncio.CancelledError

    upload = await cloud.open().begin(upload_id(1))
    cloud.watch = cancel
    with pytest.raises(StoreFailed, match="part"):
        await upload.append(Threaded(data))
    assert upload.offset == 0
    await upload.append(Threaded(data))
    assert upload.offset == len(data)
    blob = blob_of(data)
    assert await upload.digest("sha256") == blob.digest
    await upload.commit(blob)
    assert await read(cloud.open(), blob) == data
