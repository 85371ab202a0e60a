"""Runs the jobs of a data directory until there is none left.

`python -m tests.crash.job_process DIRECTORY KIND`; writes a line when the job begins, or goes on
from saved progress, and one when its handler is through.
"""

import asyncio
import sys
from pathlib import Path

from entrepot.adapters.logging import configure
from entrepot.adapters.system import SystemClock
from entrepot.ports.jobs import JobState
from entrepot.services.jobs import Handler, Pace, Run, Runner, RunnerLimits
from entrepot.services.jobs.outcomes import Retries

from .job_kinds import KINDS
from .places import open_place

LIMITS = RunnerLimits(
    poll_seconds=0.02,
    pace=Pace(lease_seconds=0.3, duty=1.0),
    retries=Retries(attempts_max=100, losses_max=1_000_000, first_seconds=0.1),
)


async def main(data: Path, kind: str) -> None:
    async with open_place(data) as place:
        outside = place.outside
        runner = Runner(
            outside.catalog,
            SystemClock(),
            outside.random,
            jobs=place.house.jobs,
            handlers={kind: _told(KINDS[kind].handler(place))},
            log=configure("info", "json"),
            limits=LIMITS,
        )
        runner.start()
        open_states = {JobState.READY, JobState.RUNNING}
        while {job.state for job in await place.house.jobs.page(None, None, 100)} & open_states:
            await asyncio.sleep(0.01)
        await runner.stop()


def _told(handler: Handler) -> Handler:
    async def handle(run: Run) -> None:
        _tell("resumes" if run.progress else "begins")
        await handler(run)
        _tell("ends")

    return handle


def _tell(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
