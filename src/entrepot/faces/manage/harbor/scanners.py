"""Vulnerability scanners: this version has none, and says so."""

from typing import Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About
from entrepot.faces.manage.callers import Need
from entrepot.oci.errors import Code, Fault
from entrepot.rules.permissions import Permission

from .answers import NotHere, created, done
from .api import Call, Route
from .parts import Parts
from .planned import ScheduleObj
from .projectlists import seen
from .tables import empty

TAG = "Scanners"
SUMMARY = {
    "artifact_count": 0,
    "critical_cnt": 0,
    "fixable_cnt": 0,
    "high_cnt": 0,
    "low_cnt": 0,
    "medium_cnt": 0,
    "none_cnt": 0,
    "scanned_cnt": 0,
    "total_vuls": 0,
    "unknown_cnt": 0,
}
# What started them is left out: nothing did.
METRICS = {"completed": 0, "metrics": {}, "ongoing": False, "total": 0}


NEVER = (None, "", "None")
"""What Harbor calls a schedule by which nothing is done."""


class ScanSchedule(msgspec.Struct):
    """When all is to be scanned."""

    schedule: ScheduleObj | None = None


def scanner_routes(parts: Parts) -> list[Route]:
    """Return what is served of scanners, of which there are none."""

    async def none(call: Call) -> Response:
        return empty(call)

    async def missing(call: Call) -> Response:
        name = call.parts["registration_id"][:64]
        raise Fault(Code.NOT_FOUND, f"scanner {name!a} not found: this version has none")

    async def refuse(_: Call) -> Response:
        raise NotHere("scan for vulnerabilities")

    async def of_project(call: Call) -> Response:
        await seen(parts, call)
        # Harbor answers so where no scanner is set, of which clients make "none".
        return json_response(200, {})

    async def candidates(call: Call) -> Response:
        await parts.content.projects.find(call.parts["project"])
        return empty(call)

    async def refuse_in_project(call: Call) -> Response:
        await parts.content.projects.find(call.parts["project"])
        raise NotHere("scan for vulnerabilities")

    manages = Permission.SITE_MANAGE
    one, project = "/scanners/{registration_id}", "/projects/{project_id}/scanner"
    return [
        Route("GET", "/scanners", none, Need.LOGIN, _about("List scanners", gives=list[Any])),
        Route("POST", "/scanners", refuse, manages, _about("Create a scanner", errors=(412,))),
        Route("POST", "/scanners/ping", refuse, manages, _about("Ping a scanner", errors=(412,))),
        Route("GET", one, missing, Need.LOGIN, _about("Get a scanner", errors=(404,))),
        Route("PUT", one, missing, manages, _about("Update a scanner", errors=(404,))),
        Route("PATCH", one, missing, manages, _about("Set the default scanner", errors=(404,))),
        Route("DELETE", one, missing, manages, _about("Delete a scanner", errors=(404,))),
        Route("GET", f"{one}/metadata", missing, Need.LOGIN, _about("Get a scanner's metadata")),
        Route("GET", project, of_project, Need.ANYONE, _about("Get a project's scanner")),
        Route("PUT", project, refuse_in_project, Permission.PROJECT_UPDATE, _SET),
        Route("GET", f"{project}/candidates", candidates, Permission.PROJECT_UPDATE, _CANDIDATES),
    ]


def finding_routes() -> list[Route]:
    """Return what is served of scanning all, and of what it finds."""

    async def none(call: Call) -> Response:
        return empty(call)

    async def refuse(_: Call) -> Response:
        raise NotHere("scan for vulnerabilities")

    async def plan(call: Call) -> Response:
        given = await call.fields(ScanSchedule)
        if given.schedule is not None and given.schedule.type not in NEVER:
            raise NotHere("scan for vulnerabilities")
        if call.request.method == "POST":
            return created("/system/scanAll/schedule")
        return done()

    async def summary(_: Call) -> Response:
        return json_response(200, SUMMARY)

    async def metrics(_: Call) -> Response:
        return json_response(200, METRICS)

    async def schedule(_: Call) -> Response:
        return json_response(200, {})

    manages, reads = Permission.SITE_MANAGE, Permission.JOB_READ
    return [
        Route(
            "GET",
            "/security/summary",
            summary,
            reads,
            _about("Get what scanners found", gives=_OBJECT),
        ),
        Route(
            "GET",
            "/scans/all/metrics",
            metrics,
            reads,
            _about("Get metrics of scanning all", gives=_OBJECT),
        ),
        Route("GET", "/security/vul", none, reads, _about("List vulnerabilities", gives=list[Any])),
        Route("GET", "/scans/schedule/metrics", metrics, reads, _SCHEDULED),
        Route("GET", "/system/scanAll/schedule", schedule, reads, _SCHEDULE),
        Route("POST", "/system/scanAll/schedule", plan, manages, _about("Schedule scanning all")),
        Route("PUT", "/system/scanAll/schedule", plan, manages, _RESCHEDULE),
        Route("POST", "/system/scanAll/stop", refuse, manages, _about("Stop scanning all")),
    ]


def _about(summary: str, **more: Any) -> About:
    return About(summary, tag=TAG, **more)


_OBJECT = dict[str, Any]
_SET = _about("Set a project's scanner", errors=(412,))
_CANDIDATES = _about("List scanners that a project could have", gives=list[Any])
_SCHEDULED = _about("Get metrics of scheduled scanning", gives=_OBJECT)
_SCHEDULE = _about("Get when all is scanned", gives=_OBJECT)
_RESCHEDULE = _about("Reschedule scanning all", errors=(412,))
