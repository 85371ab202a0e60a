"""Replication policies over HTTP: kept, and not carried out yet."""

from typing import Annotated, Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.ports.remotes import ReplicationRow
from entrepot.rules.permissions import Permission
from entrepot.services.replication import ReplicationService, Wanted

from .about import About, Cursor, Moment, Nothing, Page
from .api import ROOT, Call, Route, moment, page
from .arguments import number

_Text = Annotated[str, msgspec.Meta(max_length=1024)]


class ReplicationBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is copied between here and a remote, and when."""

    name: _Text
    remote: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    document: dict[str, Any]
    enabled: bool = True


class ReplicationView(msgspec.Struct):
    """A replication policy."""

    id: int
    name: str
    remote: int
    enabled: bool
    document: dict[str, Any]
    created_at: Moment
    changed_at: Moment
    changed_by: str


def replication_routes(replication: ReplicationService) -> list[Route]:
    """Return what is served of replication."""

    async def list_all(call: Call) -> Response:
        limit = call.limit()
        found = await replication.page(call.number("after", 0), limit + 1)
        items = [_shown(row) for row in found[:limit]]
        return page(items, items[-1].id if len(found) > limit else None)

    async def make(call: Call) -> Response:
        made = await replication.create(_wanted(await call.body(ReplicationBody)), call.caller)
        response = json_response(201, _shown(made))
        response.set("Location", f"{ROOT}/replication/{made.id}")
        return response

    async def get(call: Call) -> Response:
        return json_response(200, _shown(await replication.find(_id(call))))

    async def put(call: Call) -> Response:
        wanted = _wanted(await call.body(ReplicationBody))
        return json_response(200, _shown(await replication.change(_id(call), wanted, call.caller)))

    async def remove(call: Call) -> Response:
        await replication.remove(_id(call), call.caller)
        return Response(204)

    async def run(call: Call) -> Response:
        await call.body(Nothing)
        await replication.run(_id(call))

    needs = Permission.REPLICATION_MANAGE
    return [
        Route("GET", "/replication", list_all, needs, told=_LIST),
        Route("POST", "/replication", make, needs, told=_MAKE),
        Route("GET", "/replication/{policy}", get, needs, told=_GET),
        Route("PUT", "/replication/{policy}", put, needs, told=_PUT),
        Route("DELETE", "/replication/{policy}", remove, needs, told=_REMOVE),
        Route("POST", "/replication/{policy}/run", run, needs, told=_RUN),
    ]


def _id(call: Call) -> int:
    return number(call.parts["policy"], "policy", 0, (1, None))


def _wanted(body: ReplicationBody) -> Wanted:
    return Wanted(body.name, body.remote, body.document, body.enabled)


def _shown(row: ReplicationRow) -> ReplicationView:
    return ReplicationView(
        row.id,
        row.name,
        row.remote_id,
        row.enabled,
        msgspec.json.decode(row.document, type=dict[str, Any]),
        moment(row.created_at),
        moment(row.changed_at),
        row.changed_by,
    )


_TAG = "replication"
_NOT_YET = "This version keeps policies and does not copy yet."
_LIST = About(
    "List replication policies",
    gives=Page[ReplicationView],
    pages="after",
    cursor=Cursor,
    tag=_TAG,
    text=_NOT_YET,
)
_MAKE = About(
    "Make a replication policy",
    takes=ReplicationBody,
    gives=ReplicationView,
    status=201,
    errors=(404, 409),
    tag=_TAG,
    text=_NOT_YET,
)
_GET = About("Get a replication policy", gives=ReplicationView, errors=(404,), tag=_TAG)
_PUT = About(
    "Change a replication policy",
    takes=ReplicationBody,
    gives=ReplicationView,
    errors=(404, 409),
    tag=_TAG,
)
_REMOVE = About("Remove a replication policy", status=204, errors=(404,), tag=_TAG)
_RUN = About(
    "Run a replication policy",
    takes=Nothing,
    status=204,
    errors=(404, 405),
    tag=_TAG,
    text=_NOT_YET,
)
