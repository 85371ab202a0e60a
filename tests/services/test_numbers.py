"""Numbers of names: given once, kept for ever."""

from collections.abc import AsyncIterator

import pytest

from entrepot.adapters.catalog import open_catalog
from entrepot.ports.catalog import Catalog
from entrepot.services import numbers as module
from entrepot.services.numbers import PROJECT, USER, NumberService


@pytest.fixture
async def catalog() -> AsyncIterator[Catalog]:
    made = await open_catalog("sqlite:///:memory:")
    yield made
    await made.close()


@pytest.fixture
def numbers(catalog: Catalog) -> NumberService:
    return NumberService(catalog)


async def test_the_first_are_those_that_clients_expect(numbers: NumberService) -> None:
    for _ in range(2):
        await numbers.ensure_first()
        assert await numbers.of(PROJECT, ["library"]) == {"library": 1}
        assert await numbers.one(USER, "admin") == 1
    assert await numbers.one(PROJECT, "acme") == 2


async def test_a_name_keeps_its_number(numbers: NumberService) -> None:
    assert await numbers.of("group", ["b", "a", "b"]) == {"b": 1, "a": 2}
    assert await numbers.of("group", ["c", "a"]) == {"c": 3, "a": 2}
    assert await numbers.of("other", ["c"]) == {"c": 1}
    assert [await numbers.name("group", number) for number in (0, 1, 2, 3, 4)] == [
        None,
        "b",
        "a",
        "c",
        None,
    ]
    assert await numbers.of("group", []) == {}


async def test_known_names_are_not_written(catalog: Catalog, numbers: NumberService) -> None:
    await numbers.one(PROJECT, "acme")
    before = catalog.version()
    await numbers.of(PROJECT, ["acme"])
    assert catalog.version() == before


async def test_many_at_once_but_not_any_number(numbers: NumberService) -> None:
    names = [f"p{number:04}" for number in range(module.NAMES_MAX)]
    found = await numbers.of(PROJECT, names)
    assert [found[name] for name in names] == list(range(1, len(names) + 1))
    with pytest.raises(ValueError, match="1001 names"):
        await numbers.of(PROJECT, [*names, "more"])
