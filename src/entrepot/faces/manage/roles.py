"""Roles and permissions over HTTP: `/roles` and `/permissions`."""

from collections.abc import Iterable
from typing import Annotated

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.ports.grants import RoleRow
from entrepot.rules.permissions import Level, Permission
from entrepot.rules.roles import (
    BUILT_IN,
    DEVELOPER,
    GUEST,
    LIMITED_GUEST,
    MAINTAINER,
    PERMISSIONS_MAX,
    PROJECT_ADMIN,
    roles_with,
)
from entrepot.services.authority import Acting
from entrepot.services.roles import DESCRIPTION_MAX, RoleService

from .about import About, Moment, Page
from .api import Call, Route, moment, page
from .callers import Need

_ABOUT = {
    PROJECT_ADMIN: "runs the project: its grants, robots, settings and its end",
    MAINTAINER: "also deletes, rolls back, restores and sets policies",
    DEVELOPER: "pulls and pushes",
    GUEST: "pulls, and sees lists, history, grants and policies",
    LIMITED_GUEST: "pulls what it knows the name of",
}


class RoleBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a role of one's own is to be."""

    permissions: Annotated[
        list[Annotated[str, msgspec.Meta(max_length=64)]], msgspec.Meta(max_length=PERMISSIONS_MAX)
    ]
    description: Annotated[str, msgspec.Meta(max_length=DESCRIPTION_MAX)] = ""


class NamedRole(msgspec.Struct):
    """A name for permissions, to be granted in projects."""

    name: str
    built_in: bool
    permissions: list[str]
    description: str
    changed_at: Moment | None


class PermissionTold(msgspec.Struct):
    """What can be granted, and which of the built-in roles have it."""

    name: str
    level: Level
    about: str
    roles: list[str]


def role_routes(roles: RoleService) -> list[Route]:
    """Return what is served of roles."""

    async def list_all(call: Call) -> Response:
        limit, after = call.limit(), call.text("after") or ""
        found = await roles.page(after, limit + 1)
        items = [_shown(row) for row in found[:limit]]
        following = items[-1].name if len(found) > limit else None
        # Those that are built in stand before the first page; custom ones are paged.
        built_in = [] if after else [_built_in(name) for name in BUILT_IN]
        return page(built_in + items, following)

    async def get(call: Call) -> Response:
        name = call.parts["role"]
        if name in BUILT_IN:
            return json_response(200, _built_in(name))
        return json_response(200, _shown(await roles.find(name)))

    async def put(call: Call) -> Response:
        body = await call.body(RoleBody)
        row = await roles.put(
            call.parts["role"],
            tuple(body.permissions),
            body.description,
            Acting(call.identity, call.caller),
        )
        return json_response(200, _shown(row))

    async def remove(call: Call) -> Response:
        await roles.remove(call.parts["role"], Acting(call.identity, call.caller))
        return Response(204)

    async def permissions(_call: Call) -> Response:
        return page([_permission(one) for one in Permission], None)

    return [
        Route("GET", "/roles", list_all, Need.LOGIN, told=_LIST),
        Route("GET", "/roles/{role}", get, Need.LOGIN, told=_GET),
        Route("PUT", "/roles/{role}", put, Permission.ROLE_MANAGE, told=_PUT),
        Route("DELETE", "/roles/{role}", remove, Permission.ROLE_MANAGE, told=_REMOVE),
        Route("GET", "/permissions", permissions, Need.LOGIN, told=_PERMISSIONS),
    ]


_LIST = About("List roles", gives=Page[NamedRole], pages="after", tag="roles")
_GET = About("Get a role", gives=NamedRole, errors=(404,), tag="roles")
_PUT = About("Put a role", takes=RoleBody, gives=NamedRole, errors=(409,), tag="roles")
_REMOVE = About("Remove a role", status=204, errors=(404, 409), tag="roles")
_PERMISSIONS = About("List permissions", gives=Page[PermissionTold], tag="roles")


def _permission(one: Permission) -> PermissionTold:
    return PermissionTold(one.value, one.level, one.about, [*roles_with(one)])


def _built_in(name: str) -> NamedRole:
    return NamedRole(name, True, _names(BUILT_IN[name]), _ABOUT[name], None)  # noqa: FBT003 - a field


def _shown(row: RoleRow) -> NamedRole:
    return NamedRole(row.name, False, [*row.permissions], row.description, moment(row.changed_at))  # noqa: FBT003


def _names(permissions: Iterable[Permission]) -> list[str]:
    return sorted(one.value for one in permissions)
