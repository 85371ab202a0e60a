"""A blob moves to a generation that was never given."""

from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Blob
from entrepot.rules.leases import BlobState
from entrepot.services.renumbering import renumber
from tests.services.house import open_house

LAYER = Digest.of(b"layer")


async def test_it_replaces_a_row_whose_bytes_are_not_right() -> None:
    async with open_house() as house:
        before = await house.add_blob(b"layer")
        async with house.catalog.begin(write=True) as tx:
            await tx.rebuilding.skip_generations(70)
        blob = Blob(LAYER, before.generation)
        await renumber(house.catalog, house.store, blob, size=5, keep_until=9.0)
        async with house.catalog.begin() as tx:
            row = await tx.blobs.find(LAYER)
        assert row is not None
        assert (row.state, row.size) == (BlobState.LIVE, 5)
        assert row.generation > 70
        for generation in (before.generation, row.generation):
            assert await house.store.stat(Blob(LAYER, generation)) == 5
