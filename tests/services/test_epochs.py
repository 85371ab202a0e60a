"""What was read is remembered as long as nothing changed."""

from collections.abc import AsyncIterator

import pytest

from entrepot.adapters.catalog import open_catalog
from entrepot.ports.catalog import Busy, Catalog
from entrepot.ports.grants import ACCESS_EPOCH
from entrepot.services.epochs import EpochWatch, Remembered


class Reading:
    """Reads the length of a key, and counts."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    async def __call__(self, key: str) -> int:
        self.keys.append(key)
        return len(key)


@pytest.fixture
async def catalog() -> AsyncIterator[Catalog]:
    made = await open_catalog("sqlite:///:memory:")
    yield made
    await made.close()


async def advance(catalog: Catalog, name: str = ACCESS_EPOCH) -> None:
    async with catalog.begin(write=True) as tx:
        await tx.epochs.advance(name)


async def test_it_is_read_again_only_after_the_epoch(catalog: Catalog) -> None:
    read = Reading()
    remembered = Remembered(EpochWatch(catalog), read, 10)
    for _ in range(3):
        assert await remembered.of("ab") == 2
    await advance(catalog, "other")
    assert await remembered.of("ab") == 2
    assert read.keys == ["ab"]
    await advance(catalog)
    assert await remembered.of("ab") == 2
    assert read.keys == ["ab", "ab"]


async def test_the_least_used_go_first(catalog: Catalog) -> None:
    read = Reading()
    remembered = Remembered(EpochWatch(catalog), read, 2)
    for key in ("a", "b", "a", "c", "a", "b"):
        await remembered.of(key)
    assert read.keys == ["a", "b", "c", "b"]


async def test_what_was_read_while_it_changed_is_not_kept(catalog: Catalog) -> None:
    counts: list[int] = []

    async def read(_key: str) -> int:
        if not counts:
            await advance(catalog)
            await other.of("x")
        counts.append(1)
        return len(counts)

    watch = EpochWatch(catalog)
    remembered = Remembered(watch, read, 10)
    other = Remembered(watch, Reading(), 10)
    assert await remembered.of("a") == 1
    assert await remembered.of("a") == 2


class _Blocked:
    """A catalog that cannot say its version."""

    def __init__(self, catalog: Catalog) -> None:
        self.begin = catalog.begin

    async def latest(self) -> int:
        raise Busy("locked")


async def test_a_busy_catalog_is_asked_each_time(catalog: Catalog) -> None:
    watch = EpochWatch(_Blocked(catalog))  # type: ignore[arg-type]
    first = await watch.number()
    await advance(catalog)
    assert await watch.number() == first + 1
