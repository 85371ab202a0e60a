"""Runs of retention policies: executions, what each repository came to, logs."""

from typing import Any

import msgspec

from entrepot.faces.asgi import Response
from entrepot.faces.manage.about import About
from entrepot.faces.manage.callers import Need
from entrepot.faces.manage.jobs import Desk, Wish
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.jobs import Job
from entrepot.rules.permissions import Permission
from entrepot.services.retention import KIND, TOLD_MAX

from .answers import EPOCH, created, done, moment
from .api import Call, Route
from .executions import JOBS_MAX, STATUS, decoded, find, log_of, start, stop, trigger
from .retention import TAG, RetentionPolicies

TASK_STEP = TOLD_MAX + 1
"""A task's number is its execution's times this, and its place."""
_CODE = {"Pending": 0, "Running": 2, "Success": 3, "Error": 3, "Stopped": 3}


class RetentionRun(msgspec.Struct):
    """The body that starts an execution."""

    dry_run: bool | None = None


class RetentionAction(msgspec.Struct):
    """The body that stops an execution."""

    action: str | None = None


class RetentionExecution(msgspec.Struct, omit_defaults=True):
    """One run of a policy."""

    id: int
    policy_id: int
    start_time: str
    end_time: str
    status: str
    trigger: str
    dry_run: bool = False


class RetentionExecutionTask(msgspec.Struct):
    """What a run came to in one repository."""

    id: int
    execution_id: int
    repository: str
    job_id: str
    status: str
    status_code: int
    status_revision: int
    start_time: str
    end_time: str
    total: int
    retained: int


class RetentionRuns:
    """Runs, found by the number of their policy."""

    def __init__(self, kept: RetentionPolicies, desk: Desk) -> None:
        self._kept = kept
        self._desk = desk
        self._jobs = desk.jobs

    async def run(self, call: Call) -> Response:
        """Start a run."""
        body = await call.fields(RetentionRun)
        project = await self._kept.project_of(call, Permission.POLICY_MANAGE)
        number, args = await self._kept.number(project), {"project": project}
        if body.dry_run:
            wish = Wish(KIND, f"{KIND}:{project}:dry", f"{project}:dry", {**args, "dry_run": True})
        else:
            self._desk.check_deletes()
            wish = Wish(KIND, f"{KIND}:{project}", project, args)
        job_id = await start(self._desk, call, wish)
        return created(f"/retentions/{number}/executions/{job_id}")

    async def list_all(self, call: Call) -> Response:
        """List runs, the newest first."""
        page_size, offset = call.page_size, call.offset
        project = await self._kept.project_of(call, Permission.POLICY_READ)
        newest = await self._jobs.page(KIND, None, JOBS_MAX)
        found = [job for job in newest if decoded(job.args).get("project") == project]
        number = await self._kept.number(project)
        items = [_shown(job, number) for job in found[offset : offset + page_size]]
        return call.listed(items, len(found))

    async def operate(self, call: Call) -> Response:
        """Stop a run."""
        body = await call.fields(RetentionAction)
        if body.action != "stop":
            raise Fault(Code.REQUEST_INVALID, "action should be 'stop'")
        await stop(self._jobs, call, await self._execution(call, Permission.POLICY_MANAGE))
        return done()

    async def tasks(self, call: Call) -> Response:
        """List what a run came to."""
        page_size, offset = call.page_size, call.offset
        found = _tasks(await self._execution(call, Permission.POLICY_READ))
        return call.listed(found[offset : offset + page_size], len(found))

    async def log(self, call: Call) -> Response:
        """Tell what a run did in one repository."""
        job = await self._execution(call, Permission.POLICY_READ)
        task_id = call.id("tid")
        task = next((one for one in _tasks(job) if one.id == task_id), None)
        if task is None:
            raise Fault(Code.NOT_FOUND, f"execution {job.id} has no task {task_id}: list them")
        project = str(decoded(job.args)["project"])
        name = RepositoryName(f"{project}/{task.repository}")
        return await log_of(self._jobs, job.id, f"{name.wire}: ")

    async def _execution(self, call: Call, permission: Permission) -> Job:
        project = await self._kept.project_of(call, permission)
        job = await find(self._jobs, KIND, call.id("eid"))
        if decoded(job.args).get("project") != project:
            raise Fault(Code.NOT_FOUND, f"execution {job.id} not found: list those of this policy")
        return job


def retention_run_routes(kept: RetentionPolicies, desk: Desk) -> list[Route]:
    """Return what is served of runs."""
    runs = RetentionRuns(kept, desk)

    def about(summary: str, **more: Any) -> About:
        return About(summary, tag=TAG, **more)

    base, needs = "/retentions/{id}/executions", Need.LOGIN
    started = about("Run a retention policy", takes=RetentionRun, status=201, errors=(404, 409))
    listed = about("List runs of a retention policy", gives=list[RetentionExecution])
    stopped = about("Stop a run of a retention policy", takes=RetentionAction, errors=(400, 404))
    tasks = about("List tasks of a retention run", gives=list[RetentionExecutionTask])
    log = about("Get the log of a retention task", media="text/plain", errors=(404,))
    return [
        Route("POST", base, runs.run, needs, started),
        Route("GET", base, runs.list_all, needs, listed),
        Route("PATCH", f"{base}/{{eid}}", runs.operate, needs, stopped),
        Route("GET", f"{base}/{{eid}}/tasks", runs.tasks, needs, tasks),
        Route("GET", f"{base}/{{eid}}/tasks/{{tid}}", runs.log, needs, log),
    ]


def _shown(job: Job, number: int) -> RetentionExecution:
    return RetentionExecution(
        id=job.id,
        policy_id=number,
        start_time=moment(job.started_at or job.created_at),
        end_time=moment(job.ended_at) if job.ended_at else EPOCH,
        status=STATUS[job.state],
        trigger=trigger(job),
        dry_run=bool(decoded(job.args).get("dry_run")),
    )


def _tasks(job: Job) -> list[RetentionExecutionTask]:
    """Return what a run has come to so far, of each repository that its policy is about."""
    told = decoded(job.progress).get("repositories", [])
    status = STATUS[job.state]
    return [
        RetentionExecutionTask(
            id=job.id * TASK_STEP + at,
            execution_id=job.id,
            repository=str(path),
            job_id=str(job.id),
            status=status,
            status_code=_CODE[status],
            status_revision=int(job.started_at or job.created_at),
            start_time=moment(job.started_at or job.created_at),
            end_time=moment(job.ended_at) if job.ended_at else EPOCH,
            total=int(total),
            retained=int(retained),
        )
        for at, (path, total, retained) in enumerate(told, 1)
    ]
