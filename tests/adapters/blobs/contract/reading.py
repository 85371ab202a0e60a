"""What every blob store must do when bytes go out."""

import asyncio
import os

import pytest

from entrepot.adapters.blobs._shared import PIECE_SIZE_BYTES
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import BlobStore
from tests.adapters.blobs.bodies import (
    blob_of,
    put,
    read,
    some_bytes,
)


class Reading:
    """open, stat, chunks, file."""

    @pytest.mark.parametrize(
        "offset, length",
        [
            (0, 0),
            (0, 1),
            (1, PIECE_SIZE_BYTES),
            (PIECE_SIZE_BYTES - 1, 2),
            (PIECE_SIZE_BYTES, 2 * PIECE_SIZE_BYTES),
            (0, 1_000_000),
            (999_999, 1),
            (1_000_000, 0),
        ],
    )
    async def test_a_span(self, store: BlobStore, offset: int, length: int) -> None:
        data = some_bytes(1_000_000)
        blob = await put(store, data)
        reading = await store.open(blob, Span(offset, length))
        assert reading.span == Span(offset, length)
        chunks = [chunk async for chunk in reading.chunks()]
        assert b"".join(chunks) == data[offset : offset + length]
        assert all(0 < len(chunk) <= PIECE_SIZE_BYTES for chunk in chunks)
        reading.close()

    @pytest.mark.parametrize("span", [Span(0, 6), Span(5, 1), Span(6, 0), Span(-1, 2), Span(2, -1)])
    async def test_a_span_outside(self, store: BlobStore, span: Span) -> None:
        blob = await put(store, b"bytes")
        with pytest.raises(ValueError, match="not within"):
            await store.open(blob, span)

    async def test_the_span_of_all(self, store: BlobStore) -> None:
        reading = await store.open(await put(store, b"bytes"))
        assert reading.span == Span(0, 5)
        reading.close()
        reading = await store.open(await put(store, b"", 2))
        assert reading.span == Span(0, 0)
        assert [chunk async for chunk in reading.chunks()] == []
        reading.close()

    async def test_the_file_holds_the_same_bytes(self, store: BlobStore) -> None:
        data = some_bytes(10_000)
        reading = await store.open(await put(store, data), Span(1000, 5000))
        part = reading.file
        if part is not None:
            assert part.span == reading.span
            reading.close()
            assert os.pread(part.file, part.span.length, part.span.offset) == data[1000:6000]
            part.close()
        else:
            reading.close()

    async def test_what_is_not_there(self, store: BlobStore) -> None:
        missing = blob_of(b"missing")
        assert await store.stat(missing) is None
        with pytest.raises(FileNotFoundError):
            await store.open(missing)

    async def test_a_closed_reading(self, store: BlobStore) -> None:
        reading = await store.open(await put(store, b"bytes"))
        reading.close()
        with pytest.raises(ValueError, match="closed"):
            [chunk async for chunk in reading.chunks()]

    async def test_a_reading_outlives_its_blob(self, store: BlobStore) -> None:
        data = some_bytes(PIECE_SIZE_BYTES * 3)
        blob = await put(store, data)
        reading = await store.open(blob)
        chunks = reading.chunks()
        read = await anext(chunks)
        await store.delete(blob)
        assert await store.stat(blob) is None
        async for chunk in chunks:
            read += chunk
        assert read == data
        reading.close()

    async def test_readings_at_once(self, store: BlobStore) -> None:
        data = some_bytes(PIECE_SIZE_BYTES * 2)
        blob = await put(store, data)
        assert await asyncio.gather(*[read(store, blob) for _ in range(20)]) == [data] * 20
