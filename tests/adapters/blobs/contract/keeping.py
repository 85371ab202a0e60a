"""What every blob store must do with what it has."""

from entrepot.ports.blobs import BlobStore
from tests.adapters.blobs.adapters import Medium
from tests.adapters.blobs.bodies import (
    begin,
    blob_of,
    put,
    read,
    upload_id,
)


class Keeping:
    """delete, scan, scan_uploads, restart."""

    async def test_delete(self, store: BlobStore) -> None:
        blob, other = await put(store, b"bytes", 1), await put(store, b"other", 2)
        await store.delete(blob)
        await store.delete(blob)
        await store.delete(blob_of(b"never there"))
        assert await store.stat(blob) is None
        assert [found async for found in store.scan()] == [other]

    async def test_scan_sees_what_was_committed(self, medium: Medium) -> None:
        store = await medium.open()
        blobs = {await put(store, b"%d" % number, number) for number in range(60)}
        sha512 = blob_of(b"bytes", "sha512")
        await (await begin(store, 100, b"bytes")).commit(sha512)
        for blob in list(blobs)[:20]:
            await store.delete(blob)
            blobs.remove(blob)
        for number in (200, 201):
            await begin(store, number, b"under way")
        for opened in (store, await medium.open()):
            found = [blob async for blob in opened.scan()]
            assert len(found) == len(set(found))
            assert set(found) == blobs | {sha512}
            assert {upload async for upload in opened.scan_uploads()} == {
                upload_id(200),
                upload_id(201),
            }

    async def test_a_scan_may_be_left_early(self, store: BlobStore) -> None:
        for number in range(5):
            await put(store, b"%d" % number, number)
        async for _ in store.scan():
            break
        assert len([blob async for blob in store.scan()]) == 5

    async def test_deleting_while_scanning(self, store: BlobStore) -> None:
        blobs = {await put(store, b"%d" % number, number) for number in range(30)}
        async for blob in store.scan():
            await store.delete(blob)
            blobs.remove(blob)
        assert blobs == set()
        assert [blob async for blob in store.scan()] == []

    async def test_blobs_outlive_the_process(self, medium: Medium) -> None:
        blob = await put(await medium.open(), b"bytes")
        await medium.close()
        assert await read(await medium.open(), blob) == b"bytes"
