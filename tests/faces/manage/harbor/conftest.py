"""Fixtures of Harbor's face."""

from collections.abc import AsyncIterator

import pytest

from tests.faces.manage.harbor.yard import Yard, open_yard


@pytest.fixture
async def yard() -> AsyncIterator[Yard]:
    """Harbor's face, over projects in which there is nothing."""
    async with open_yard() as made:
        yield made
