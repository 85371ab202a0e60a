"""What is pushed through the cache is kept, once it is committed below."""

import asyncio

import pytest

from entrepot.adapters.blobs.tiered import copies, pushed
from tests.adapters.blobs.below import Bench
from tests.adapters.blobs.bodies import (
    Stalled,
    Threaded,
    Views,
    begin,
    blob_of,
    put,
    read,
    some_bytes,
    upload_id,
)

SIZES = [1, copies.HELD_MAX_BYTES, copies.HELD_MAX_BYTES + 1, 500_000]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("body", [Views, Threaded])
async def test_what_was_pushed_is_read_from_the_cache(
    bench: Bench, size: int, body: type[Views]
) -> None:
    store, below = await bench.open()
    data = some_bytes(size)
    blob = blob_of(data)
    upload = await store.begin(upload_id(1))
    await upload.append(body(data[:100], data[100 : size // 2]))
    again = await store.resume(upload_id(1))
    assert again is not None
    await again.append(body(data[max(100, size // 2) :]), durable=False)
    await again.commit(blob)
    assert await read(store, blob) == data
    assert below.opens == []
    figures = store.figures()
    assert (figures.kept, figures.kept_bytes, figures.hits) == (1, size, 1)
    assert bench.parts() == []


async def test_a_copy_that_is_not_right_is_not_served(bench: Bench) -> None:
    store, below = await bench.open()
    data = some_bytes(100_000)
    upload = await begin(store, 1, data)
    (part,) = bench.parts()
    part.write_bytes(bytes(100_000))
    blob = blob_of(data)
    await upload.commit(blob)
    assert await read(store, blob) == data
    assert below.opens == [None]
    assert store.figures().corrupt == 1


async def test_a_chunk_that_another_replica_took_ends_the_copy(bench: Bench) -> None:
    store, below = await bench.open()
    await begin(store, 1, b"one")
    there = await below.resume(upload_id(1))
    assert there is not None
    await there.append(Views(b"two"))
    upload = await store.resume(upload_id(1))
    assert upload is not None
    await upload.append(Views(b"three"))
    blob = blob_of(b"onetwothree")
    await upload.commit(blob)
    assert store.figures().kept == 0
    assert await read(store, blob) == b"onetwothree"
    assert below.opens == [None]


async def test_a_body_that_breaks_off_and_goes_on_is_kept(bench: Bench) -> None:
    store, below = await bench.open()
    head, tail = some_bytes(100_000), some_bytes(50_000)
    upload = await store.begin(upload_id(1))
    with pytest.raises(ConnectionResetError):
        await upload.append(Threaded(head, error=ConnectionResetError()))
    body = Stalled(tail[:10_000])
    task = asyncio.create_task(upload.append(body))
    await body.has_given.wait()
    task.cancel()
    await asyncio.wait([task])
    await upload.append(Views(tail[10_000:]))
    blob = blob_of(head + tail)
    await upload.commit(blob)
    assert await read(store, blob) == head + tail
    assert below.opens == []


async def test_an_aborted_upload_leaves_nothing(bench: Bench) -> None:
    store, _ = await bench.open()
    upload = await begin(store, 1, some_bytes(100_000))
    assert len(bench.parts()) == 1
    await upload.abort()
    await begin(store, 2, some_bytes(100_000))
    await bench.close()
    assert bench.parts() == bench.files() == []


async def test_a_full_disk_fails_no_push(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "no space left")

    store, _ = await bench.open()
    data = some_bytes(300_000)
    upload = await begin(store, 1, data[:100_000])
    monkeypatch.setattr("entrepot.adapters.blobs.fs.system.System.write", full)
    await upload.append(Views(data[100_000:]))
    blob = blob_of(data)
    await upload.commit(blob)
    assert await read(store, blob) == data
    small = await put(store, b"small", 2)
    assert await read(store, small) == b"small"
    assert store.figures().kept == 0
    assert bench.parts() == bench.files() == []


async def test_copies_take_a_part_of_the_size_only(bench: Bench) -> None:
    store, _ = await bench.open(16 << 20)
    upload = await begin(store, 1, bytes(600_000))
    assert len(bench.parts()) == 1
    await upload.append(Views(bytes(600_000)))
    assert bench.parts() == []  # more than a sixteenth in all
    blob = await put(store, bytes(900_000), 2)
    assert await read(store, blob) == bytes(900_000)
    await begin(store, 3, bytes(900_000))  # what the others took is free again
    assert len(bench.parts()) == 1


async def test_few_uploads_are_copied_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushed, "COPIES_MAX", 2)
    store, _ = await bench.open()
    for number in (1, 2, 3):
        await begin(store, number, some_bytes(100_000))
    for number in (1, 2, 3):
        upload = await store.resume(upload_id(number))
        assert upload is not None
        await upload.commit(blob_of(some_bytes(100_000), generation=number))
    await bench.close()
    assert len(bench.files()) == 2


async def test_a_blob_deleted_at_once_is_not_kept(bench: Bench) -> None:
    store, _ = await bench.open()
    for number in range(20):
        blob = await put(store, some_bytes(100_000 + number), number)
        await store.delete(blob)
        with pytest.raises(FileNotFoundError):
            await store.open(blob)
    await bench.close()
    assert bench.files() == bench.parts() == []


async def test_a_blob_that_is_committed_again_is_kept_once(bench: Bench) -> None:
    store, _ = await bench.open()
    data = some_bytes(100_000)
    blob = blob_of(data)
    uploads = [await begin(store, number, data) for number in range(3)]
    await asyncio.gather(*[upload.commit(blob) for upload in uploads])
    assert await read(store, blob) == data
    assert store.figures().kept == 1
    await uploads[0].commit(blob)
    await bench.close()
    assert len(bench.files()) == 1
    assert bench.parts() == []


async def test_nothing_is_kept_where_it_is_set_so(bench: Bench) -> None:
    store, below = await bench.open(keep_pushed=False)
    upload = await begin(store, 1, some_bytes(100_000))
    assert bench.parts() == []
    blob = blob_of(some_bytes(100_000))
    await upload.commit(blob)
    assert await read(store, blob) == some_bytes(100_000)
    assert below.opens == [None]
