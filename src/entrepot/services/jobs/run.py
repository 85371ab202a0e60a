"""What a job's handler is given: its arguments, its progress, and signs of life."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from entrepot.oci.json import encode
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.jobs import Job, JobState

PROGRESS_MAX_BYTES = 64 * 1024
LINES_MAX = 1000
"""Lines kept of one job, the newest."""
LINE_MAX = 2000
"""Characters kept of one line."""
PAUSE_MAX_SECONDS = 5.0
"""Longest rest between two steps, however long the step took."""


class LeaseLost(Exception):
    """The job is another runner's now, or nobody's: nothing more of it may be done here."""


class Cancelled(Exception):
    """The job's end was asked for."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a lease lasts, and which part of the time a handler may take for its work."""

    lease_seconds: float = 60.0
    duty: float = 0.5


class Run:
    """One attempt at a job.

    A handler works in steps that may be done twice, and saves its progress in the transaction of
    each: then a step is done exactly once, whatever happens to the process.
    """

    def __init__(self, job: Job, catalog: Catalog, clock: Clock, pace: Pace) -> None:
        self.job = job
        self._catalog = catalog
        self._clock = clock
        self._pace = pace
        self.lost = False
        """Whether the lease is known to be another's."""
        self._resumed_at = self.alive_at = clock.now()

    @property
    def args(self) -> dict[str, Any]:
        """What the job was enqueued with."""
        return _decoded(self.job.args)

    @property
    def progress(self) -> dict[str, Any]:
        """What was saved last, a copy; empty at first."""
        return _decoded(self.job.progress)

    async def save(self, tx: Tx, progress: dict[str, Any]) -> None:
        """Write progress, a JSON object, in the step's own transaction.

        Raises `LeaseLost` or `Cancelled`, and with it nothing of the step may be committed;
        ValueError for progress that is too large.
        """
        text = encode(progress)
        if len(text) > PROGRESS_MAX_BYTES:
            raise ValueError(f"progress of {len(text)} bytes is over {PROGRESS_MAX_BYTES}")
        await self._beat(tx, text.decode())
        if self.job.cancelled:
            raise Cancelled
        self.alive_at = self._clock.now()

    async def log(self, text: str) -> None:
        """Write a line of the job's log; not within a transaction that writes."""
        now = self.alive_at = self._clock.now()
        async with self._catalog.begin(write=True, durable=False) as tx:
            await tx.job_lines.append(self.job.id, now, text[:LINE_MAX], keep=LINES_MAX)

    async def pause(self, duty_max: float = 1.0) -> None:
        """Rest between two steps, so that requests are served; raises `LeaseLost`, `Cancelled`.

        A handler whose steps run where requests are served takes `duty_max` of the time at most.
        """
        now = self.alive_at = self._clock.now()
        busy, duty = max(0.0, now - self._resumed_at), min(self._pace.duty, duty_max)
        await self._clock.sleep(min(busy * (1 - duty) / duty, PAUSE_MAX_SECONDS))
        async with self._catalog.begin() as tx:
            self._take(await tx.jobs.find(self.job.id))
        if self.job.cancelled:
            raise Cancelled
        self._resumed_at = self._clock.now()

    async def beat(self) -> None:
        """Extend the lease; raises `LeaseLost`."""
        async with self._catalog.begin(write=True, durable=False) as tx:
            await self._beat(tx, None)

    async def _beat(self, tx: Tx, progress: str | None) -> None:
        until = self._clock.now() + self._pace.lease_seconds
        self._take(None if self.lost else await tx.jobs.beat(self.job, until, progress))

    def _take(self, job: Job | None) -> None:
        """Take note of the job's row as it is now."""
        if job is None or job.state is not JobState.RUNNING or job.owner != self.job.owner:
            self.lost = True
            raise LeaseLost(f"job {self.job.id} is not run here any more")
        self.job = job


Handler = Callable[[Run], Awaitable[None]]
"""Does one kind of job; returns when all of it is done."""


def _decoded(text: str) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(text, type=dict) if text else {}
    return decoded
