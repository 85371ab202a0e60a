"""The checker itself finds what is wrong."""

import pytest

from entrepot.adapters.blobs.memory import MemoryDisk
from entrepot.oci.reference import Tag
from entrepot.ports.blobs import Blob
from entrepot.rules.leases import BlobState
from entrepot.services.fsck import check_blobs, check_catalog
from tests.services.house import open_house


@pytest.mark.parametrize("harm", ["lost", "shorter", "other"])
async def test_i2_lost_or_changed_bytes_are_found(harm: str) -> None:
    async with open_house(check=False) as house:
        row = await house.add_blob(b"some bytes")
        _harm(house.disk, Blob(row.digest, row.generation), harm)
        found = [f async for f in check_blobs(house.catalog, house.store, read=True)]
    assert [finding.invariant for finding in found] == ["I2"]


async def test_a_condemned_row_is_no_finding() -> None:
    async with open_house() as house:
        row = await house.add_blob(b"some bytes")
        async with house.catalog.begin(write=True) as tx:
            await tx.blobs.set_state(row.digest, row.generation, BlobState.CONDEMNED)
        house.disk.files.clear()
        assert [f async for f in check_blobs(house.catalog, house.store, read=True)] == []


async def test_i1_an_edge_to_a_row_that_is_not_live_is_found() -> None:
    async with open_house(check=False) as house:
        await house.add_image(Tag("v1"), [b"layer"])
        row = await house.add_blob(b"layer")
        async with house.catalog.begin(write=True) as tx:
            await tx.blobs.set_state(row.digest, row.generation, BlobState.ARRIVING)
        assert {f.invariant for f in await check_catalog(house.catalog)} == {"I1"}


def _harm(disk: MemoryDisk, blob: Blob, harm: str) -> None:
    file = disk.files[blob]
    if harm == "lost":
        del disk.files[blob]
    elif harm == "shorter":
        del file.data[-1]
    else:
        file.data[0] ^= 1
