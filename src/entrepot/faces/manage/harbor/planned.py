"""Jobs that Harbor plans: a schedule, runs by hand, their history."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About
from entrepot.faces.manage.jobs import Desk, Wish
from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.ports.jobs import Job, Schedule
from entrepot.rules.cron import NAMED
from entrepot.rules.permissions import Permission
from entrepot.rules.queries import parse_orders, parse_query, words
from entrepot.services.jobs import ScheduleSpec
from entrepot.services.numbers import NumberService

from .answers import EPOCH, created, done, moment
from .api import Call, Route
from .executions import (
    ASKED,
    JOBS_MAX,
    STATUS,
    changed_at,
    decoded,
    find,
    log_of,
    start,
    stop,
    trigger,
)

SCHEDULES = "schedule"
"""The kind of numbers that schedules have."""
CRONS = {"Hourly": "0 0 * * * *", "Daily": "0 0 0 * * *", "Weekly": "0 0 0 * * 0"}
PLANNED = (*CRONS, "Custom")
NONE, BY_HAND = "None", "Manual"

Parameters = dict[str, Any]


class ScheduleObj(msgspec.Struct, omit_defaults=True):
    """When a job runs: `cron` has six fields, seconds first."""

    type: str | None = None
    cron: str | None = None
    next_scheduled_time: str | None = None


class ScheduleBody(msgspec.Struct):
    """A schedule to keep, or with the type `Manual` a run to start."""

    schedule: ScheduleObj | None = None
    parameters: Parameters | None = None


class ExecHistory(msgspec.Struct, omit_defaults=True):
    """One run of a job, or its schedule."""

    id: int
    job_name: str = ""
    job_kind: str = ""
    job_parameters: str = ""
    schedule: ScheduleObj | None = None
    job_status: str = ""
    creation_time: str = EPOCH
    update_time: str = EPOCH


@dataclass(frozen=True, slots=True)
class Companion:
    """Another job, one that deletes, which goes along where parameters ask for it."""

    kind: str
    schedule: str
    wanted: Callable[[Parameters], bool]


@dataclass(frozen=True, slots=True)
class Planned:
    """One of these jobs: its names on both sides, and how parameters become our arguments.

    `arguments` raises `Fault(REQUEST_INVALID)`; what it returns with a true `dry_run` is a run
    that changes nothing.
    """

    base: str
    name: str
    kind: str
    schedule: str
    tag: str
    arguments: Callable[[Parameters], dict[str, Any]]
    companion: Companion | None = None


class _Planning:
    """Answers about one of these jobs."""

    def __init__(self, planned: Planned, desk: Desk, numbers: NumberService) -> None:
        self._planned = planned
        self._desk = desk
        self._jobs = desk.jobs
        self._numbers = numbers

    async def create(self, call: Call) -> Response:
        return created(f"{self._planned.base}/{await self._kick(call)}")

    async def update(self, call: Call) -> Response:
        await self._kick(call)
        return done()

    async def get_schedule(self, _: Call) -> Response:
        found = await _schedule(self._planned.schedule, self._desk)
        # Harbor sends nothing at all where there is none, and clients look for just that.
        if found is None or not found.enabled:
            return done()
        number = await self._numbers.one(SCHEDULES, found.name)
        return json_response(200, _shown_schedule(found, number))

    async def history(self, call: Call) -> Response:
        page_size, offset = call.page_size, call.offset
        found = _picked(call, await self._jobs.page(self._planned.kind, None, JOBS_MAX))
        items = [_shown(self._planned, job) for job in found[offset : offset + page_size]]
        return call.listed(items, len(found))

    async def get(self, call: Call) -> Response:
        return json_response(200, _shown(self._planned, await self._run(call)))

    async def log(self, call: Call) -> Response:
        return await log_of(self._jobs, (await self._run(call)).id)

    async def end(self, call: Call) -> Response:
        await stop(self._jobs, call, await self._run(call))
        return done()

    async def _run(self, call: Call) -> Job:
        return await find(self._jobs, self._planned.kind, call.id("run"))

    async def _kick(self, call: Call) -> int:
        """Keep a schedule, or start a run and return its number."""
        body = await call.fields(ScheduleBody)
        planned, wanted = self._planned, body.schedule or ScheduleObj()
        if wanted.type == NONE:
            await _switch_off(planned.schedule, self._desk, call)
            await self._accompany(call, {}, "")
            return 0
        _check_type(wanted.type)
        given = body.parameters or {}
        if planned.companion is not None and planned.companion.wanted(given):
            self._desk.check_deletes()
        args = {**planned.arguments(given), ASKED: {"type": wanted.type, "parameters": given}}
        if wanted.type == BY_HAND:
            await self._start_companion(call, given)
            return await start(self._desk, call, _wish(planned, args))
        cron = wanted.cron or CRONS.get(wanted.type or "", "")
        spec = ScheduleSpec(planned.schedule, planned.kind, cron, args, planned.kind)
        await self._jobs.put_schedule(spec, call.caller)
        await self._accompany(call, given, cron)
        return 0

    async def _accompany(self, call: Call, given: Parameters, cron: str) -> None:
        """Let the other job run at the same times, or no more."""
        other = self._planned.companion
        if other is not None and other.wanted(given):
            spec = ScheduleSpec(other.schedule, other.kind, cron, {}, other.kind)
            await self._jobs.put_schedule(spec, call.caller)
        elif other is not None:
            await _switch_off(other.schedule, self._desk, call)

    async def _start_companion(self, call: Call, given: Parameters) -> None:
        other = self._planned.companion
        if other is None or not other.wanted(given):
            return
        try:
            await start(self._desk, call, Wish(other.kind, other.kind, "all"))
        except Fault as fault:
            # One that is under way does as well.
            if fault.code is not Code.CONFLICT:
                raise


def planned_routes(planned: Planned, desk: Desk, numbers: NumberService) -> list[Route]:
    """Return what is served of one of these jobs."""
    here = _Planning(planned, desk, numbers)

    def about(summary: str, **more: Any) -> About:
        return About(f"{summary} {planned.tag}", tag="System", **more)

    base, body, text = planned.base, ScheduleBody, "text/plain"
    reads, manages = Permission.JOB_READ, Permission.JOB_MANAGE
    made = about("Schedule or start", takes=body, status=201, errors=(400, 409))
    changed = about("Change the schedule of", takes=body, errors=(400, 409))
    listed = about("List runs of", gives=list[ExecHistory])
    got = about("Get a run of", gives=ExecHistory, errors=(404,))
    ended = about("Stop a run of", errors=(404,))
    scheduled = about("Get the schedule of", gives=ExecHistory, may_be_empty=True)
    return [
        Route("GET", f"{base}/schedule", here.get_schedule, reads, scheduled),
        Route("POST", f"{base}/schedule", here.create, manages, made),
        Route("PUT", f"{base}/schedule", here.update, manages, changed),
        Route("GET", base, here.history, reads, listed),
        Route("GET", f"{base}/{{run}}", here.get, reads, got),
        Route("GET", f"{base}/{{run}}/log", here.log, reads, about("Get the log of", media=text)),
        Route("PUT", f"{base}/{{run}}", here.end, manages, ended),
    ]


def shown_cron(cron: str) -> str:
    """Return a cron expression with six fields, seconds first."""
    text = NAMED.get(cron.strip().lower(), cron.strip())
    return text if len(text.split()) == 6 else f"0 {text}"


def _check_type(kind: str | None) -> None:
    if kind not in (*PLANNED, BY_HAND):
        known = ", ".join((*PLANNED, BY_HAND, NONE))
        raise Fault(
            Code.REQUEST_INVALID, f"schedule.type is {(kind or '')[:20]!a}: write one of {known}"
        )


def _wish(planned: Planned, args: dict[str, Any]) -> Wish:
    if args.get("dry_run"):
        return Wish(planned.kind, f"{planned.kind}:dry", "dry", args)
    return Wish(planned.kind, planned.kind, "pass", args)


async def _schedule(name: str, desk: Desk) -> Schedule | None:
    try:
        return await desk.jobs.find_schedule(name)
    except Fault as fault:
        if fault.code is not Code.NOT_FOUND:
            raise
        return None


async def _switch_off(name: str, desk: Desk, call: Call) -> None:
    """Let it run no more by itself: a schedule that was removed would be there again one day."""
    found = await _schedule(name, desk)
    if found is not None and found.enabled:
        spec = ScheduleSpec(found.name, found.kind, found.cron, {}, found.mutex, enabled=False)
        await desk.jobs.put_schedule(spec, call.caller)


def _picked(call: Call, found: list[Job]) -> list[Job]:
    """Return what `q` and `sort` of the query ask for; by default the newest come first."""
    wanted = parse_query(call.text("q") or "")
    for key in ("status", "job_status"):
        if key in wanted:
            states = {word.lower() for word in words(wanted[key])}
            found = [job for job in found if STATUS[job.state].lower() in states]
    orders = parse_orders(call.text("sort") or "")
    if not orders:
        return found
    if orders[0].field == "update_time":
        found = sorted(found, key=changed_at, reverse=True)
    return found if orders[0].descending else found[::-1]


def _shown(planned: Planned, job: Job) -> ExecHistory:
    args = decoded(job.args)
    asked = args.get(ASKED, {})
    by = trigger(job)
    return ExecHistory(
        id=job.id,
        job_name=planned.name,
        job_kind=by,
        job_parameters=_text(asked.get("parameters") or args),
        schedule=ScheduleObj(by.title(), next_scheduled_time=EPOCH),
        job_status=STATUS[job.state],
        creation_time=moment(job.started_at or job.created_at),
        update_time=moment(changed_at(job)),
    )


def _shown_schedule(found: Schedule, number: int) -> ExecHistory:
    asked = decoded(found.args).get(ASKED, {})
    cron = shown_cron(found.cron)
    by_cron = next((name for name, one in CRONS.items() if one == cron), "Custom")
    return ExecHistory(
        id=number,
        job_kind=cron,
        job_parameters=_text(asked.get("parameters") or {}),
        schedule=ScheduleObj(asked.get("type") or by_cron, cron, moment(found.next_at)),
        creation_time=moment(found.last_at),
        update_time=moment(found.last_at),
    )


def _text(parameters: Parameters) -> str:
    return encode({key: value for key, value in parameters.items() if key != ASKED}).decode()
