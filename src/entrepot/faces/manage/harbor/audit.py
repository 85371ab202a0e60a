"""The audit log in Harbor's words: of the registry, or of a project."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About, Argument
from entrepot.faces.manage.callers import Need
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import DEFAULT_PROJECT
from entrepot.ports.audit import AuditQuery
from entrepot.ports.listing import By, ProjectsWhere
from entrepot.rules.audit import DONE, AuditLine
from entrepot.rules.permissions import Permission
from entrepot.rules.queries import Exact, Filter, Fuzzy, OneOf, parse_orders, words
from entrepot.services.listing.audit import QUERIES_MAX
from entrepot.services.listing.service import ListingService
from entrepot.services.listing.spans import LIMIT_MAX, Span
from entrepot.services.numbers import PROJECT, NumberService
from entrepot.services.projects import ProjectService

from .answers import moment
from .api import Call, Route
from .auditwords import EVENT_TYPES, ours, words_of
from .listings import span_of_time
from .tables import empty, query_of

TAG = "Audit log"
LOOKED_MAX = 5000
"""Newest lines that are looked through for what no index knows; older ones are found by time."""
PROJECTS_MAX = 5000
"""Projects that are looked through for those whose log somebody may read."""
ANONYMOUS = "anonymous"
_TIMES = ("op_time", "id", "creation_time")


class AuditLog(msgspec.Struct):
    """A line of the log."""

    id: int
    op_time: str
    operation: str
    resource: str
    resource_type: str
    username: str


class AuditLogExt(msgspec.Struct):
    """A line of the log, with how it ended."""

    id: int
    op_time: str
    operation: str
    operation_description: str
    operation_result: bool
    resource: str
    resource_type: str
    username: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked for: by our indexes, and in Harbor's words line by line."""

    query: AuditQuery
    rest: Mapping[str, Filter]

    def fits(self, line: AuditLine) -> bool:
        """Whether a line is one of those that the words ask for."""
        return all(_fits(_value(line, name), wanted) for name, wanted in self.rest.items())


class AuditLogs:
    """Answers about the log."""

    def __init__(
        self, listing: ListingService, numbers: NumberService, projects: ProjectService
    ) -> None:
        self._listing = listing
        self._projects = projects
        self._numbers = numbers

    async def old(self, call: Call) -> Response:
        """List lines as Harbor did before it had the others."""
        return await self._all(call, extended=False)

    async def extended(self, call: Call) -> Response:
        """List lines."""
        return await self._all(call, extended=True)

    async def old_of_project(self, call: Call) -> Response:
        """List lines of a project as Harbor did before it had the others."""
        return await self._of_project(call, extended=False)

    async def of_project(self, call: Call) -> Response:
        """List lines of a project."""
        return await self._of_project(call, extended=True)

    async def events(self, _: Call) -> Response:
        """List types of events."""
        return json_response(200, [{"event_type": one} for one in EVENT_TYPES])

    async def _of_project(self, call: Call, *, extended: bool) -> Response:
        asked = await self._asked(call)
        project = await self._projects.find(call.parts["project"])
        query = replace(asked.query, project=project.name)
        return await self._answer(call, [_Asked(query, asked.rest)], extended=extended)

    async def _all(self, call: Call, *, extended: bool) -> Response:
        asked = await self._asked(call)
        if await call.may(Permission.AUDIT_READ):
            return await self._answer(call, [asked], extended=extended)
        projects = await self._readable(call, asked.query.project)
        each = [_Asked(replace(asked.query, project=name), asked.rest) for name in projects]
        return await self._answer(call, each, extended=extended)

    async def _answer(self, call: Call, asked: list[_Asked], *, extended: bool) -> Response:
        span = _span(call)
        by_name = [named for one in asked for named in _by_operations(one)]
        if len(by_name) <= QUERIES_MAX:
            asked = by_name
        if not asked:
            return empty(call)
        if len(asked) <= QUERIES_MAX and not any(one.rest for one in asked):
            found = await self._listing.audit_of_any([one.query for one in asked], span)
            lines, total = [*found.rows], found.total
        else:
            lines, total = await self._gathered(asked, span)
        shown = [_extended(line) if extended else _old(line) for line in lines]
        return call.listed(shown, total)

    async def _gathered(self, asked: list[_Asked], span: Span) -> tuple[list[AuditLine], int]:
        """Return a page out of several logs, or of lines that words ask for."""
        found: list[AuditLine] = []
        total = 0
        for one in asked:
            reach = LOOKED_MAX if one.rest else span.offset + span.limit
            lines, count = await self._newest(one, min(reach, LOOKED_MAX), span)
            found, total = found + lines, total + count
        if span.offset + span.limit > LOOKED_MAX:
            raise Fault(
                Code.REQUEST_INVALID,
                f"only {LOOKED_MAX} lines are looked through like this: ask for a stretch of time "
                "(op_time), or for one project",
            )
        found.sort(key=lambda line: line.id, reverse=span.descending)
        return found[span.offset : span.offset + span.limit], total

    async def _newest(self, asked: _Asked, reach: int, span: Span) -> tuple[list[AuditLine], int]:
        """Return lines from the beginning of the list, and how many there are in all."""
        found: list[AuditLine] = []
        total = 0
        for offset in range(0, reach, LIMIT_MAX):
            limit = min(LIMIT_MAX, reach - offset)
            page = await self._listing.audit(
                asked.query, Span(offset, limit, span.by, span.descending)
            )
            found += [line for line in page.rows if asked.fits(line)]
            total = page.total
            if offset + limit >= total:
                break
        return found, len(found) if asked.rest else total

    async def _asked(self, call: Call) -> _Asked:
        wanted = query_of(call)
        since, until = span_of_time(wanted.pop("op_time", None))
        user, project = wanted.pop("username", None), wanted.pop("project_id", None)
        actor = ""
        if isinstance(user, Exact):
            actor = user.value
        elif user is not None:
            wanted["username"] = user
        name = ""
        if isinstance(project, Exact) and project.value.isdecimal():
            # A project that there is not has no lines, and no name is empty.
            number = int(project.value[:18])
            name = await self._numbers.name(PROJECT, number) or "-"
        # Harbor's ranges include both ends.
        end = None if until is None else until + 1
        known = ("operation", "resource", "resource_type", "username")
        rest = {key: value for key, value in wanted.items() if key in known}
        return _Asked(AuditQuery(actor=actor, project=name, since=since, until=end), rest)

    async def _readable(self, call: Call, only: str) -> list[str]:
        """Return the projects whose log the caller may read."""
        names = await call.places(Permission.AUDIT_READ)
        if names is None:
            names = await self._listing.project_names(ProjectsWhere())
        wanted = sorted(name for name in names if only in ("", name))
        there = await self._listing.named_projects(wanted[:PROJECTS_MAX])
        return [*there]


