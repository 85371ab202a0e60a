"""A shared store: uploads are held over the fleet, everything else is the store's."""

import pytest

from entrepot.adapters.blobs.held import FleetHolds, HeldStore
from entrepot.adapters.blobs.memory import open_store
from entrepot.adapters.holding import SoleHolder
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Blob
from tests.services.house import Bytes

BLOB = Blob(Digest.parse("sha256:" + "0" * 64), 1)
ID = "0" * 32


async def test_an_upload_is_one_replicas_at_a_time() -> None:
    store = HeldStore(await open_store(), FleetHolds(SoleHolder()))
    async with store.hold(ID):
        with pytest.raises(BlockingIOError):
            async with store.hold(ID):
                pass
        async with store.hold("1" * 32):
            pass
    async with store.hold(ID):
        store.retire(ID)
    assert not store.is_retired(ID)


async def test_it_is_the_store_otherwise() -> None:
    inner = await open_store()
    store = HeldStore(inner, FleetHolds(SoleHolder()))
    assert store.capabilities == inner.capabilities
    upload = await store.begin(ID)
    await upload.append(Bytes(b"some"))
    assert [found async for found in store.scan_uploads()] == [ID]
    assert (await store.resume(ID)) is not None
    await upload.commit(BLOB)
    assert await inner.stat(BLOB) == await store.stat(BLOB) == 4
    assert [found async for found in store.scan()] == [BLOB]
    reading = await store.open(BLOB)
    assert b"".join([chunk async for chunk in reading.chunks()]) == b"some"
    reading.close()
    await store.delete(BLOB)
    assert await inner.stat(BLOB) is None
    await store.close()
