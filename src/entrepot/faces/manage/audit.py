"""The audit log over HTTP: searched newest first, read oldest first, exported."""

from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.ports.audit import AuditQuery
from entrepot.ports.clock import Clock
from entrepot.rules.auditformats import RENDER, AuditFormat, fields
from entrepot.rules.moments import parse_moment
from entrepot.rules.permissions import Permission
from entrepot.services.auditing import PAGE_MAX, AuditService

from .about import About, Argument, Cursor, Moment, Page
from .api import Call, Route, page

TEXT_MAX = 255
"""Characters of what is searched for."""
CONTENT_TYPES = {
    AuditFormat.JSONL: "application/jsonl",
    AuditFormat.CLOUDEVENTS: "application/cloudevents+jsonl",
    AuditFormat.SYSLOG: "text/plain; charset=utf-8",
}


class AuditEntry(msgspec.Struct, kw_only=True):
    """Who did what, or was not let."""

    id: int
    at: Moment
    actor: str
    """Empty for an anonymous caller."""
    address: str
    client: str
    operation: str
    project: str
    """Empty for what is about the registry."""
    resource: str
    result: str
    """`done`, `denied` or `failed`."""
    detail: Any


class AuditLines(msgspec.Struct, kw_only=True):
    """Entries oldest first; `next` is where to go on, now or later."""

    items: list[AuditEntry]
    next: int
    more: bool
    """Whether there are more already."""
    source: str


def audit_routes(audit: AuditService, clock: Clock) -> list[Route]:
    """Return what is served of the log."""
    source = audit.source

    async def search(call: Call) -> Response:
        query = _query(call, clock.now())
        before = call.number("before", 0) or None
        found = await audit.page(query, before, call.limit())
        return page([AuditEntry(**fields(line)) for line in found.lines], found.next)

    async def lines(call: Call) -> Response:
        query = _query(call, clock.now())
        after = await audit.last() if call.text("after") == "last" else call.number("after", 0)
        found = await audit.after(after, query, call.limit())
        items = [AuditEntry(**fields(line)) for line in found.lines]
        told = AuditLines(items=items, next=found.upto, more=found.more, source=source)
        return json_response(200, told)

    async def export(call: Call) -> Response:
        wanted = _format(call.text("format") or AuditFormat.JSONL)
        query = _query(call, clock.now())
        limit = call.number("limit", PAGE_MAX, least=1, most=PAGE_MAX)
        found = await audit.after(call.number("after", 0), query, limit)
        render = RENDER[wanted]
        response = Response(200, body=b"".join(render(line, source) for line in found.lines))
        response.set("Content-Type", CONTENT_TYPES[wanted])
        if found.more:
            given = {name: values[0] for name, values in call.request.query.items() if values}
            following = urlencode({**given, "after": str(found.upto)})
            response.set("Link", f'<{call.request.raw_path}?{following}>; rel="next"')
        return response

    # Without a project in the path it takes the right to read all of the registry's log.
    needs = Permission.AUDIT_READ
    return [
        Route("GET", f"{above}/audit{below}", handler, needs, told=_told(told, above))
        for above in ("", "/projects/{project}")
        for below, handler, told in (
            ("", search, _SEARCH),
            ("/lines", lines, _LINES),
            ("/export", export, _EXPORT),
        )
    ]


_QUERY = (
    Argument("actor", "Only what they did."),
    Argument("operation", "Only this operation, or those that begin with `prefix.*`."),
    Argument("refused", "Only what was refused.", bool),
    Argument("since", "Not before this moment, such as `2026-10-01` or `2h ago`."),
    Argument("until", "Not after this moment."),
)
_SEARCH = About(
    "Search the audit log",
    gives=Page[AuditEntry],
    query=_QUERY,
    pages="before",
    cursor=Cursor,
    tag="audit",
    text="Newest first.",
)
_LINES = About(
    "Read the audit log",
    gives=AuditLines,
    query=(
        *_QUERY,
        Argument(
            "limit", "Most entries of the answer.", Annotated[int, msgspec.Meta(ge=1, le=1000)]
        ),
        Argument("after", "Where to go on: `next` of the answer before, or `last` for the end."),
    ),
    tag="audit",
    text="Oldest first.",
)
_EXPORT = About(
    "Export the audit log",
    query=(
        *_QUERY,
        Argument("format", "How a line is written; `jsonl` unless said.", AuditFormat),
        Argument("limit", "Most lines.", Annotated[int, msgspec.Meta(ge=1, le=PAGE_MAX)]),
        Argument("after", "Where to go on; the Link header says it.", Cursor),
    ),
    media=CONTENT_TYPES[AuditFormat.JSONL],
    further_media=(
        CONTENT_TYPES[AuditFormat.CLOUDEVENTS],
        CONTENT_TYPES[AuditFormat.SYSLOG],
    ),
    tag="audit",
)


def _told(about: About, above: str) -> About:
    """Return the description for one project, or for all of the registry."""
    if above:
        name = f"{about.operation}_of_project"
        return replace(about, summary=f"{about.summary} of a project", name=name)
    return replace(about, query=(*about.query, Argument("project", "Only of this project.")))


def _query(call: Call, now: float) -> AuditQuery:
    return AuditQuery(
        actor=_text(call, "actor"),
        project=call.parts.get("project") or _text(call, "project"),
        operation=_text(call, "operation"),
        refused=_text(call, "refused") in ("true", "1"),
        since=_moment(call, "since", now),
        until=_moment(call, "until", now),
    )


def _text(call: Call, name: str) -> str:
    text = call.text(name) or ""
    if len(text) > TEXT_MAX:
        raise Fault(
            Code.REQUEST_INVALID, f"{name} has more than {TEXT_MAX} characters: none is so long"
        )
    return text


def _moment(call: Call, name: str, now: float) -> float | None:
    text = call.text(name)
    return parse_moment(text, now) if text else None


def _format(text: str) -> AuditFormat:
    try:
        return AuditFormat(text)
    except ValueError as error:
        known = ", ".join(AuditFormat)
        raise Fault(
            Code.REQUEST_INVALID, f"format '{text[:20]}' is not known: write one of {known}"
        ) from error
