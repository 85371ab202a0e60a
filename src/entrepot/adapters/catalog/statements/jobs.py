"""Statements on jobs."""

from sqlalchemy import case, func, select, update

from entrepot.adapters.catalog.schema import jobs
from entrepot.ports.jobs import JobState

from .tools import Upsert, constant, figure, param

_COLUMNS = tuple(column for column in jobs.columns if column.name != "dedup")
_JOB = select(*_COLUMNS)
_READY = jobs.c.state == constant(JobState.READY)
_RUNNING = jobs.c.state == constant(JobState.RUNNING)
_OWN = (jobs.c.id == param("job_id"), jobs.c.owner == param("job_owner"), _RUNNING)
_other = jobs.alias("other")
_mutex_taken = (
    select(figure(1))
    .where(_other.c.mutex == jobs.c.mutex, _other.c.state == constant(JobState.RUNNING))
    .exists()
)

ENQUEUE = Upsert(
    lambda insert: (
        insert(jobs)
        .values(
            {
                name: param(name)
                for name in ("kind", "args", "mutex", "dedup", "run_at", "actor", "created_at")
            }
            | {
                "state": constant(JobState.READY),
                "owner": constant(""),
                "progress": constant(""),
                "error": constant(""),
                "attempt": figure(0),
                "lease_until": figure(0),
                "cancelled": figure(0),
            }
        )
        .on_conflict_do_nothing()
        .returning(jobs.c.id)
    )
)

# SQLite has one writer at a time, and leaves FOR UPDATE out. On PostgreSQL two may still take two
# jobs of one mutex at once: there the index on mutexes refuses the second, who tries again.
CLAIM = (
    update(jobs)
    .where(
        jobs.c.id
        == select(jobs.c.id)
        .where(_READY, jobs.c.run_at <= param("now"), ~_mutex_taken)
        .order_by(jobs.c.run_at, jobs.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=jobs)
        .scalar_subquery()
    )
    .values(
        state=constant(JobState.RUNNING),
        owner=param("new_owner"),
        lease_until=param("new_lease_until"),
        attempt=jobs.c.attempt + figure(1),
        started_at=func.coalesce(jobs.c.started_at, param("now")),
    )
    .returning(*_COLUMNS)
)

BEAT = update(jobs).where(*_OWN).values(lease_until=param("new_lease_until")).returning(*_COLUMNS)

SAVE = (
    update(jobs)
    .where(*_OWN)
    .values(
        lease_until=param("new_lease_until"),
        attempt=case((jobs.c.progress == param("new_progress"), jobs.c.attempt), else_=figure(1)),
        progress=param("new_progress"),
    )
    .returning(*_COLUMNS)
)

END = (
    update(jobs)
    .where(*_OWN)
    .values(
        state=param("new_state"),
        error=param("new_error"),
        ended_at=param("now"),
        lease_until=figure(0),
    )
)

RELEASE = (
    update(jobs)
    .where(*_OWN)
    .values(
        state=constant(JobState.READY),
        error=param("new_error"),
        run_at=param("now"),
        owner=constant(""),
        lease_until=figure(0),
        attempt=jobs.c.attempt - param("undone"),
    )
)

REAP = (
    update(jobs)
    .where(
        jobs.c.id.in_(
            select(jobs.c.id)
            .where(_RUNNING, jobs.c.lease_until < param("now"))
            .order_by(jobs.c.lease_until)
            .limit(param("limit"))
            .with_for_update(skip_locked=True, of=jobs)
        )
    )
    .values(state=constant(JobState.READY), owner=constant(""), lease_until=figure(0))
    .returning(*_COLUMNS)
)

CANCEL_READY = (
    update(jobs)
    .where(jobs.c.id == param("job_id"), _READY)
    .values(state=constant(JobState.CANCELLED), cancelled=figure(1), ended_at=param("now"))
)

CANCEL_RUNNING = (
    update(jobs).where(jobs.c.id == param("job_id"), _RUNNING).values(cancelled=figure(1))
)

FIND = _JOB.where(jobs.c.id == param("job_id"))

PAGE = _JOB.where(jobs.c.id < param("before")).order_by(jobs.c.id.desc()).limit(param("limit"))

PAGE_KIND = (
    _JOB.where(jobs.c.kind == param("kind"), jobs.c.id < param("before"))
    .order_by(jobs.c.id.desc())
    .limit(param("limit"))
)

BACKLOG = select(func.count(), func.min(jobs.c.run_at)).where(_READY, jobs.c.run_at <= param("now"))
