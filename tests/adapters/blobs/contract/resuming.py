"""What every blob store must do when an upload goes on later."""

import asyncio

import pytest

from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Blob, BlobStore
from tests.adapters.blobs.adapters import Medium
from tests.adapters.blobs.bodies import (
    Threaded,
    Views,
    begin,
    blob_of,
    put,
    read,
    some_bytes,
    upload_id,
)

KIB = 1024
MIB = 1024 * KIB


class Resuming:
    """resume, in the same process and in the next one."""

    async def test_of_an_unknown_upload(self, store: BlobStore) -> None:
        assert await store.resume(upload_id(1)) is None

    async def test_of_a_committed_upload(self, medium: Medium) -> None:
        store = await medium.open()
        await put(store, b"bytes", 1)
        assert await store.resume(upload_id(1)) is None
        assert await (await medium.open()).resume(upload_id(1)) is None

    async def test_in_the_same_process(self, store: BlobStore) -> None:
        upload = await begin(store, 1, b"one")
        await upload.close()
        again = await store.resume(upload_id(1))
        assert again is not None
        assert await again.append(Views(b"two")) == 6
        await again.close()
        last = await store.resume(upload_id(1))
        assert last is not None
        assert await last.digest("sha256") == Digest.of(b"onetwo")
        await last.commit(blob_of(b"onetwo"))

    async def test_twice_at_once_is_one_upload(self, medium: Medium) -> None:
        await begin(await medium.open(), 1, b"-")
        store = await medium.open()
        first, second = await asyncio.gather(*[store.resume(upload_id(1)) for _ in range(2)])
        assert first is not None
        assert second is not None
        await asyncio.gather(first.append(Threaded(*[b"a"] * 9)), second.append(Views(b"b" * 9)))
        assert first.offset == second.offset == 19
        assert await first.digest("sha256") in {
            Digest.of(b"-" + b"a" * 9 + b"b" * 9),
            Digest.of(b"-" + b"b" * 9 + b"a" * 9),
        }

    @pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
    @pytest.mark.parametrize("size", [0, 1, 300_000, 3 * MIB])
    async def test_after_a_restart(self, medium: Medium, size: int, algorithm: str) -> None:
        head, tail = some_bytes(size), some_bytes(1000)
        upload = await begin(await medium.open(), 1, head)
        await upload.close()
        await medium.close()

        store = await medium.open()
        assert [found async for found in store.scan_uploads()] == [upload_id(1)]
        again = await store.resume(upload_id(1))
        assert again is not None
        assert again.offset == size
        assert await again.append(Threaded(tail)) == size + 1000
        blob = Blob(await again.digest(algorithm), 1)
        assert blob.digest == Digest.of(head + tail, algorithm)
        await again.commit(blob)
        assert await read(store, blob) == head + tail

    async def test_after_a_restart_only_to_commit(self, medium: Medium) -> None:
        await begin(await medium.open(), 1, b"bytes")
        await medium.close()
        store = await medium.open()
        again = await store.resume(upload_id(1))
        assert again is not None
        blob = Blob(await again.digest("sha256"), 1)
        await again.commit(blob)
        assert await read(store, blob) == b"bytes"
        assert [found async for found in store.scan_uploads()] == []
