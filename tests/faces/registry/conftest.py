"""Fixtures of the registry face's tests."""

from collections.abc import AsyncIterator

import pytest

from entrepot.settings import Auth
from tests.faces.registry.registry import Registry, open_registry


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    """An empty registry that anyone may use."""
    async with open_registry() as made:
        yield made


@pytest.fixture
async def closed() -> AsyncIterator[Registry]:
    """An empty registry with accounts, where `public/*` may be pulled by anyone."""
    async with open_registry(Auth(anonymous_pull=("public/*",))) as made:
        yield made