def audit_routes(here: AuditLogs) -> list[Route]:
    """Return what is served of the log."""

    def about(summary: str, **more: Any) -> About:
        return About(summary, tag=TAG, **more)

    query = (
        Argument("q", "What is looked for: `username=a,op_time=[2026-10-01~2026-10-31]`."),
        Argument("sort", "In which order: `-op_time`."),
        Argument("page", "Which page, from 1.", int),
        Argument("page_size", "Entries of a page, 10 unless said, 100 at most.", int),
    )
    reads, project = Permission.AUDIT_READ, "/projects/{project}"
    old = about("List audit logs", gives=list[AuditLog], query=query)
    both = about("List audit log exts", gives=list[AuditLogExt], query=query)
    of = about("List logs of a project", gives=list[AuditLog], query=query)
    exts = about("List audit log exts of a project", gives=list[AuditLogExt], query=query)
    return [
        Route("GET", "/audit-logs", here.old, Need.LOGIN, old),
        Route("GET", "/auditlog-exts", here.extended, Need.LOGIN, both),
        Route(
            "GET",
            "/auditlog-exts/events",
            here.events,
            Need.LOGIN,
            about("List event types", gives=list[Any]),
        ),
        Route("GET", f"{project}/logs", here.old_of_project, reads, of),
        Route("GET", f"{project}/auditlog-exts", here.of_project, reads, exts),
    ]


def _by_operations(asked: _Asked) -> list[_Asked]:
    """Return what is asked for operation by operation, which have an index, where that will do."""
    said = {name: asked.rest.get(name) for name in ("operation", "resource_type")}
    wanted = [one for one in said.values() if one is not None]
    is_more = len(wanted) < len(asked.rest)
    if not wanted or is_more or not all(isinstance(one, Exact | OneOf) for one in wanted):
        return [asked]
    operations, kinds = (words(one) if one is not None else () for one in said.values())
    return [_Asked(replace(asked.query, operation=name), {}) for name in ours(operations, kinds)]


def _span(call: Call) -> Span:
    descending = True
    for order in parse_orders(call.text("sort") or ""):
        if order.field in _TIMES:
            descending = order.descending
            break
    return Span(call.offset, call.page_size, By.ID, descending)


def _value(line: AuditLine, name: str) -> str:
    if name == "username":
        return line.actor or ANONYMOUS
    if name == "resource":
        return _resource(line)
    said = words_of(line.operation)
    return said.operation if name == "operation" else said.resource_type


def _fits(value: str, wanted: Filter) -> bool:
    if isinstance(wanted, Fuzzy):
        return wanted.value.lower() in value.lower()
    return value in words(wanted)


def _resource(line: AuditLine) -> str:
    """Return what a line is about; images of `library` by their full names."""
    is_short = line.project == DEFAULT_PROJECT and "/" not in line.resource
    is_content = words_of(line.operation).resource_type in ("artifact", "tag", "repository")
    return f"{DEFAULT_PROJECT}/{line.resource}" if is_short and is_content else line.resource


def _old(line: AuditLine) -> AuditLog:
    said = words_of(line.operation)
    return AuditLog(
        id=line.id,
        op_time=moment(line.at),
        operation=said.operation,
        resource=_resource(line),
        resource_type=said.resource_type,
        username=line.actor or ANONYMOUS,
    )


def _extended(line: AuditLine) -> AuditLogExt:
    said, resource = words_of(line.operation), _resource(line)
    return AuditLogExt(
        id=line.id,
        op_time=moment(line.at),
        operation=said.operation,
        operation_description=f"{said.operation} {said.resource_type}: {resource}",
        operation_result=line.result == DONE,
        resource=resource,
        resource_type=said.resource_type,
        username=line.actor or ANONYMOUS,
    )
