"""Fixtures of the service tests."""

from collections.abc import AsyncIterator

import pytest

from tests.services.hooks import Post, open_post
from tests.services.house import House, open_house
from tests.services.timeline import Timeline, open_timeline


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Services with nothing in them; their rows and bytes are checked at the end."""
    async with open_house() as made:
        yield made


@pytest.fixture
async def timeline() -> AsyncIterator[Timeline]:
    """A house whose history is looked at."""
    async with open_timeline() as made:
        yield made


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    """A house that tells a receiver in hand."""
    async with open_post() as made:
        yield made
