"""A database of each kind, a catalog in it, and one on a disk that the test rules."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from entrepot.ports.catalog import Catalog
from tests.adapters.catalog.databases import DATABASES, POSTGRES, Database, Disk


@pytest.fixture(params=[*sorted(DATABASES), POSTGRES])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == POSTGRES:
        made = Database(POSTGRES, request.getfixturevalue("postgres_url"))
    else:
        made = Database(request.param, DATABASES[request.param](tmp_path))
    yield made
    await made.close()


@pytest.fixture(params=sorted(DATABASES))
async def embedded(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(request.param, DATABASES[request.param](tmp_path))
    yield made
    await made.close()


@pytest.fixture
async def catalog(database: Database) -> Catalog:
    return await database.open()


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
async def ruled(embedded: Database, disk: Disk) -> Catalog:
    catalog = await embedded.open(disk)
    disk.works = 0
    return catalog
