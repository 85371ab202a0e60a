"""The cache before a real S3."""

import asyncio
from pathlib import Path

import pytest

from entrepot.adapters.blobs import objects, tiered
from entrepot.adapters.blobs.tiered import CacheOptions
from entrepot.oci.ranges import Span
from tests.adapters.blobs.below import Below, idle, rest_of
from tests.adapters.blobs.bodies import Threaded, blob_of, pieces, read, some_bytes, upload_id
from tests.servers.seaweed import Seaweed

SIZE = 20 << 20


@pytest.mark.parametrize("keep_pushed", [True, False])
async def test_many_readers_of_a_bucket_cause_one_fetch(
    seaweed: Seaweed, tmp_path: Path, *, keep_pushed: bool
) -> None:
    below = Below(await objects.open_store(seaweed.url(), seaweed.options))
    options = CacheOptions(tmp_path / "cache", 1 << 30, keep_pushed=keep_pushed)
    store = await tiered.open_store(below, options, checks=False)
    try:
        data = some_bytes(SIZE)
        blob = blob_of(data)
        upload = await store.begin(upload_id(1))
        await upload.append(Threaded(*pieces(data, 1 << 20)))
        await upload.commit(blob)
        found = await asyncio.gather(*[read(store, blob) for _ in range(8)])
        assert all(each == data for each in found)
        await idle(store)
        reading = await store.open(blob, Span(SIZE - 10, 10))
        assert reading.file is not None
        assert await rest_of(reading.chunks()) == data[-10:]
        reading.close()
        assert len(below.opens) == (0 if keep_pushed else 1)
        assert store.figures().hits >= 1
        await store.delete(blob)
        with pytest.raises(FileNotFoundError):
            await store.open(blob)
    finally:
        await store.close()
