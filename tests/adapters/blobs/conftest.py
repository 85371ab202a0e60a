"""A medium and a store of each adapter there is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from entrepot.ports.blobs import BlobStore
from tests.adapters.blobs.adapters import Medium, adapter_names, s3_medium
from tests.adapters.blobs.adapters import medium as make_medium

# Neither is a test module by name, and their asserts should tell as much.
pytest.register_assert_rewrite("tests.adapters.blobs.contract", "tests.adapters.blobs.scenario")


S3 = "objects-s3"
"""A real server: half a second for each test."""


@pytest.fixture(params=[*adapter_names(), pytest.param(S3, marks=pytest.mark.slow)])
async def medium(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Medium]:
    if request.param == S3:
        made = s3_medium(request.getfixturevalue("seaweed"))
    else:
        made = make_medium(request.param, tmp_path / "store")
    yield made
    await made.close()


@pytest.fixture
async def store(medium: Medium) -> BlobStore:
    return await medium.open()
