"""Transactions in any mixture: well, failed, cancelled, their commit lost."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.adapters.catalog import open_catalog
from entrepot.ports.catalog import Catalog, Event
from tests.adapters.catalog.rows import NAME, NOW, notes

Result = TypeVar("Result")

STEPS = 6
"""Most turns of the loop that anything is put off by."""


@dataclass(frozen=True)
class Plan:
    """One transaction: when it starts, how long its block lasts, how it ends."""

    start: int
    inside: int
    end: Literal["well", "error", "cancelled"]
    cancel_after: int


steps = st.integers(0, STEPS)
plans = st.builds(
    Plan,
    start=steps,
    inside=st.integers(0, 2),
    end=st.sampled_from(["well", "well", "error", "cancelled"]),
    cancel_after=st.integers(0, 4 * STEPS),
)


class Disk:
    """Commits that last as long, and fail as often, as the lists say."""

    def __init__(self, lasts: list[int], fails: list[bool]) -> None:
        self._lasts = lasts
        self._fails = fails

    async def __call__(self, work: Callable[[], Result], /) -> Result:
        await _pause(self._lasts.pop() if self._lasts else 0)
        if self._fails and self._fails.pop():
            raise OSError("the disk failed")
        return work()


async def _pause(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def _run(catalog: Catalog, number: int, plan: Plan) -> None:
    await _pause(plan.start)
    async with catalog.begin(write=True) as tx:
        await tx.outbox.append(Event("first", NAME, f"{number}", NOW))
        await _pause(plan.inside)
        await tx.outbox.append(Event("second", NAME, f"{number}", NOW))
        if plan.end == "error":
            raise ZeroDivisionError


async def _play(transactions: list[Plan], disk: Disk) -> None:
    catalog = await open_catalog("sqlite:///:memory:", offload=disk)
    tasks = [asyncio.create_task(_run(catalog, n, plan)) for n, plan in enumerate(transactions)]
    cancelling = [
        asyncio.create_task(_cancel(task, plan.cancel_after))
        for task, plan in zip(tasks, transactions, strict=True)
        if plan.end == "cancelled"
    ]
    # A turn or a commit that got lost would leave somebody waiting for ever.
    async with asyncio.timeout(5):
        results = await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*cancelling)
        disk._fails.clear()
        await _run(catalog, -1, Plan(0, 0, "well", 0))
    found = await notes(catalog)
    for number, result in enumerate(results):
        # Whole or not at all.
        assert found.count(f"{number}") in (0, 2)
        if result is None:
            assert f"{number}" in found
        elif not isinstance(result, asyncio.CancelledError):
            assert f"{number}" not in found
    assert found[-2:] == ["-1", "-1"]
    await catalog.close()


async def _cancel(task: asyncio.Task[None], after: int) -> None:
    await _pause(after)
    task.cancel()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(plans, min_size=1, max_size=10),
    st.lists(steps, max_size=10),
    st.lists(st.booleans(), max_size=10),
)
def test_each_is_whole_or_not_at_all(
    transactions: list[Plan], lasts: list[int], fails: list[bool]
) -> None:
    asyncio.run(_play(transactions, Disk(lasts, fails)))
