"""Groups over HTTP: `/api/entrepot/v1/groups`."""

from itertools import groupby
from typing import Annotated, Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.ports.people import Group
from entrepot.rules.permissions import Permission
from entrepot.services.authority import Acting
from entrepot.services.groups import GroupService

from .api import Call, Route, moment, page

_Text = Annotated[str, msgspec.Meta(max_length=256)]


class New(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a POST."""

    name: _Text
    description: _Text = ""


class Change(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a PATCH."""

    description: _Text


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a PUT that needs none: `{}`."""


def group_routes(groups: GroupService) -> list[Route]:
    """Return what is served of groups."""

    async def list_all(call: Call) -> Response:
        limit = call.limit()
        found = await groups.page(call.text("after") or "", limit + 1)
        items = [_shown(group) for group in found[:limit]]
        return page(items, items[-1]["name"] if len(found) > limit else None)

    async def make(call: Call) -> Response:
        new = await call.body(New)
        made = await groups.make(new.name, new.description, _acting(call))
        return json_response(201, _shown(made))

    async def get(call: Call) -> Response:
        return json_response(200, _shown(await groups.find(call.parts["group"])))

    async def change(call: Call) -> Response:
        body = await call.body(Change)
        changed = await groups.describe(call.parts["group"], body.description, _acting(call))
        return json_response(200, _shown(changed))

    async def remove(call: Call) -> Response:
        await groups.remove(call.parts["group"], _acting(call))
        return Response(204)

    return [
        Route("GET", "/groups", list_all, Permission.USER_READ),
        Route("POST", "/groups", make, Permission.USER_MANAGE),
        Route("GET", "/groups/{group}", get, Permission.USER_READ),
        Route("PATCH", "/groups/{group}", change, Permission.USER_MANAGE),
        Route("DELETE", "/groups/{group}", remove, Permission.USER_MANAGE),
        *_member_routes(groups),
    ]


def _member_routes(groups: GroupService) -> list[Route]:
    async def members(call: Call) -> Response:
        limit = call.limit()
        found = await groups.members(call.parts["group"], call.text("after") or "", limit + 1)
        users = [
            {"user": user, "sources": [source.value for _, source in entries]}
            for user, entries in groupby(found, key=lambda entry: entry[0])
        ]
        items = users[:limit]
        return page(items, items[-1]["user"] if len(users) > limit else None)

    async def enter(call: Call) -> Response:
        await call.body(Nothing)
        await groups.enter(call.parts["group"], call.parts["user"], _acting(call))
        return Response(204)

    async def leave(call: Call) -> Response:
        await groups.leave(call.parts["group"], call.parts["user"], _acting(call))
        return Response(204)

    async def of_user(call: Call) -> Response:
        found = await groups.of(call.parts["name"])
        items = [
            {"group": group, "sources": [source.value for _, source in entries]}
            for group, entries in groupby(found, key=lambda entry: entry[0])
        ]
        return page(items, None)  # there are few of each user

    return [
        Route("GET", "/groups/{group}/members", members, Permission.USER_READ),
        Route("PUT", "/groups/{group}/members/{user}", enter, Permission.USER_MANAGE),
        Route("DELETE", "/groups/{group}/members/{user}", leave, Permission.USER_MANAGE),
        Route("GET", "/users/{name}/groups", of_user, Permission.USER_READ),
    ]


def _acting(call: Call) -> Acting:
    return Acting(call.identity, call.caller)


def _shown(group: Group) -> dict[str, Any]:
    return {
        "name": group.name,
        "description": group.description,
        "created_at": moment(group.created_at),
    }
