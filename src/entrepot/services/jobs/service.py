"""Jobs and schedules for all but their runner: asked for, seen, cancelled."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.jobs import Job, JobLine, NewJob, Schedule
from entrepot.rules.cron import next_after
from entrepot.services.auditing import Act, record
from entrepot.services.context import ANONYMOUS, Caller

from .run import LINES_MAX

ARGS_MAX_BYTES = 64 * 1024
PAGE_MAX = 1000
NEWEST = 1 << 62
"""An id above all others."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True)
class ScheduleSpec:
    """A schedule as somebody wishes it; `cron` as `rules.cron` takes it, in UTC."""

    name: str
    kind: str
    cron: str
    args: Mapping[str, Any] = field(default_factory=dict)
    mutex: str | None = None
    enabled: bool = True


class JobService:
    """Writes what is to be done; `enqueued` is set when there is something new."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self.enqueued = asyncio.Event()

    async def ask(self, job: NewJob, caller: Caller) -> int | None:
        """Enqueue a job that somebody asks for, with a line in the audit log; as `enqueue`."""
        _check_args(job.args)
        now = self._clock.now()
        async with self._catalog.begin(write=True) as tx:
            job_id = await tx.jobs.enqueue(job, now)
            if job_id is not None:
                detail = {"args": msgspec.json.decode(job.args)}
                await record(tx, caller, now, Act(f"job.{job.kind}", f"job {job_id}", "", detail))
        self.enqueued.set()
        return job_id

    async def enqueue(self, job: NewJob, tx: Tx | None = None) -> int | None:
        """Enqueue the job in the caller's transaction, or in one of its own; return its id.

        None if one with its `dedup` waits or runs. Raises `Fault(REQUEST_INVALID)` for args that
        are no JSON object, or too large.
        """
        _check_args(job.args)
        now = self._clock.now()
        if tx is not None:
            job_id = await tx.jobs.enqueue(job, now)
        else:
            async with self._catalog.begin(write=True) as own:
                job_id = await own.jobs.enqueue(job, now)
        # A runner that is woken before the commit waits for its turn to write, and so sees it.
        self.enqueued.set()
        return job_id

    async def cancel(self, job_id: int, caller: Caller) -> Job:
        """End a job that waits, ask a running one for its end; return it as it is then.

        Raises `Fault`: NOT_FOUND, or CONFLICT if it has ended.
        """
        now = self._clock.now()
        async with self._catalog.begin(write=True) as tx:
            job = await _found(tx, job_id)
            if not await tx.jobs.cancel(job_id, now):
                raise Fault(Code.CONFLICT, f"job {job_id} has ended already: it is {job.state}")
            who = caller.actor or "an anonymous caller"
            await tx.job_lines.append(job_id, now, f"cancelled by {who}", keep=LINES_MAX)
            await record(tx, caller, now, Act("job.cancelled", f"job {job_id}"))
            return await _found(tx, job_id)

    async def find(self, job_id: int) -> Job:
        """Return the job; `Fault(NOT_FOUND)`."""
        async with self._catalog.begin() as tx:
            return await _found(tx, job_id)

    async def page(self, kind: str | None, before: int | None, limit: int) -> list[Job]:
        """Return jobs with an id below `before`, newest first, at most `PAGE_MAX`."""
        async with self._catalog.begin() as tx:
            return await tx.jobs.page(
                kind, NEWEST if before is None else before, min(limit, PAGE_MAX)
            )

    async def lines(self, job_id: int, after: int, limit: int) -> list[JobLine]:
        """Return what the job told after the line with that id; `Fault(NOT_FOUND)`."""
        async with self._catalog.begin() as tx:
            await _found(tx, job_id)
            return await tx.job_lines.page(job_id, after, min(limit, PAGE_MAX))

    async def put_schedule(self, spec: ScheduleSpec, caller: Caller = ANONYMOUS) -> Schedule:
        """Write a schedule, instead of one of its name; `Fault(REQUEST_INVALID)`.

        Where the times stay the same, one that was missed is not forgotten.
        """
        async with self._catalog.begin(write=True) as tx:
            schedule = self._schedule(spec, await tx.schedules.find(spec.name))
            await tx.schedules.put(schedule)
            detail = {"kind": spec.kind, "cron": spec.cron, "enabled": spec.enabled}
            act = Act("schedule.changed", spec.name, "", detail)
            await record(tx, caller, self._clock.now(), act)
        self.enqueued.set()
        return schedule

    async def ensure_schedule(self, spec: ScheduleSpec) -> None:
        """Write a schedule if there is none of its name: what operators changed stays."""
        async with self._catalog.begin() as tx:
            if await tx.schedules.find(spec.name):
                return
        async with self._catalog.begin(write=True) as tx:
            if await tx.schedules.find(spec.name) is None:
                await tx.schedules.put(self._schedule(spec, None))

    async def remove_schedule(self, name: str, caller: Caller = ANONYMOUS) -> None:
        """Remove it; `Fault(NOT_FOUND)`. Jobs that it enqueued stay."""
        async with self._catalog.begin(write=True) as tx:
            if not await tx.schedules.remove(name):
                raise _no_schedule(name)
            await record(tx, caller, self._clock.now(), Act("schedule.removed", name))

    async def find_schedule(self, name: str) -> Schedule:
        """Return the schedule; `Fault(NOT_FOUND)`."""
        async with self._catalog.begin() as tx:
            schedule = await tx.schedules.find(name)
        if schedule is None:
            raise _no_schedule(name)
        return schedule

    async def schedules(self, after: str, limit: int) -> list[Schedule]:
        """Return schedules with names above `after`, at most `PAGE_MAX`."""
        async with self._catalog.begin() as tx:
            return await tx.schedules.page(after, min(limit, PAGE_MAX))

    def _schedule(self, spec: ScheduleSpec, before: Schedule | None) -> Schedule:
        if not _NAME.fullmatch(spec.name):
            raise Fault(
                Code.REQUEST_INVALID,
                f"a schedule cannot be named '{spec.name[:64]}': use up to 63 of a-z, 0-9, '.', "
                "'_' and '-', a letter or digit first",
            )
        args = encode(spec.args).decode()
        _check_args(args)
        next_at = next_after(spec.cron, self._clock.now())
        if before is not None and before.enabled and before.cron == spec.cron:
            next_at = before.next_at
        last_at = before.last_at if before else None
        return Schedule(
            spec.name, spec.kind, args, spec.mutex, spec.cron, spec.enabled, next_at, last_at
        )


async def _found(tx: Tx, job_id: int) -> Job:
    job = await tx.jobs.find(job_id)
    if job is None:
        raise Fault(
            Code.NOT_FOUND,
            f"there is no job {job_id}: list them; those that ended go after a while",
        )
    return job


def _no_schedule(name: str) -> Fault:
    return Fault(
        Code.NOT_FOUND, f"there is no schedule named '{name[:64]}': list them, or set this one"
    )


def _check_args(args: str) -> None:
    if len(args.encode()) > ARGS_MAX_BYTES:
        raise Fault(
            Code.REQUEST_INVALID, f"a job's args are too large: {ARGS_MAX_BYTES} bytes are the most"
        )
    try:
        msgspec.json.decode(args, type=dict)
    except msgspec.DecodeError:
        raise Fault(
            Code.REQUEST_INVALID, 'a job\'s args are not a JSON object: write them as {"name": ...}'
        ) from None
