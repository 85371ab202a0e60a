"""The registry's own list of vulnerabilities: `/system/CVEAllowlist`."""

from typing import Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About
from entrepot.faces.manage.callers import Need
from entrepot.rules.permissions import Permission
from entrepot.services.auditing import Act

from .answers import EPOCH, done
from .api import Call, Route
from .metadata import cves_of
from .parts import Parts
from .shownprojects import CVEAllowlist, CVEAllowlistItem, ShownAllowlist

NOTE, NAME = "system.cves", "allowlist"
"""Kind and name of the note that holds it."""


class _Note(msgspec.Struct):
    cves: list[str] = []
    until: int | None = None


def system_list_routes(parts: Parts) -> list[Route]:
    """Return what is served of the list."""

    async def get(_: Call) -> Response:
        text = (await parts.notes.of(NOTE, [NAME])).get(NAME)
        note = msgspec.json.decode(text, type=_Note) if text else _Note()
        items = [CVEAllowlistItem(one) for one in note.cves]
        shown = ShownAllowlist(EPOCH, EPOCH, items, id=1, expires_at=note.until)
        return json_response(200, shown)

    async def put(call: Call) -> Response:
        wanted = await call.fields(CVEAllowlist)
        cves = cves_of([one.cve_id for one in wanted.items or ()])
        note = _Note([*cves], wanted.expires_at or None)
        text = msgspec.json.encode(note).decode()
        act = Act("site.changed", "cve_allowlist", "", {"items": [*cves], "expires_at": note.until})
        await parts.notes.put(NOTE, NAME, text, line=(call.caller, act))
        return done()

    path = "/system/CVEAllowlist"
    return [
        Route("GET", path, get, Need.LOGIN, _about("Get the CVE allowlist", gives=CVEAllowlist)),
        Route("PUT", path, put, Permission.SITE_MANAGE, _PUT),
    ]


def _about(summary: str, **more: Any) -> About:
    return About(summary, tag="CVE allowlist", **more)


_PUT = _about("Set the CVE allowlist", takes=CVEAllowlist, errors=(400,))
