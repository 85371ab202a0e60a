"""Work that a mistake has ended is begun anew, and that is told."""

import asyncio
import contextlib
from typing import Any

import pytest

from entrepot.serving import beside


class Log:
    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def debug(self, event: str, **facts: Any) -> None:
        raise AssertionError(event)

    info = warning = debug

    def exception(self, event: str, **facts: Any) -> None:
        self.told.append((event, facts["work"]))


async def test_a_mistake_does_not_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "AGAIN_SECONDS", 0.0)
    log, begun, over = Log(), [0], asyncio.Event()

    async def work() -> None:
        begun[0] += 1
        if begun[0] < 3:
            raise KeyError("a mistake")
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            over.set()

    async with contextlib.AsyncExitStack() as stack:
        beside.start_beside("pulls", work, log, stack)
        while begun[0] < 3:
            await asyncio.sleep(0)
        assert not over.is_set()
    await asyncio.wait_for(over.wait(), 5)
    assert log.told == [("work beside the server failed", "pulls")] * 2


async def test_what_returns_is_done() -> None:
    log, begun = Log(), [0]

    async def work() -> None:
        begun[0] += 1

    async with contextlib.AsyncExitStack() as stack:
        beside.start_beside("figures", work, log, stack)
        for _ in range(5):
            await asyncio.sleep(0)
    assert (begun, log.told) == ([1], [])
