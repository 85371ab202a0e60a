"""Jobs and schedules over HTTP, below `/api/entrepot/v1`."""

from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.ports.clock import Clock
from entrepot.ports.jobs import Job, JobLine, JobState, NewJob, Schedule
from entrepot.rules.permissions import Permission
from entrepot.services.context import OPERATOR
from entrepot.services.jobs import JobService, ScheduleSpec

from .about import About, Argument, Cursor, Moment, Nothing, Page
from .api import ROOT, Call, Route, maybe, moment, page
from .arguments import NUMBER_DIGITS_MAX
from .callers import Need

_Text = Annotated[str, msgspec.Meta(max_length=256)]


class ScheduleBody(msgspec.Struct, forbid_unknown_fields=True):
    """When a job of some kind is to be done, as cron says it (UTC)."""

    kind: _Text
    cron: _Text
    args: dict[str, Any] = {}
    mutex: _Text | None = None
    enabled: bool = True


class JobView(msgspec.Struct, kw_only=True):
    """A job: something that takes longer than a request."""

    id: int
    kind: str
    state: JobState
    args: dict[str, Any]
    progress: dict[str, Any]
    error: str
    actor: str
    attempt: int
    cancelled: bool
    """Whether its end was asked for."""
    created_at: Moment
    run_at: Moment
    started_at: Moment | None
    ended_at: Moment | None


class LogLine(msgspec.Struct):
    """A line of a job's log."""

    id: int
    at: Moment
    text: str


class ScheduleView(msgspec.Struct, kw_only=True):
    """When a job of some kind is done, and was."""

    name: str
    kind: str
    cron: str
    args: dict[str, Any]
    mutex: str | None
    enabled: bool
    next_at: Moment
    last_at: Moment | None


@dataclass(frozen=True, slots=True)
class Wish:
    """A job that somebody asks for; `mutex` and `dedup` as in `ports.jobs.NewJob`."""

    kind: str
    mutex: str
    dedup: str
    args: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where jobs are asked for."""

    jobs: JobService
    clock: Clock
    deletes: bool = True
    """Whether anybody at all may delete."""

    def check_deletes(self) -> None:
        """Raise `Fault(UNSUPPORTED)` where nobody may delete."""
        if not self.deletes:
            raise Fault(
                Code.UNSUPPORTED,
                "deleting is switched off (storage.delete, storage.read_only): switch it on first",
            )

    async def start(self, call: Call, wish: Wish) -> Response:
        """Enqueue a job and return 202 with it.

        Raises `Fault(CONFLICT)` where one that does just this waits or runs.
        """
        text = encode(wish.args).decode()
        new = NewJob(wish.kind, text, wish.mutex, wish.dedup, self.clock.now(), call.caller.actor)
        return await self.follow(wish.kind, await self.jobs.ask(new, call.caller))

    async def follow(self, kind: str, job_id: int | None) -> Response:
        """Return 202 with a job that was enqueued; for None, `Fault(CONFLICT)`."""
        if job_id is None:
            raise Fault(
                Code.CONFLICT,
                f"a job of kind {kind} that does just this waits or runs already: follow that one "
                "(list jobs of this kind), or cancel it",
                {"kind": kind},
            )
        # Whoever enqueued it may have done so without waking a runner.
        self.jobs.enqueued.set()
        return accepted(await self.jobs.find(job_id))


def job_routes(jobs: JobService) -> list[Route]:
    """Return what is served of jobs and schedules."""
    return [*_job_routes(jobs), *_schedule_routes(jobs)]


def accepted(job: Job) -> Response:
    """Return 202 with a job, and where it can be followed."""
    response = json_response(202, shown_job(job))
    response.set("Location", f"{ROOT}/jobs/{job.id}")
    return response


def number_of(call: Call, name: str) -> int:
    """Return a part of the path that is a number; what is none names nothing that there is."""
    text = call.parts[name]
    if not (text.isascii() and text.isdecimal() and len(text) <= NUMBER_DIGITS_MAX):
        raise Fault(Code.NOT_FOUND, f"'{text[:20]}' is no {name}'s number: list them")
    return int(text)


def shown_job(job: Job) -> JobView:
    """Return a job as it is answered."""
    return JobView(
        id=job.id,
        kind=job.kind,
        state=job.state,
        args=_object(job.args),
        progress=_object(job.progress),
        error=job.error,
        actor=job.actor,
        attempt=job.attempt,
        cancelled=job.cancelled,
        created_at=moment(job.created_at),
        run_at=moment(job.run_at),
        started_at=maybe(job.started_at),
        ended_at=maybe(job.ended_at),
    )


def _job_routes(jobs: JobService) -> list[Route]:
    async def list_all(call: Call) -> Response:
        limit = call.limit()
        before = call.number("before", 0, least=0) or None
        found = await jobs.page(call.text("kind") or None, before, limit)
        items = [shown_job(job) for job in found]
        return page(items, found[-1].id if len(found) == limit else None)

    async def readable(call: Call) -> Job:
        """Return the path's job, which whoever asked for it may see too."""
        job = await jobs.find(number_of(call, "job"))
        is_own = bool(job.actor) and job.actor == call.identity.name
        # A user who is called as the operator is did not ask for what the operator did.
        if not is_own or job.actor == OPERATOR:
            await call.require(Permission.JOB_READ)
        return job

    async def get(call: Call) -> Response:
        return json_response(200, shown_job(await readable(call)))

    async def log(call: Call) -> Response:
        limit, job = call.limit(), await readable(call)
        lines = await jobs.lines(job.id, call.number("after", 0), limit)
        # Always a place to go on from: a job that runs tells more later.
        following = lines[-1].id if len(lines) == limit else None
        return page([_shown_line(line) for line in lines], following)

    async def cancel(call: Call) -> Response:
        await call.body(Nothing)
        return accepted(await jobs.cancel(number_of(call, "job"), call.caller))

    return [
        Route("GET", "/jobs", list_all, Permission.JOB_READ, told=_LIST),
        Route("GET", "/jobs/{job}", get, Need.LOGIN, told=_GET),
        Route("GET", "/jobs/{job}/log", log, Need.LOGIN, told=_LOG),
        Route("POST", "/jobs/{job}/cancel", cancel, Permission.JOB_MANAGE, told=_CANCEL),
    ]


