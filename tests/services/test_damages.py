"""Damages as operators see them."""

from collections.abc import AsyncIterator

import pytest

from entrepot.rules.leases import BlobState
from entrepot.services.damages import DamageService
from tests.services.house import House, open_house


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with open_house() as made:
        yield made


async def test_open_ones_and_all_of_them_by_pages(house: House) -> None:
    rows = [await house.add_blob(b"%d" % number) for number in range(4)]
    async with house.catalog.begin(write=True) as tx:
        for row in rows:
            await tx.blobs.set_state(row.digest, row.generation, BlobState.ARRIVING)
            await tx.damages.report(row.digest, row.generation, "rotten", 1.0)
        await tx.damages.heal(rows[1].digest, 2.0)
    service = DamageService(house.catalog)
    first = await service.page(0, 2)
    assert [damage.digest for damage in first] == [rows[0].digest, rows[2].digest]
    rest = await service.page(first[-1].id, 2)
    assert [damage.digest for damage in rest] == [rows[3].digest]
    everything = await service.page(0, 10, healed=True)
    assert [damage.healed_at for damage in everything] == [None, 2.0, None, None]
