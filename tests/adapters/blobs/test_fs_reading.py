"""Files: descriptors are closed when, and only when, nobody needs them."""

import asyncio
import gc
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from entrepot.adapters.blobs import fs
from entrepot.adapters.blobs.fs.system import System
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import BlobStore, FileSlice, Reading
from tests.adapters.blobs.bodies import Stalled, begin, blob_of, put, some_bytes

Result = TypeVar("Result")

DATA = some_bytes(600_000)


@pytest.fixture
async def store(tmp_path: Path) -> BlobStore:
    return await fs.open_store(tmp_path)


@pytest.fixture
async def reading(store: BlobStore) -> Reading:
    return await store.open(await put(store, DATA))


def file_of(reading: Reading) -> FileSlice:
    assert reading.file is not None
    return reading.file


def is_open(file: int) -> bool:
    try:
        os.fstat(file)
    except OSError:
        return False
    return True


async def test_a_slice_outlives_its_reading(reading: Reading) -> None:
    part = file_of(reading)
    reading.close()
    assert os.pread(part.file, 10, 0) == DATA[:10]
    part.close()
    assert not is_open(part.file)
    part.close()
    reading.close()


async def test_a_reading_outlives_its_slice(reading: Reading) -> None:
    part = file_of(reading)
    part.close()
    assert b"".join([chunk async for chunk in reading.chunks()]) == DATA
    reading.close()
    assert not is_open(part.file)


async def test_asked_again_it_is_the_same_slice(reading: Reading) -> None:
    assert file_of(reading) is file_of(reading)
    assert file_of(reading).span == Span(0, len(DATA))
    file = file_of(reading).file
    file_of(reading).close()
    reading.close()
    assert not is_open(file)


async def test_chunks_outlive_their_reading(reading: Reading) -> None:
    file = file_of(reading).file
    file_of(reading).close()
    chunks = reading.chunks()
    data = await anext(chunks)
    reading.close()
    assert is_open(file)
    async for chunk in chunks:
        data += chunk
    assert data == DATA
    assert not is_open(file)


async def test_no_slice_of_a_closed_reading(reading: Reading) -> None:
    reading.close()
    with pytest.raises(ValueError, match="closed"):
        assert reading.file


async def test_what_is_dropped_does_not_leak(store: BlobStore) -> None:
    reading = await store.open(await put(store, DATA))
    file = file_of(reading).file
    reading.close()  # and not the slice, which the reading knows
    del reading
    gc.collect()
    assert not is_open(file)


async def test_nothing_leaks(store: BlobStore, tmp_path: Path) -> None:
    blob = await put(store, DATA, 0)
    before = descriptors()
    for number in range(1, 20):
        upload = await begin(store, number, b"one", b"two")
        body = Stalled(b"three")
        task = asyncio.create_task(upload.append(body))
        await body.has_given.wait()
        task.cancel()
        await asyncio.wait([task])
        await upload.digest("sha512")
        reading = await store.open(blob)
        await anext(reading.chunks())
        reading.close()
        with pytest.raises(ValueError, match="within"):
            await store.open(blob, Span(0, 10**9))
        await (upload.abort() if number % 2 else upload.commit(blob_of(b"onetwothree")))
        async for _ in store.scan():
            break
        await store.delete(blob_of(b"onetwothree"))
    await asyncio.sleep(0)
    gc.collect()
    await asyncio.sleep(0)
    assert descriptors() == before


def descriptors() -> int:
    return sum(is_open(file) for file in range(1024))


async def test_what_is_small_and_in_memory_takes_no_thread(tmp_path: Path) -> None:
    works = 0

    async def offload(work: Callable[[], Result], /) -> Result:
        nonlocal works
        works += 1
        return work()

    store = await fs.open_store(tmp_path, offload=offload)
    small = await store.open(await put(store, DATA[:1000]))
    large = await store.open(await put(store, DATA, 1))
    works = 0
    assert [chunk async for chunk in small.chunks()] == [DATA[:1000]]
    # Without such a call, or a file system that knows it, it is read as ever.
    assert works == (0 if cached(small) else 1)
    works = 0
    assert b"".join([chunk async for chunk in large.chunks()]) == DATA
    assert works >= 2
    small.close()
    large.close()


async def test_what_is_not_in_memory_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(System, "read_cached", lambda *_: None)
    store = await fs.open_store(tmp_path)
    reading = await store.open(await put(store, DATA[:1000]))
    assert [chunk async for chunk in reading.chunks()] == [DATA[:1000]]
    reading.close()


def cached(reading: Reading) -> bool:
    """Whether this machine can tell that a file just written is in memory."""
    return System().read_cached(file_of(reading).file, 10, 0) is not None
