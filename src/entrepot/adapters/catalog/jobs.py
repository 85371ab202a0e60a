"""Jobs and schedules in the catalog."""

from entrepot.ports.jobs import Backlog, Job, JobLine, JobState, NewJob, Schedule

from . import sql
from .connection import Connection, Row


class SqlJobs:
    """Keeps `ports.jobs.Jobs`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def enqueue(self, job: NewJob, now: float) -> int | None:
        values = {
            "kind": job.kind,
            "args": job.args,
            "mutex": job.mutex,
            "dedup": job.dedup,
            "run_at": max(job.run_at, now),
            "actor": job.actor,
            "created_at": now,
        }
        row = await self._connection.row(sql.JOBS_ENQUEUE, values)
        return row[0] if row else None

    async def claim(self, owner: str, now: float, lease_until: float) -> Job | None:
        values = {"new_owner": owner, "now": now, "new_lease_until": lease_until}
        return _found(await self._connection.row(sql.JOBS_CLAIM, values))

    async def beat(self, job: Job, lease_until: float, progress: str | None) -> Job | None:
        values = {
            "job_id": job.id,
            "job_owner": job.owner,
            "new_lease_until": lease_until,
            "new_progress": progress,
        }
        statement = sql.JOBS_BEAT if progress is None else sql.JOBS_SAVE
        return _found(await self._connection.row(statement, values))

    async def end(self, job: Job, state: JobState, now: float, error: str) -> bool:
        values = {"job_id": job.id, "job_owner": job.owner, "now": now, "new_error": error}
        if state is JobState.READY:
            released = values | {"undone": 0 if error else 1}
            return await self._connection.run(sql.JOBS_RELEASE, released) > 0
        return await self._connection.run(sql.JOBS_END, values | {"new_state": state}) > 0

    async def reap(self, now: float, limit: int) -> list[Job]:
        rows = await self._connection.rows(sql.JOBS_REAP, {"now": now, "limit": limit})
        return [_job(row) for row in rows]

    async def cancel(self, job_id: int, now: float) -> bool:
        values = {"job_id": job_id, "now": now}
        if await self._connection.run(sql.JOBS_CANCEL_READY, values):
            return True
        return await self._connection.run(sql.JOBS_CANCEL_RUNNING, values) > 0

    async def find(self, job_id: int) -> Job | None:
        return _found(await self._connection.row(sql.JOBS_FIND, {"job_id": job_id}))

    async def page(self, kind: str | None, before: int, limit: int) -> list[Job]:
        values = {"kind": kind, "before": before, "limit": limit}
        statement = sql.JOBS_PAGE if kind is None else sql.JOBS_PAGE_KIND
        return [_job(row) for row in await self._connection.rows(statement, values)]

    async def backlog(self, now: float) -> Backlog:
        row = await self._connection.row(sql.JOBS_BACKLOG, {"now": now})
        return Backlog(*row) if row else Backlog(0, None)


class SqlJobLines:
    """Keeps `ports.jobs.JobLines`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def append(self, job_id: int, at: float, text: str, *, keep: int) -> None:
        values = {"job_id": job_id, "at": at, "text": text}
        await self._connection.run(sql.JOB_LINES_APPEND, values)
        await self._connection.run(sql.JOB_LINES_TRIM, {"job_id": job_id, "keep": keep})

    async def page(self, job_id: int, after: int, limit: int) -> list[JobLine]:
        values = {"job_id": job_id, "after": after, "limit": limit}
        return [JobLine(*row) for row in await self._connection.rows(sql.JOB_LINES_PAGE, values)]

    async def prune(self, ended_before: float, limit: int) -> int:
        values: dict[str, object] = {"ended_before": ended_before, "limit": limit}
        lines = await self._connection.run(sql.JOB_LINES_PRUNE_LINES, values)
        values["limit"] = limit - lines
        # Once fewer lines are gone than might have been, none is left that names such a job.
        return lines + (await self._connection.run(sql.JOB_LINES_PRUNE_JOBS, values))


class SqlSchedules:
    """Keeps `ports.jobs.Schedules`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def put(self, schedule: Schedule) -> None:
        values = {
            "name": schedule.name,
            "kind": schedule.kind,
            "args": schedule.args,
            "mutex": schedule.mutex,
            "cron": schedule.cron,
            "enabled": int(schedule.enabled),
            "next_at": schedule.next_at,
            "last_at": schedule.last_at,
        }
        await self._connection.run(sql.SCHEDULES_PUT, values)

    async def find(self, name: str) -> Schedule | None:
        row = await self._connection.row(sql.SCHEDULES_FIND, {"name": name})
        return _schedule(row) if row else None

    async def remove(self, name: str) -> bool:
        return await self._connection.run(sql.SCHEDULES_REMOVE, {"name": name}) > 0

    async def page(self, after: str, limit: int) -> list[Schedule]:
        values = {"after": after, "limit": limit}
        return [_schedule(row) for row in await self._connection.rows(sql.SCHEDULES_PAGE, values)]

    async def due(self, now: float, limit: int) -> list[Schedule]:
        values = {"now": now, "limit": limit}
        return [_schedule(row) for row in await self._connection.rows(sql.SCHEDULES_DUE, values)]

    async def fire(self, schedule: Schedule, now: float, next_at: float) -> bool:
        values = {
            "schedule_name": schedule.name,
            "seen_next_at": schedule.next_at,
            "new_next_at": next_at,
            "now": now,
        }
        return await self._connection.run(sql.SCHEDULES_FIRE, values) > 0


def _found(row: Row | None) -> Job | None:
    return _job(row) if row else None


def _job(row: Row) -> Job:
    job_id, kind, args, mutex, state, run_at, attempt, owner, lease_until, cancelled, *rest = row
    return Job(
        job_id,
        kind,
        args,
        mutex,
        JobState(state),
        run_at,
        attempt,
        owner,
        lease_until,
        bool(cancelled),
        *rest,
    )


def _schedule(row: Row) -> Schedule:
    name, kind, args, mutex, cron, enabled, next_at, last_at = row
    return Schedule(name, kind, args, mutex, cron, bool(enabled), next_at, last_at)
