"""Pulls are counted in memory and written later."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from entrepot.adapters.catalog import open_catalog
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Catalog, CatalogFailed
from entrepot.services.pulls import FLUSH_SECONDS, KEPT_MAX, STEP, PullRecorder
from sim.loop import SimClock, SimLoop, simulate
from tests.adapters.catalog.rows import NOW, digest

NAME = RepositoryName("acme/api")


class Clock:
    def now(self) -> float:
        return NOW

    async def sleep(self, seconds: float) -> None:
        assert seconds == 0, "others have their turn, no more"


@pytest.fixture
async def catalog() -> AsyncIterator[Catalog]:
    made = await open_catalog("sqlite://")
    yield made
    await made.close()


async def repository(catalog: Catalog) -> int:
    async with catalog.begin(write=True) as tx:
        return (await tx.repositories.ensure(NAME, NOW)).id


async def counts(catalog: Catalog, number: int) -> dict[str, int]:
    async with catalog.begin() as tx:
        return {row.digest: row.count for row in await tx.pulls.page(number, "", 1000)}


async def test_nothing_is_written_before_the_flush(catalog: Catalog) -> None:
    number = await repository(catalog)
    recorder = PullRecorder(catalog, Clock())
    for _ in range(3):
        recorder.note(number, digest("one"))
    recorder.note(number, digest("two"))
    assert await counts(catalog, number) == {}
    assert await recorder.flush() == 2
    assert await counts(catalog, number) == {digest("one"): 3, digest("two"): 1}
    assert await recorder.flush() == 0
    recorder.note(number, digest("one"))
    await recorder.flush()
    assert await counts(catalog, number) == {digest("one"): 4, digest("two"): 1}


async def test_more_than_a_step_is_written(catalog: Catalog) -> None:
    number = await repository(catalog)
    recorder = PullRecorder(catalog, Clock())
    for each in range(STEP * 2 + 1):
        recorder.note(number, digest(str(each)))
    assert await recorder.flush() == STEP * 2 + 1
    assert len(await counts(catalog, number)) == STEP * 2 + 1


async def test_i13_memory_has_a_limit(catalog: Catalog) -> None:
    """I13."""
    recorder = PullRecorder(catalog, Clock())
    for each in range(KEPT_MAX + 5):
        recorder.note(each, digest("one"))
    assert len(recorder._counts) == KEPT_MAX


async def test_what_cannot_be_written_is_kept(catalog: Catalog) -> None:
    number = await repository(catalog)
    recorder = PullRecorder(Failing(catalog), Clock())  # type: ignore[arg-type]
    recorder.note(number, digest("one"))
    with pytest.raises(CatalogFailed):
        await recorder.flush()
    recorder.note(number, digest("one"))
    await recorder.flush()
    assert await counts(catalog, number) == {digest("one"): 2}


class Failing:
    """Fails at the first transaction."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._failed = False

    def begin(self, **how: bool) -> Any:
        if not self._failed:
            self._failed = True
            raise CatalogFailed("the disk fails")
        return self._catalog.begin(**how)


class Told:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def warning(self, event: str, **facts: Any) -> None:
        self.lines.append(f"{event}: {facts['reason']}")


def test_it_runs_on_after_a_failure() -> None:
    async def scenario(loop: SimLoop) -> None:
        async def at_once(work: Any) -> Any:
            return work()

        catalog = await open_catalog("sqlite://", offload=at_once)
        number = await repository(catalog)
        recorder = PullRecorder(Failing(catalog), SimClock(loop))  # type: ignore[arg-type]
        recorder.note(number, digest("one"))
        told = Told()
        task = asyncio.ensure_future(recorder.run(told))
        await asyncio.sleep(FLUSH_SECONDS * 2.5)
        task.cancel()
        assert told.lines == ["pulls are not written: the disk fails"]
        assert await counts(catalog, number) == {digest("one"): 1}
        await catalog.close()

    simulate(1, scenario)
