"""Groups over HTTP: `/api/entrepot/v1/groups`."""

from itertools import groupby
from typing import Annotated

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.ports.identity import Source
from entrepot.ports.people import Group as GroupRow
from entrepot.rules.permissions import Permission
from entrepot.services.authority import Acting
from entrepot.services.groups import GroupService

from .about import About, Moment, Nothing, Page
from .api import Call, Route, moment, page

_Text = Annotated[str, msgspec.Meta(max_length=256)]


class NewGroup(msgspec.Struct, forbid_unknown_fields=True):
    """A group to be made."""

    name: _Text
    description: _Text = ""


class GroupChange(msgspec.Struct, forbid_unknown_fields=True):
    """What changes of a group."""

    description: _Text


class Group(msgspec.Struct):
    """A group of users, who get what is granted to it."""

    name: str
    description: str
    created_at: Moment


class Member(msgspec.Struct):
    """A user in a group, and who put them there."""

    user: str
    sources: list[Source]


class Membership(msgspec.Struct):
    """A group that a user is in, and who put them there."""

    group: str
    sources: list[Source]


def group_routes(groups: GroupService) -> list[Route]:
    """Return what is served of groups."""

    async def list_all(call: Call) -> Response:
        limit = call.limit()
        found = await groups.page(call.text("after") or "", limit + 1)
        items = [_shown(group) for group in found[:limit]]
        return page(items, items[-1].name if len(found) > limit else None)

    async def make(call: Call) -> Response:
        new = await call.body(NewGroup)
        made = await groups.make(new.name, new.description, _acting(call))
        return json_response(201, _shown(made))

    async def get(call: Call) -> Response:
        return json_response(200, _shown(await groups.find(call.parts["group"])))

    async def change(call: Call) -> Response:
        body = await call.body(GroupChange)
        changed = await groups.describe(call.parts["group"], body.description, _acting(call))
        return json_response(200, _shown(changed))

    async def remove(call: Call) -> Response:
        await groups.remove(call.parts["group"], _acting(call))
        return Response(204)

    return [
        Route("GET", "/groups", list_all, Permission.USER_READ, told=_LIST),
        Route("POST", "/groups", make, Permission.USER_MANAGE, told=_MAKE),
        Route("GET", "/groups/{group}", get, Permission.USER_READ, told=_GET),
        Route("PATCH", "/groups/{group}", change, Permission.USER_MANAGE, told=_CHANGE),
        Route("DELETE", "/groups/{group}", remove, Permission.USER_MANAGE, told=_REMOVE),
        *_member_routes(groups),
    ]


def _member_routes(groups: GroupService) -> list[Route]:
    async def members(call: Call) -> Response:
        limit = call.limit()
        found = await groups.members(call.parts["group"], call.text("after") or "", limit + 1)
        users = [
            Member(user, [source for _, source in entries])
            for user, entries in groupby(found, key=lambda entry: entry[0])
        ]
        items = users[:limit]
        return page(items, items[-1].user if len(users) > limit else None)

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
            Membership(group, [source for _, source in entries])
            for group, entries in groupby(found, key=lambda entry: entry[0])
        ]
        return page(items, None)  # there are few of each user

    return [
        Route("GET", "/groups/{group}/members", members, Permission.USER_READ, told=_MEMBERS),
        Route("PUT", _MEMBER, enter, Permission.USER_MANAGE, told=_ENTER),
        Route("DELETE", _MEMBER, leave, Permission.USER_MANAGE, told=_LEAVE),
        Route("GET", "/users/{name}/groups", of_user, Permission.USER_READ, told=_OF_USER),
    ]


_MEMBER = "/groups/{group}/members/{user}"
_LIST = About("List groups", gives=Page[Group], pages="after", tag="groups")
_MAKE = About("Make a group", takes=NewGroup, gives=Group, status=201, errors=(409,), tag="groups")
_GET = About("Get a group", gives=Group, errors=(404,), tag="groups")
_CHANGE = About("Change a group", takes=GroupChange, gives=Group, errors=(404,), tag="groups")
_REMOVE = About("Remove a group", status=204, errors=(404, 409), tag="groups")
_MEMBERS = About(
    "List members of a group",
    gives=Page[Member],
    pages="after",
    errors=(404,),
    tag="groups",
    name="list_members",
)
_ENTER = About(
    "Put a user into a group",
    takes=Nothing,
    status=204,
    errors=(404, 409),
    tag="groups",
    name="add_member",
)
_LEAVE = About(
    "Take a user out of a group",
    status=204,
    errors=(404, 409),
    tag="groups",
    name="remove_member",
)
_OF_USER = About(
    "List groups of a user", gives=Page[Membership], tag="groups", name="list_user_groups"
)


def _acting(call: Call) -> Acting:
    return Acting(call.identity, call.caller)


def _shown(group: GroupRow) -> Group:
    return Group(group.name, group.description, moment(group.created_at))
