"""What readiness is told of catalog and store."""

import errno
from collections.abc import AsyncIterator

import pytest

from entrepot.ports.blobs import StoreFull
from entrepot.services.health import FRESH_SECONDS, Health
from tests.services.house import Counting, House, open_house


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with open_house() as house:
        yield house


@pytest.fixture
def health(house: House) -> Health:
    return Health(house.catalog, house.store, house.clock, Counting())


async def test_all_is_well_and_the_probe_leaves_nothing(house: House, health: Health) -> None:
    assert await health.catalog() is None
    assert await health.store() is None
    assert house.disk.files == {}


async def test_a_full_store_is_told_until_it_has_room(
    house: House, health: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await health.store() is None

    async def full(upload_id: str) -> None:
        raise StoreFull(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(house.store, "begin", full)
        assert await health.store() is None  # asked just now
        house.clock.seconds += FRESH_SECONDS
        assert await health.store() == "takes no bytes: No space left on device"
    house.clock.seconds -= 3600.0  # a clock set back keeps no old answer alive
    assert await health.store() is None
