"""The audit log over HTTP: searched newest first, read oldest first, exported."""

from urllib.parse import urlencode

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.ports.audit import AuditQuery
from entrepot.ports.clock import Clock
from entrepot.rules.auditformats import RENDER, AuditFormat, fields
from entrepot.rules.moments import parse_moment
from entrepot.rules.permissions import Permission
from entrepot.services.auditing import PAGE_MAX, AuditService

from .api import Call, Route, page

TEXT_MAX = 255
"""Characters of what is searched for."""
CONTENT_TYPES = {
    AuditFormat.JSONL: "application/jsonl",
    AuditFormat.CLOUDEVENTS: "application/cloudevents+jsonl",
    AuditFormat.SYSLOG: "text/plain; charset=utf-8",
}


def audit_routes(audit: AuditService, clock: Clock) -> list[Route]:
    """Return what is served of the log."""
    source = audit.source

    async def search(call: Call) -> Response:
        query = _query(call, clock.now())
        before = call.number("before", 0) or None
        found = await audit.page(query, before, call.limit())
        return page([fields(line) for line in found.lines], found.next)

    async def lines(call: Call) -> Response:
        query = _query(call, clock.now())
        after = await audit.last() if call.text("after") == "last" else call.number("after", 0)
        found = await audit.after(after, query, call.limit())
        items = [fields(line) for line in found.lines]
        body = {"items": items, "next": found.upto, "more": found.more, "source": source}
        return json_response(200, body)

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
        Route("GET", f"{above}/audit{below}", handler, needs)
        for above in ("", "/projects/{project}")
        for below, handler in (("", search), ("/lines", lines), ("/export", export))
    ]


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
