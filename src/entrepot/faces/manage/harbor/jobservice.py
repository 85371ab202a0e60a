"""Jobs as Harbor's monitor shows them: pools, workers, queues; and all schedules."""

from typing import Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About
from entrepot.faces.manage.callers import Need
from entrepot.faces.manage.jobs import Desk
from entrepot.oci.errors import Code, Fault
from entrepot.ports.jobs import Job, JobState
from entrepot.rules.permissions import Permission
from entrepot.services.numbers import NumberService

from .answers import NotHere, done, moment
from .api import NUMBER_DIGITS_MAX, Call, Route
from .executions import JOBS_MAX, log_of, stop
from .planned import SCHEDULES, shown_cron

POOL = "entrepot"
"""There is one pool, of all runners."""
ALL = "all"
TAG = "Jobs"
SCHEDULES_MAX = 1000


class ActionRequest(msgspec.Struct):
    """What to do with the jobs that wait."""

    action: str | None = None


class WorkerPool(msgspec.Struct):
    """All that work."""

    worker_pool_id: str
    pid: int
    start_at: str
    heartbeat_at: str
    concurrency: int
    host: str


class Worker(msgspec.Struct):
    """One job that runs."""

    id: str
    pool_id: str
    job_name: str
    job_id: str
    start_at: str
    check_in: str
    checkin_at: str


class JobQueue(msgspec.Struct):
    """Jobs of one kind that wait; `latency` in seconds."""

    job_type: str
    count: int
    latency: int
    paused: bool = False


class SchedulerStatus(msgspec.Struct):
    """Whether schedules are held back."""

    paused: bool


class ScheduleTask(msgspec.Struct):
    """A schedule."""

    id: int
    vendor_type: str
    vendor_id: int
    cron: str
    update_time: str


def jobservice_routes(desk: Desk, numbers: NumberService) -> list[Route]:
    """Return what is served of jobs in general."""
    return [*_job_routes(desk), *_schedule_routes(desk, numbers)]


class _Monitor:
    """What runs and waits."""

    def __init__(self, desk: Desk) -> None:
        self._jobs = desk.jobs
        self._clock = desk.clock

    async def pools(self, _: Call) -> Response:
        running, now = await self._in_state(JobState.RUNNING), moment(self._clock.now())
        return json_response(200, [WorkerPool(POOL, 0, now, now, max(1, len(running)), "")])

    async def workers(self, call: Call) -> Response:
        pool = call.parts["pool_id"]
        if pool not in (POOL, ALL):
            raise Fault(Code.NOT_FOUND, f"the worker pool {pool[:64]!a} not found: list pools")
        found = [_worker(job) for job in await self._in_state(JobState.RUNNING)]
        return json_response(200, found)

    async def queues(self, _: Call) -> Response:
        waiting = await self._in_state(JobState.READY)
        return json_response(200, _queues(waiting, self._clock.now()))

    async def act(self, call: Call) -> Response:
        kind, action = call.parts["job_type"].upper(), (await call.fields(ActionRequest)).action
        if action not in ("stop", "pause", "resume"):
            raise Fault(Code.REQUEST_INVALID, "the action is not supported: use stop")
        if action == "pause":
            raise NotHere("hold queues back")
        if action == "stop":
            for job in await self._in_state(JobState.READY):
                if kind in (ALL.upper(), _vendor(job.kind).upper()):
                    await stop(self._jobs, call, job)
        return done()

    async def end(self, call: Call) -> Response:
        if call.parts["job_id"].lower() == ALL:
            for job in await self._in_state(JobState.RUNNING):
                await stop(self._jobs, call, job)
        else:
            await stop(self._jobs, call, await self._jobs.find(_number(call)))
        return done()

    async def log(self, call: Call) -> Response:
        return await log_of(self._jobs, _number(call))

    async def _in_state(self, state: JobState) -> list[Job]:
        newest = await self._jobs.page(None, None, JOBS_MAX)
        return [job for job in newest if job.state is state]


