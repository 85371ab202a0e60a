"""What every blob store must do when bytes come in."""

import asyncio

import pytest

from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Blob, BlobStore
from tests.adapters.blobs.adapters import Medium
from tests.adapters.blobs.bodies import (
    Stalled,
    Threaded,
    Views,
    begin,
    blob_of,
    pieces,
    put,
    read,
    some_bytes,
    upload_id,
)

KIB = 1024
MIB = 1024 * KIB
SIZES = [0, 1, 256 * KIB - 1, 256 * KIB, 256 * KIB + 1, 5 * MIB]
STRANGE_IDS = ["", "x", "../../etc/passwd", "0" * 31, "0" * 33, "A" * 32, "0" * 32 + "\n", "." * 32]


class Uploading:
    """begin, append, digest, commit, abort, close."""

    @pytest.mark.parametrize("size", SIZES)
    @pytest.mark.parametrize("body", [Views, Threaded])
    @pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
    async def test_bytes_come_back(
        self, store: BlobStore, size: int, body: type[Views], algorithm: str
    ) -> None:
        data = some_bytes(size)
        blob = blob_of(data, algorithm)
        upload = await store.begin(upload_id(1))
        assert await upload.append(body(data)) == size == upload.offset
        assert await upload.digest(algorithm) == blob.digest
        await upload.commit(blob)
        assert await store.stat(blob) == size
        assert await read(store, blob) == data

    @pytest.mark.parametrize("shape", [1, 7, 4096, 4099, 64 * KIB, 200_000])
    @pytest.mark.parametrize("body", [Views, Threaded])
    async def test_views_of_any_shape(
        self, store: BlobStore, shape: int, body: type[Views]
    ) -> None:
        data = some_bytes(min(200 * shape, 600_000))
        upload = await store.begin(upload_id(1))
        await upload.append(body(b"", *pieces(data, shape), b""))
        assert await upload.digest("sha256") == Digest.of(data)
        blob = blob_of(data)
        await upload.commit(blob)
        assert await read(store, blob) == data

    async def test_many_appends_with_digests_between(self, store: BlobStore) -> None:
        data = some_bytes(100_000)
        upload = await store.begin(upload_id(1))
        taken = 0
        for piece in pieces(data, 9_999):
            taken += len(piece)
            assert await upload.append(Threaded(piece)) == taken == upload.offset
            for algorithm in ("sha256", "sha512"):
                assert await upload.digest(algorithm) == Digest.of(data[:taken], algorithm)
        blob = blob_of(data)
        await upload.commit(blob)
        assert await read(store, blob) == data

    async def test_the_digest_of_nothing(self, store: BlobStore) -> None:
        upload = await begin(store)
        assert upload.offset == 0
        assert await upload.digest("sha256") == Digest.of(b"")
        assert await upload.digest("sha512") == Digest.of(b"", "sha512")
        blob = blob_of(b"")
        await upload.commit(blob)
        assert await store.stat(blob) == 0

    async def test_a_body_that_breaks_off_leaves_what_arrived(self, medium: Medium) -> None:
        store = await medium.open()
        upload = await begin(store, 1, b"one")
        error = ConnectionResetError("gone")
        with pytest.raises(ConnectionResetError, match="gone"):
            await upload.append(Threaded(b"two", b"three", error=error))
        assert upload.offset == 11
        again = await (await medium.open()).resume(upload_id(1))
        assert again is not None
        assert again.offset == 11
        assert await upload.append(Views(b"four")) == 15
        assert await upload.digest("sha256") == Digest.of(b"onetwothreefour")

    async def test_a_cancelled_append_leaves_what_arrived(self, medium: Medium) -> None:
        store = await medium.open()
        upload = await begin(store, 1, b"one")
        body = Stalled(b"two", b"three")
        task = asyncio.create_task(upload.append(body))
        await body.has_given.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert upload.offset == 11
        again = await (await medium.open()).resume(upload_id(1))
        assert again is not None
        assert again.offset == 11
        assert await upload.append(Views(b"four")) == 15
        assert await upload.digest("sha256") == Digest.of(b"onetwothreefour")

    async def test_a_thread_of_a_cancelled_append_comes_too_late(self, store: BlobStore) -> None:
        upload = await begin(store)
        late = Stalled(b"one")
        task = asyncio.create_task(upload.append(late))
        await late.has_given.wait()
        task.cancel()
        await asyncio.wait([task])
        assert late.write is not None
        with pytest.raises(ValueError, match="ended"):
            late.write(memoryview(b"late"))
        body = Stalled(b"two")
        task = asyncio.create_task(upload.append(body))
        await body.has_given.wait()
        with pytest.raises(ValueError, match="ended"):
            late.write(memoryview(b"late"))
        task.cancel()
        await asyncio.wait([task])
        assert upload.offset == 6
        assert await upload.digest("sha256") == Digest.of(b"onetwo")

    async def test_appends_at_once_do_not_mix(self, store: BlobStore) -> None:
        upload = await begin(store)
        bodies = [Threaded(*[letter * 100] * 50) for letter in (b"a", b"b", b"c")]
        await asyncio.gather(*[upload.append(body) for body in bodies])
        blob = Blob(await upload.digest("sha256"), 1)
        await upload.commit(blob)
        data = await read(store, blob)
        runs = [data[start : start + 5000] for start in range(0, 15_000, 5000)]
        assert sorted(runs) == [letter * 5000 for letter in (b"a", b"b", b"c")]

    async def test_nothing_is_seen_before_the_commit(self, store: BlobStore) -> None:
        upload = await begin(store, 1, b"bytes")
        blob = blob_of(b"bytes")
        assert await store.stat(blob) is None
        assert [found async for found in store.scan()] == []
        await upload.abort()

    async def test_commits_of_one_blob_at_once(self, store: BlobStore) -> None:
        data = some_bytes(50_000)
        blob = blob_of(data)
        uploads = [await begin(store, number, data) for number in range(5)]
        await asyncio.gather(*[upload.commit(blob) for upload in uploads])
        assert await read(store, blob) == data
        assert [found async for found in store.scan()] == [blob]
        assert [found async for found in store.scan_uploads()] == []

    async def test_commits_of_many_blobs_at_once(self, store: BlobStore) -> None:
        contents = [some_bytes(size) for size in range(1000, 1040)]
        blobs = await asyncio.gather(
            *[put(store, data, number) for number, data in enumerate(contents)]
        )
        assert [await read(store, blob) for blob in blobs] == contents
        assert {blob async for blob in store.scan()} == set(blobs)

    async def test_a_commit_may_be_repeated(self, store: BlobStore) -> None:
        upload = await begin(store, 1, b"bytes")
        blob = blob_of(b"bytes")
        await upload.commit(blob)
        await upload.commit(blob)
        assert await read(store, blob) == b"bytes"

    async def test_a_commit_over_the_same_blob(self, store: BlobStore) -> None:
        blob = await put(store, b"bytes", 1)
        await (await begin(store, 2, b"bytes")).commit(blob)
        assert await read(store, blob) == b"bytes"

    async def test_generations_are_kept_apart(self, store: BlobStore) -> None:
        first = blob_of(b"bytes", generation=1)
        await (await begin(store, 1, b"bytes")).commit(first)
        second = blob_of(b"bytes", generation=2)
        assert await store.stat(second) is None
        await (await begin(store, 2, b"bytes")).commit(second)
        await store.delete(first)
        assert await store.stat(first) is None
        assert await read(store, second) == b"bytes"

    async def test_abort(self, store: BlobStore) -> None:
        upload = await begin(store, 1, b"bytes")
        await upload.abort()
        await upload.abort()
        assert await store.resume(upload_id(1)) is None
        assert [found async for found in store.scan_uploads()] == []
        with pytest.raises(FileNotFoundError):
            await upload.append(Views(b"more"))
        with pytest.raises(FileNotFoundError):
            await upload.commit(blob_of(b"bytes"))
        await upload.close()

    async def test_abort_stops_an_append(self, store: BlobStore) -> None:
        upload = await begin(store)
        body = Stalled(b"bytes")
        task = asyncio.create_task(upload.append(body))
        await body.has_given.wait()
        await upload.abort()
        assert body.write is not None
        with pytest.raises(FileNotFoundError):
            body.write(memoryview(b"more"))
        task.cancel()
        await asyncio.wait([task])
        assert await store.resume(upload_id(1)) is None

    async def test_an_id_begins_once(self, store: BlobStore) -> None:
        await begin(store, 1, b"bytes")
        with pytest.raises(FileExistsError):
            await store.begin(upload_id(1))

    @pytest.mark.parametrize("strange", STRANGE_IDS)
    async def test_ids_that_are_none(self, store: BlobStore, strange: str) -> None:
        with pytest.raises(ValueError, match="hex"):
            await store.begin(strange)
        assert await store.resume(strange) is None
        assert [found async for found in store.scan_uploads()] == []
