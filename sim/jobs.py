"""The product's job runner in a simulated process, killed with it."""

import asyncio
from typing import Any

from entrepot.ports.catalog import Catalog
from entrepot.services.jobs import Handler, JobService, Runner, RunnerLimits
from entrepot.services.jobs.outcomes import Retries
from entrepot.services.jobs.run import Pace

from .loop import SimClock, SimRandom

LIMITS = RunnerLimits(
    concurrency=3,
    poll_seconds=0.5,
    stall_seconds=500.0,
    pace=Pace(lease_seconds=5.0),
    retries=Retries(attempts_max=1000, losses_max=1000, first_seconds=0.2, longest_seconds=2.0),
)


class Silence:
    """A log that nobody reads."""

    def info(self, event: str, **facts: Any) -> None:
        """Say nothing."""

    def warning(self, event: str, **facts: Any) -> None:
        """Say nothing."""

    def exception(self, event: str, **facts: Any) -> None:
        """Say nothing."""


class SimRunner(Runner):
    """A runner that can be killed."""

    def __init__(
        self,
        catalog: Catalog,
        clock: SimClock,
        random: SimRandom,
        jobs: JobService,
        handlers: dict[str, Handler],
    ) -> None:
        super().__init__(
            catalog, clock, random, jobs=jobs, handlers=handlers, log=Silence(), limits=LIMITS
        )

    async def kill(self) -> None:
        """Let nothing more happen, as when the process is gone; others wait for its leases."""
        running = {task for task in asyncio.all_tasks() if _is_of_runner(task)}
        while running:
            for task in sorted(running, key=lambda task: int(task.get_name().split("-")[-1])):
                task.cancel()
            _, running = await asyncio.wait(running, timeout=0.5)


def _is_of_runner(task: "asyncio.Task[object]") -> bool:
    name = getattr(task.get_coro(), "__qualname__", "")
    return name.startswith(("Runner.", "Attempts."))