def _job_routes(desk: Desk) -> list[Route]:
    monitor = _Monitor(desk)

    def about(summary: str, **more: Any) -> About:
        return About(summary, tag=TAG, **more)

    base, reads, manages = "/jobservice", Permission.JOB_READ, Permission.JOB_MANAGE
    pools = about("List worker pools", gives=list[WorkerPool])
    workers = about("List workers", gives=list[Worker], errors=(404,))
    queues = about("List job queues", gives=list[JobQueue])
    acted = about("Act on jobs that wait", takes=ActionRequest, errors=(400, 412))
    ended = about("Stop a running job", errors=(404,))
    log = about("Get the log of a running job", media="text/plain", errors=(404,))
    return [
        Route("GET", f"{base}/pools", monitor.pools, reads, pools),
        Route("GET", f"{base}/pools/{{pool_id}}/workers", monitor.workers, reads, workers),
        Route("GET", f"{base}/queues", monitor.queues, reads, queues),
        Route("PUT", f"{base}/queues/{{job_type}}", monitor.act, manages, acted),
        Route("PUT", f"{base}/jobs/{{job_id}}", monitor.end, manages, ended),
        Route("GET", f"{base}/jobs/{{job_id}}/log", monitor.log, reads, log),
    ]


def _schedule_routes(desk: Desk, numbers: NumberService) -> list[Route]:
    async def list_all(call: Call) -> Response:
        page_size, offset = call.page_size, call.offset
        found = [one for one in await desk.jobs.schedules("", SCHEDULES_MAX) if one.enabled]
        shown = found[offset : offset + page_size]
        ids = await numbers.of(SCHEDULES, [one.name for one in shown])
        items = [
            ScheduleTask(
                id=ids[one.name],
                vendor_type=_vendor(one.kind),
                vendor_id=-1,
                cron=shown_cron(one.cron),
                update_time=moment(one.last_at),
            )
            for one in shown
        ]
        return call.listed(items, len(found))

    async def paused(call: Call) -> Response:
        if call.parts["job_type"].lower() != ALL:
            raise Fault(Code.REQUEST_INVALID, "job_type can only be 'all'")
        return json_response(200, SchedulerStatus(paused=False))

    listed = About("List all schedules", gives=list[ScheduleTask], tag=TAG)
    asked = About("Get whether schedules are paused", gives=SchedulerStatus, tag=TAG)
    return [
        Route("GET", "/schedules", list_all, Permission.JOB_READ, listed),
        Route("GET", "/schedules/{job_type}/paused", paused, Need.LOGIN, asked),
    ]


def _number(call: Call) -> int:
    """Return the path's job; Harbor's have names, so that what is no number names none."""
    text = call.parts["job_id"]
    if not (text.isascii() and text.isdecimal() and len(text) <= NUMBER_DIGITS_MAX):
        raise Fault(Code.NOT_FOUND, f"job {text[:64]!a} not found: list those that run")
    return int(text)


def _worker(job: Job) -> Worker:
    at = moment(job.started_at)
    return Worker(str(job.id), POOL, _vendor(job.kind), str(job.id), at, "", at)


def _queues(waiting: list[Job], now: float) -> list[JobQueue]:
    found: dict[str, list[Job]] = {}
    for job in waiting:
        found.setdefault(job.kind, []).append(job)
    return [
        JobQueue(kind, len(of), int(max(0.0, now - min(job.run_at for job in of))))
        for kind, of in sorted(found.items())
    ]


def _vendor(kind: str) -> str:
    """Return what Harbor calls a kind of job; what it does not know has our name."""
    return VENDORS.get(kind, kind)


VENDORS = {"gc": "GARBAGE_COLLECTION", "audit-prune": "PURGE_AUDIT_LOG", "retention": "RETENTION"}
