"""A medium and a store of each adapter there is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from entrepot.ports.blobs import BlobStore
from tests.adapters.blobs.adapters import Medium, adapter_names, bucket_medium
from tests.adapters.blobs.adapters import medium as make_medium
from tests.adapters.blobs.below import Bench

# None is a test module by name, and their asserts should tell as much.
pytest.register_assert_rewrite(
    "tests.adapters.blobs.buckets",
    "tests.adapters.blobs.contract",
    "tests.adapters.blobs.scenario",
)


SERVERS = {"objects-s3": "seaweed", "objects-azure": "azurite", "objects-google": "google"}
"""Servers, by their fixtures: half a second for each test."""
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in SERVERS]


@pytest.fixture(params=[*adapter_names(), *SLOW])
async def medium(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Medium]:
    if request.param in SERVERS:
        made = bucket_medium(request.getfixturevalue(SERVERS[request.param]))
    else:
        made = make_medium(request.param, tmp_path / "store")
    yield made
    await made.close()


@pytest.fixture
async def store(medium: Medium) -> BlobStore:
    return await medium.open()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """A cache in front of a store in memory, of which every process is closed in the end."""
    made = Bench(tmp_path / "cache")
    yield made
    await made.close()
