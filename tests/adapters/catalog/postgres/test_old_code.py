"""Today's code on a schema that newer code has added to (ADR 0024)."""

from collections.abc import AsyncIterator, Callable

import pytest

from entrepot.adapters.catalog.postgres.preparing import prepare
from tests.adapters.catalog import (
    contract,
    contract_blobs,
    contract_collection,
    contract_history,
    contract_jobs,
    contract_ledgers,
    contract_transactions,
    contract_trash,
)
from tests.adapters.catalog.databases import POSTGRES, Database
from tests.adapters.catalog.postgres.chains import POST
from tests.servers.postgres import Postgres

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def upgraded(postgres: Postgres) -> str:
    """The name of an empty database with all pre revisions of the chain."""
    return postgres.create_database()


@pytest.fixture
async def database(
    postgres: Postgres, upgraded: str, new_database: Callable[[str], str]
) -> AsyncIterator[Database]:
    url = postgres.url(upgraded)
    await prepare(url)
    await prepare(url, POST)
    made = Database(POSTGRES, new_database(upgraded))
    yield made
    await made.close()


class TestRepositories(contract.Repositories): ...


class TestManifests(contract.Manifests): ...


class TestTags(contract.Tags): ...


class TestUploadsAndEvents(contract.UploadsAndEvents): ...


class TestBlobs(contract_blobs.Blobs): ...


class TestCollection(contract_collection.Collection): ...


class TestLedgers(contract_ledgers.Ledgers): ...


class TestHistory(contract_history.History): ...


class TestJobs(contract_jobs.Jobs): ...


class TestTransactions(contract_transactions.Transactions): ...


class TestTrash(contract_trash.Trash): ...
