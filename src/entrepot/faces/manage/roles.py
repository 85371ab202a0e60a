"""Roles and permissions over HTTP: `/roles` and `/permissions`."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.ports.grants import RoleRow
from entrepot.rules.permissions import Permission
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
    """The body of a role's PUT."""

    permissions: Annotated[
        list[Annotated[str, msgspec.Meta(max_length=64)]], msgspec.Meta(max_length=PERMISSIONS_MAX)
    ]
    description: Annotated[str, msgspec.Meta(max_length=DESCRIPTION_MAX)] = ""


def role_routes(roles: RoleService) -> list[Route]:
    """Return what is served of roles."""

    async def list_all(call: Call) -> Response:
        limit, after = call.limit(), call.text("after") or ""
        found = await roles.page(after, limit + 1)
        items = [_shown(row) for row in found[:limit]]
        following = items[-1]["name"] if len(found) > limit else None
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
        Route("GET", "/roles", list_all, Need.LOGIN),
        Route("GET", "/roles/{role}", get, Need.LOGIN),
        Route("PUT", "/roles/{role}", put, Permission.ROLE_MANAGE),
        Route("DELETE", "/roles/{role}", remove, Permission.ROLE_MANAGE),
        Route("GET", "/permissions", permissions, Need.LOGIN),
    ]


def _permission(one: Permission) -> dict[str, Any]:
    return {
        "name": one.value,
        "level": one.level.value,
        "about": one.about,
        "roles": [*roles_with(one)],
    }


def _built_in(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "built_in": True,
        "permissions": _names(BUILT_IN[name]),
        "description": _ABOUT[name],
        "changed_at": None,
    }


def _shown(row: RoleRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "built_in": False,
        "permissions": [*row.permissions],
        "description": row.description,
        "changed_at": moment(row.changed_at),
    }


def _names(permissions: Iterable[Permission]) -> list[str]:
    return sorted(one.value for one in permissions)
