"""Small blobs, read ahead or when they are asked for."""

from dataclasses import replace

from entrepot.adapters.blobs.memory import MemoryStore
from entrepot.adapters.blobs.memory.store import MemoryReading
from entrepot.oci.digest import Digest
from entrepot.oci.manifest import MANIFEST_SIZE_MAX_BYTES
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import Blob
from entrepot.rules.leases import BlobRow, BlobState
from entrepot.services.readahead import Documents
from tests.services.house import House, open_house


class Asked(MemoryStore):
    """It notes what is opened."""

    opened = 0

    async def open(self, blob: Blob, span: Span | None = None) -> MemoryReading:
        self.opened += 1
        return await super().open(blob, span)


async def live(house: House, data: bytes) -> BlobRow:
    """Push a blob and return its row as it is then."""
    await house.add_blob(data)
    async with house.catalog.begin() as tx:
        row = await tx.blobs.find(Digest.of(data))
    assert row is not None
    return row


async def test_what_was_read_ahead_is_not_read_again() -> None:
    async with open_house() as house:
        one, two = [await live(house, data) for data in (b"one", b"two")]
        store = Asked(house.disk, None)
        documents = Documents(house.catalog, store)
        await documents.look_ahead([one.digest, one.digest, Digest.of(b"none")])
        assert store.opened == 1
        assert [await documents.read(row) for row in (one, one, two)] == [b"one", b"one", b"two"]
        assert store.opened == 2
        await documents.look_ahead([two.digest])
        assert [await documents.read(row) for row in (one, two)] == [b"one", b"two"]
        assert store.opened == 4


async def test_bytes_that_are_not_there_not_right_or_not_small_are_none() -> None:
    async with open_house(check=False) as house:
        row = await live(house, b"one")
        documents = Documents(house.catalog, house.store)
        assert await documents.read(row) == b"one"
        for other in (
            replace(row, state=BlobState.ARRIVING),
            replace(row, size=MANIFEST_SIZE_MAX_BYTES + 1),
            replace(row, generation=row.generation + 1),
        ):
            assert await documents.read(other) is None
        house.disk.files[Blob(row.digest, row.generation)].data[:] = b"ONE"
        assert await documents.read(row) is None
        await documents.look_ahead([row.digest])
        assert await documents.read(row) is None
