"""A catalog in memory with something of everything in it."""

from collections.abc import AsyncIterator

import pytest

from entrepot.adapters.catalog import open_catalog
from entrepot.ports.catalog import Catalog
from entrepot.services.listing.service import ListingService
from tests.services.house import HandClock


@pytest.fixture
async def catalog() -> AsyncIterator[Catalog]:
    made = await open_catalog("sqlite://")
    yield made
    await made.close()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def listing(catalog: Catalog, clock: HandClock) -> ListingService:
    return ListingService(catalog, clock)
