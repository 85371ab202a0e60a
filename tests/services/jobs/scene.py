"""Runners on one catalog, in simulated time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from entrepot.adapters.catalog import open_catalog
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Catalog, Event
from entrepot.ports.jobs import Job, JobState, NewJob
from entrepot.services.jobs import Handler, JobService, Run, Runner, RunnerLimits
from sim.loop import SimClock, SimLoop, SimRandom, simulate

PATIENCE_SECONDS = 100_000.0
STEPS = 5
ENDED = {JobState.DONE, JobState.FAILED, JobState.CANCELLED}
NAME = RepositoryName("acme/api")


@dataclass
class Lines:
    """A logger that remembers."""

    events: list[str] = field(default_factory=list)

    def info(self, event: str, **facts: Any) -> None:
        self.events.append(event)

    def warning(self, event: str, **facts: Any) -> None:
        self.events.append(event)

    def exception(self, event: str, **facts: Any) -> None:
        self.events.append(event)


@dataclass
class Scene:
    """What a test plays with; `stop` is called for each runner at its end."""

    catalog: Catalog
    clock: SimClock
    random: SimRandom
    log: Lines = field(default_factory=Lines)
    runners: list[Runner] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.jobs = JobService(self.catalog, self.clock)

    def runner(self, handlers: Mapping[str, Handler], limits: RunnerLimits | None = None) -> Runner:
        """Return one that runs."""
        runner = Runner(
            self.catalog,
            self.clock,
            self.random,
            jobs=JobService(self.catalog, self.clock) if self.runners else self.jobs,
            handlers=handlers,
            log=self.log,
            limits=limits,
        )
        runner.start()
        self.runners.append(runner)
        return runner

    async def add(self, kind: str = "steps", **facts: Any) -> int:
        """Enqueue a job."""
        job_id = await self.jobs.enqueue(NewJob(kind, **facts))
        assert job_id is not None
        return job_id

    async def until(self, job_id: int, wanted: Callable[[Job], bool]) -> Job:
        """Return the job once it is as wanted."""
        give_up_at = self.clock.now() + PATIENCE_SECONDS
        while not wanted(job := await self.jobs.find(job_id)):
            assert self.clock.now() < give_up_at, job
            await self.clock.sleep(0.05)
        return job

    async def ended(self, job_id: int) -> Job:
        """Return the job once it has ended."""
        return await self.until(job_id, lambda job: job.state in ENDED)

    async def steps(self) -> list[str]:
        """Return what `work` did."""
        async with self.catalog.begin() as tx:
            return [event.payload for event in await tx.outbox.after(0, 1000)]

    async def lines(self, job_id: int) -> list[str]:
        """Return what the job told."""
        return [line.text for line in await self.jobs.lines(job_id, 0, 1000)]

    async def work(self, run: Run) -> None:
        """Do `STEPS` steps of a second each, every one with its effect."""
        for number in range(run.progress.get("done", 0), run.args.get("steps", STEPS)):
            await self.clock.sleep(1)
            async with self.catalog.begin(write=True) as tx:
                await tx.outbox.append(Event("step", NAME, f"{number}", self.clock.now()))
                await run.save(tx, {"done": number + 1})
            await run.pause()

    async def crash(self) -> None:
        """Let everything else that runs be gone at once."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self.runners.clear()


def played(test: Callable[[Scene], Awaitable[None]]) -> Callable[[], None]:
    """Return the test as one that runs in simulated time."""

    async def main(loop: SimLoop) -> None:
        catalog = await open_catalog("sqlite:///:memory:")
        scene = Scene(catalog, SimClock(loop), SimRandom(loop))
        try:
            await test(scene)
        finally:
            for runner in scene.runners:
                await runner.stop()
            await catalog.close()

    def play() -> None:
        simulate(0, main)

    return play
