import asyncio

import pytest

from entrepot.adapters.oidc.once import RETRY_SECONDS, Kept
from entrepot.ports.identity import SourceFailed


class Source:
    """Counts, and fails when told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.fails = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.kept = Kept(self.fetch, fresh_seconds=100.0, stale_seconds=1000.0)

    async def fetch(self, _now: float) -> int:
        self.asked += 1
        await self.gate.wait()
        if self.fails:
            raise SourceFailed("down")
        return self.asked


async def test_one_asks_for_all() -> None:
    source = Source()
    source.gate.clear()
    waiting = [asyncio.create_task(source.kept.get(0.0)) for _ in range(10)]
    await asyncio.sleep(0)
    source.gate.set()
    assert await asyncio.gather(*waiting) == [1] * 10


async def test_one_failure_for_all() -> None:
    source = Source()
    source.fails = True
    source.gate.clear()
    waiting = [asyncio.create_task(source.kept.get(0.0)) for _ in range(10)]
    await asyncio.sleep(0)
    source.gate.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(one, SourceFailed) for one in found)
    assert source.asked == 1


async def test_who_leaves_while_asking_harms_nobody() -> None:
    source = Source()
    source.gate.clear()
    first = asyncio.create_task(source.kept.get(0.0))
    second = asyncio.create_task(source.kept.get(0.0))
    await asyncio.sleep(0)
    first.cancel()
    source.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await second == 2


@pytest.mark.parametrize("later,expected", [(0.0, 1), (99.0, 1), (100.0, 2), (-1.0, 2)])
async def test_age(later: float, expected: int) -> None:
    source = Source()
    await source.kept.get(0.0)
    assert await source.kept.get(later) == expected


async def test_newer_than() -> None:
    source = Source()
    await source.kept.get(0.0)
    assert await source.kept.get(29.0, newer_than_seconds=30.0) == 1
    assert await source.kept.get(30.0, newer_than_seconds=30.0) == 2


async def test_stale_while_it_fails_and_then_not() -> None:
    source = Source()
    await source.kept.get(0.0)
    source.fails = True
    assert await source.kept.get(999.0) == 1
    with pytest.raises(SourceFailed):
        await source.kept.get(1000.0)
    assert source.asked == 2  # the failure of a second before was told again
    source.fails = False
    with pytest.raises(SourceFailed):
        await source.kept.get(1000.0)
    assert await source.kept.get(999.0 + RETRY_SECONDS) == 3
    assert source.asked == 3


async def test_a_clock_that_went_back_makes_it_old() -> None:
    source = Source()
    await source.kept.get(1000.0)
    source.fails = True
    with pytest.raises(SourceFailed):
        await source.kept.get(0.0)
