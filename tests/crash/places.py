"""Data directories that a test and the processes it kills open in turn."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from entrepot.adapters.datadir import DataDirectory
from entrepot.ports.jobs import NewJob
from entrepot.services.jobs import Handler
from entrepot.settings import Settings
from entrepot.wiring import House, build
from entrepot.wiring.outside import Outside, open_outside

FILLED_AT = 1_700_000_000.0
JOB_AT = FILLED_AT + 30 * 86400.0
"""Later than any lease, and than the trash keeps."""


@dataclass(slots=True)
class StillClock:
    """Time that moves when the test says so, so that two runs of a job write the same rows."""

    seconds: float

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Place:
    """A data directory that is open, in the test's process or in the one that is killed."""

    data: Path
    house: House
    outside: Outside
    clock: StillClock
    """The services' clock; runners have the real one, for their leases."""

    async def enqueue(self, job: NewJob) -> int:
        """Enqueue what nobody else has asked for."""
        job_id = await self.house.jobs.enqueue(job)
        assert job_id is not None
        return job_id


@asynccontextmanager
async def open_place(data: Path, at: float = JOB_AT) -> AsyncIterator[Place]:
    """Open a data directory as a server would, at that time."""
    async with AsyncExitStack() as stack:
        directory = DataDirectory(data)
        stack.callback(directory.close)
        clock = StillClock(at)
        outside = replace(await open_outside(directory, stack), clock=clock)
        house = build(Settings(), outside)
        stack.push_async_callback(house.uploads.close)
        yield Place(data, house, outside, clock)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job under test."""

    prepare: Callable[[Place], Awaitable[int]]
    """Fill an empty place with what the job is to work on, enqueue the job and return its id."""
    handler: Callable[[Place], Handler]
    """Return who does it; `ours(KIND)` for one of the product."""
    check: Callable[[Place], Awaitable[None]]
    """Fail unless the job's work was done, each step exactly once."""


def ours(kind: str) -> Callable[[Place], Handler]:
    """Return what takes the product's handler of that kind."""
    return lambda place: place.house.handlers[kind]
