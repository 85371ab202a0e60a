"""Durable jobs and schedules, kept in the catalog with what they change.

A job is enqueued in the transaction of the change that asks for it. Who claims it holds a lease; a
job whose lease ran out is another's to claim, from the progress that was saved last (I12).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class JobState(StrEnum):
    """A job's life; the last three are its ends."""

    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is to be done, from `run_at` on if that is still to come; `args` is a JSON object.

    Of all jobs with one `mutex` a single one runs at a time. Of all of one kind with one `dedup` a
    single one waits or runs: another is not enqueued.
    """

    kind: str
    args: str = "{}"
    mutex: str | None = None
    dedup: str | None = None
    run_at: float = 0.0
    actor: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A job's row; `progress` is JSON text, written by its handler together with its effects."""

    id: int
    kind: str
    args: str
    mutex: str | None
    state: JobState
    run_at: float
    attempt: int
    owner: str
    lease_until: float
    cancelled: bool
    """Whether its end was asked for."""
    progress: str
    error: str
    actor: str
    created_at: float
    started_at: float | None
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """Jobs that are due and wait."""

    count: int
    oldest_run_at: float | None


@dataclass(frozen=True, slots=True)
class JobLine:
    """One line of a job's log."""

    id: int
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """Enqueues a job whenever its cron expression (UTC) says so; `args` is JSON text."""

    name: str
    kind: str
    args: str
    mutex: str | None
    cron: str
    enabled: bool
    next_at: float
    last_at: float | None


class Jobs(Protocol):
    """Jobs; all but the reading verbs want a transaction that writes."""

    async def enqueue(self, job: NewJob, now: float) -> int | None:
        """Write it and return its id; None if one with its `dedup` waits or runs."""
        ...

    async def claim(self, owner: str, now: float, lease_until: float) -> Job | None:
        """Take the job due first whose mutex is free: running from now, one attempt more.

        `owner` must be another at each call: who lost a job must not take it for its own again.
        """
        ...

    async def beat(self, job: Job, lease_until: float, progress: str | None) -> Job | None:
        """Extend the lease and save the progress; None if the job is not this owner's any more.

        Progress that is another than before makes this attempt the first. What is returned says
        whether its end was asked for.
        """
        ...

    async def end(self, job: Job, state: JobState, now: float, error: str) -> bool:
        """End it, or let it be READY again from `now` on; False if it is not this owner's.

        READY without an error does not count as an attempt.
        """
        ...

    async def reap(self, now: float, limit: int) -> list[Job]:
        """Let jobs whose lease ran out be ready again; return them."""
        ...

    async def cancel(self, job_id: int, now: float) -> bool:
        """End it if it waits, ask for its end if it runs; False if it has ended."""
        ...

    async def find(self, job_id: int) -> Job | None: ...

    async def page(self, kind: str | None, before: int, limit: int) -> list[Job]:
        """Return jobs with an id below `before`, newest first."""
        ...

    async def backlog(self, now: float) -> Backlog: ...


class JobLines(Protocol):
    """What jobs tell of themselves, and what is left of those that ended."""

    async def append(self, job_id: int, at: float, text: str, *, keep: int) -> None:
        """Write a line, and forget all of the job's but the newest `keep`."""
        ...

    async def page(self, job_id: int, after: int, limit: int) -> list[JobLine]: ...
    async def prune(self, ended_before: float, limit: int) -> int:
        """Remove lines of jobs that ended before then, and those jobs: at most `limit` rows.

        Return how many; less than `limit` says that none is left.
        """
        ...


class Schedules(Protocol):
    """Schedules by name."""

    async def put(self, schedule: Schedule) -> None:
        """Write it, instead of one of its name."""
        ...

    async def find(self, name: str) -> Schedule | None: ...
    async def remove(self, name: str) -> bool: ...
    async def page(self, after: str, limit: int) -> list[Schedule]: ...
    async def due(self, now: float, limit: int) -> list[Schedule]:
        """Return enabled ones whose `next_at` has come."""
        ...

    async def fire(self, schedule: Schedule, now: float, next_at: float) -> bool:
        """Move `next_at` on; False if another did, since `schedule` was read."""
        ...
