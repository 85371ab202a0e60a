"""A duty is done by who holds its name, and given up with it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from entrepot.ports.catalog import Busy
from entrepot.services.duties import AGAIN_SECONDS, Duty


class Log:
    def __init__(self) -> None:
        self.events: list[str] = []

    def info(self, event: str, **_facts: Any) -> None:
        self.events.append(event)

    def exception(self, event: str, **_facts: Any) -> None:
        self.events.append(event)


class Turning:
    """A clock on which a sleep is one turn of the loop."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


class Held:
    def __init__(self) -> None:
        self.gone = asyncio.Event()

    async def lost(self) -> None:
        await self.gone.wait()


class Fleet:
    """Names that replicas hold."""

    def __init__(self) -> None:
        self.names: dict[str, Held] = {}
        self.is_away = False

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[Held]:
        if self.is_away:
            raise Busy("away")
        if name in self.names:
            raise BlockingIOError(name)
        held = self.names[name] = Held()
        try:
            yield held
        finally:
            if self.names.get(name) is held:
                del self.names[name]

    def take_away(self, name: str) -> None:
        self.names.pop(name).gone.set()


class Work:
    """Counts who works, and how often it began."""

    def __init__(self) -> None:
        self.busy = 0
        self.begun = 0
        self.error: Exception | None = None

    async def __call__(self) -> None:
        self.begun += 1
        self.busy += 1
        try:
            if self.error is not None:
                raise self.error
            await asyncio.get_running_loop().create_future()
        finally:
            self.busy -= 1


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def start(fleet: Fleet, work: Work, log: Log) -> asyncio.Task[None]:
    duty = Duty("journal", work, holder=fleet, clock=Turning(), log=log)
    return asyncio.create_task(duty.run())


async def end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_one_replica_works_and_another_takes_over() -> None:
    fleet, one, two, log = Fleet(), Work(), Work(), Log()
    first, second = start(fleet, one, log), start(fleet, two, log)
    await turns()
    assert (one.busy, two.busy) == (1, 0)
    await end(first)
    await turns()
    assert (one.busy, two.busy) == (0, 1)
    await end(second)
    assert (two.busy, fleet.names) == (0, {})


async def test_work_ends_with_the_hold() -> None:
    fleet, work, log = Fleet(), Work(), Log()
    task = start(fleet, work, log)
    await turns()
    fleet.take_away("duty journal")
    await turns()
    assert (work.busy, work.begun) == (1, 2)  # ended, and begun anew
    assert "duty lost" in log.events
    await end(task)


async def test_work_that_fails_is_begun_anew_after_a_while() -> None:
    fleet, work, log = Fleet(), Work(), Log()
    work.error = OSError("no")
    clock = Turning()
    task = asyncio.create_task(Duty("x", work, holder=fleet, clock=clock, log=log).run())
    await turns()
    assert work.begun > 1
    assert set(clock.slept) == {AGAIN_SECONDS}
    assert "duty failed" in log.events
    await end(task)


async def test_a_catalog_that_is_away_is_waited_for() -> None:
    fleet, work, log = Fleet(), Work(), Log()
    fleet.is_away = True
    task = start(fleet, work, log)
    await turns()
    assert "duty cannot be held" in log.events
    fleet.is_away = False
    await turns()
    assert work.busy == 1
    await end(task)
