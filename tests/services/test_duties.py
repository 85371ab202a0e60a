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
        self.told: list[dict[str, Any]] = []

    def debug(self, event: str, **_facts: Any) -> None:
        """Hardly anybody reads those."""

    def info(self, event: str, **_facts: Any) -> None:
        self.events.append(event)

    def warning(self, event: str, **facts: Any) -> None:
        self.events.append(event)
        self.told.append(facts)


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
        self.error: Exception | None = None

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[Held]:
        if self.error is not None:
            raise self.error
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


async def test_a_catalog_that_is_away_is_waited_for_and_told_of_once() -> None:
    fleet, work, log = Fleet(), Work(), Log()
    fleet.error = Busy("away")
    task = start(fleet, work, log)
    await turns()
    assert log.events == ["duty cannot be held"]
    assert log.told == [{"duty": "journal", "cause": "away"}]
    fleet.error = None
    await turns()
    assert work.busy == 1
    assert log.events[1:] == ["duty can be held again", "duty taken"]
    await end(task)


async def test_whatever_keeps_a_duty_from_being_held_it_is_tried_again() -> None:
    fleet, work, log = Fleet(), Work(), Log()
    fleet.error = RuntimeError("a certificate is gone for a moment")
    task = start(fleet, work, log)
    await turns()
    assert log.told[0]["exc_info"] is fleet.error
    fleet.error = None
    await turns()
    assert work.busy == 1
    await end(task)


async def test_only_of_mistakes_a_traceback_is_told() -> None:
    for error, is_mistake in ((OSError("away"), False), (Busy("away"), False), (KeyError(), True)):
        fleet, work, log = Fleet(), Work(), Log()
        work.error = error
        task = start(fleet, work, log)
        await turns()
        assert ("exc_info" in log.told[0]) is is_mistake
        await end(task)


async def test_where_there_are_no_others_nothing_is_told_of_who_has_it() -> None:
    fleet, work, log = Fleet(), Work(), Log()
    duty = Duty("x", work, holder=fleet, clock=Turning(), log=log, is_shared=False)
    task = asyncio.create_task(duty.run())
    await turns()
    assert (work.busy, log.events) == (1, [])
    await end(task)
