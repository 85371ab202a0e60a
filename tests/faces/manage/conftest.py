"""Fixtures of the management API."""

from collections.abc import AsyncIterator

import pytest

from tests.faces.manage.lifecycle import Lifecycle, open_lifecycle


@pytest.fixture
async def lifecycle() -> AsyncIterator[Lifecycle]:
    """A registry with its lifecycle, empty."""
    async with open_lifecycle() as made:
        yield made
