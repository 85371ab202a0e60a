"""Catalogs on one fresh database, straight or through a proxy."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import pytest

from entrepot.adapters.catalog.postgres import open_postgres
from entrepot.adapters.catalog.postgres.catalog import PostgresCatalog
from tests.servers.faults import PostgresProxy
from tests.servers.postgres import Postgres

Open = Callable[[], Awaitable[PostgresCatalog]]


@pytest.fixture
async def opened(postgres_url: str) -> AsyncIterator[Open]:
    """Opens one more catalog on the test's database; closed at the end."""
    async with AsyncExitStack() as stack:

        async def one() -> PostgresCatalog:
            catalog = await open_postgres(postgres_url)
            stack.push_async_callback(catalog.close)
            return catalog

        yield one


@pytest.fixture
async def truth(opened: Open) -> PostgresCatalog:
    """A catalog whose connections nobody disturbs."""
    return await opened()


@pytest.fixture
async def proxy(postgres: Postgres) -> AsyncIterator[PostgresProxy]:
    async with PostgresProxy(postgres.port) as made:
        yield made


@pytest.fixture
def proxy_url(postgres: Postgres, postgres_url: str, proxy: PostgresProxy) -> str:
    """The test's database, through the proxy."""
    return postgres.url(urlsplit(postgres_url).path[1:], port=proxy.port)