def _schedule_routes(jobs: JobService) -> list[Route]:
    async def list_all(call: Call) -> Response:
        limit = call.limit()
        found = await jobs.schedules(call.text("after") or "", limit)
        items = [_shown_schedule(schedule) for schedule in found]
        return page(items, found[-1].name if len(found) == limit else None)

    async def get(call: Call) -> Response:
        return json_response(200, _shown_schedule(await jobs.find_schedule(call.parts["name"])))

    async def put(call: Call) -> Response:
        body = await call.body(ScheduleBody)
        spec = ScheduleSpec(
            call.parts["name"], body.kind, body.cron, body.args, body.mutex, body.enabled
        )
        return json_response(200, _shown_schedule(await jobs.put_schedule(spec, call.caller)))

    async def remove(call: Call) -> Response:
        await jobs.remove_schedule(call.parts["name"], call.caller)
        return Response(204)

    return [
        Route("GET", "/schedules", list_all, Permission.JOB_READ, told=_SCHEDULES),
        Route("GET", "/schedules/{name}", get, Permission.JOB_READ, told=_GET_SCHEDULE),
        Route("PUT", "/schedules/{name}", put, Permission.JOB_MANAGE, told=_PUT_SCHEDULE),
        Route("DELETE", "/schedules/{name}", remove, Permission.JOB_MANAGE, told=_NO_SCHEDULE),
    ]


_LIST = About(
    "List jobs",
    gives=Page[JobView],
    query=(Argument("kind", "Only of this kind."),),
    pages="before",
    cursor=Cursor,
    tag="jobs",
    text="Newest first.",
)
_GET = About("Get a job", gives=JobView, errors=(404,), tag="jobs")
_LOG = About(
    "Read a job's log",
    gives=Page[LogLine],
    pages="after",
    cursor=Cursor,
    errors=(404,),
    tag="jobs",
    name="read_job_log",
)
_CANCEL = About(
    "Cancel a job", takes=Nothing, gives=JobView, status=202, errors=(404, 409), tag="jobs"
)
_SCHEDULES = About("List schedules", gives=Page[ScheduleView], pages="after", tag="schedules")
_GET_SCHEDULE = About("Get a schedule", gives=ScheduleView, errors=(404,), tag="schedules")
_PUT_SCHEDULE = About("Put a schedule", takes=ScheduleBody, gives=ScheduleView, tag="schedules")
_NO_SCHEDULE = About("Remove a schedule", status=204, errors=(404,), tag="schedules")


def _shown_line(line: JobLine) -> LogLine:
    return LogLine(line.id, moment(line.at), line.text)


def _shown_schedule(schedule: Schedule) -> ScheduleView:
    return ScheduleView(
        name=schedule.name,
        kind=schedule.kind,
        cron=schedule.cron,
        args=_object(schedule.args),
        mutex=schedule.mutex,
        enabled=schedule.enabled,
        next_at=moment(schedule.next_at),
        last_at=maybe(schedule.last_at),
    )


def _object(text: str) -> dict[str, Any]:
    return msgspec.json.decode(text, type=dict[str, Any]) if text else {}
