"""Fixtures of commands that talk to a server."""

from collections.abc import AsyncIterator

import pytest

from entrepot.faces.cli import following
from tests.faces.cli.shop import Shop, open_shop


@pytest.fixture
async def lifeshop(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """A server with the lifecycle, and the command line before it."""
    monkeypatch.setattr(following, "FIRST_SECONDS", 0.005)
    async with open_shop() as made:
        yield made
