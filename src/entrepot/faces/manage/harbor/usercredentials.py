"""Passwords of users, and what they may: `/users/…/password` and others."""

import re
from typing import Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About, Argument
from entrepot.faces.manage.callers import Need
from entrepot.oci.errors import Code, Fault
from entrepot.rules.areas import REGISTRY, Target
from entrepot.rules.permissions import Level, Permission
from entrepot.services.governing import is_self

from .accesses import PROJECT, SYSTEM, TABLES
from .answers import done
from .api import Call, Route
from .parts import Parts
from .users import TAG, check_secret, found
from .usershapes import PasswordReq

_OF_PROJECT = re.compile(r"/project/(?P<number>[0-9]{1,18})/?")


class HarborPermission(msgspec.Struct):
    """Something that the caller may do."""

    action: str
    resource: str


def credential_routes(parts: Parts) -> list[Route]:
    """Return what is served of passwords and permissions of users."""
    accounts = parts.people.accounts

    async def set_password(call: Call) -> Response:
        wanted = await call.fields(PasswordReq)
        account = await found(parts, call, Permission.USER_MANAGE)
        name, new, address = account.name, wanted.new_password or "", call.request.client_address
        if is_self(call.by, name):
            old = wanted.old_password or ""
            if await accounts.verify(name, old, address) is None:
                raise Fault(Code.DENIED, "Current password is incorrect")
            if new == old:
                raise Fault(Code.REQUEST_INVALID, "New password is identical to old password")
        check_secret(new)
        await accounts.change(name, password=new, by=call.by, caller=call.caller)
        return done()

    async def set_cli_secret(call: Call) -> Response:
        await found(parts, call, Permission.USER_MANAGE)
        raise Fault(
            Code.PRECONDITION,
            f"unable to update CLI secret under authmode: {parts.site.auth_mode}: make an access "
            "token, which stands for a password (entrepot token create)",
        )

    async def permissions(call: Call) -> Response:
        scope = call.text("scope") or ""
        relative = call.asks("relative")
        matched = _OF_PROJECT.fullmatch(scope)
        if matched is not None:
            project = await parts.numbers.name("project", int(matched["number"]))
            target, kind = Target(project or ""), PROJECT
        elif scope in ("/system", "/system/"):
            target, kind, project = REGISTRY, SYSTEM, ""
        else:
            return json_response(200, [])
        if project is None:
            return json_response(200, [])
        base = "" if relative else f"{scope.rstrip('/')}/"
        items = [
            HarborPermission(action, f"{base}{resource}")
            for (resource, action), needed in TABLES[kind].items()
            if needed is not None and await call.may(needed, _at(needed, target))
        ]
        return json_response(200, items)

    each = "/users/{user_id}"
    return [
        Route("PUT", f"{each}/password", set_password, Need.LOGIN, _PASSWORD),
        Route("PUT", f"{each}/cli_secret", set_cli_secret, Need.LOGIN, _CLI_SECRET),
        Route("GET", "/users/current/permissions", permissions, Need.LOGIN, _PERMISSIONS),
    ]


def _at(needed: Permission, target: Target) -> Target:
    return REGISTRY if needed.level is Level.REGISTRY else target


def _about(summary: str, **more: Any) -> About:
    return About(summary, tag=TAG, **more)


_PASSWORD = _about("Set a user's password", takes=PasswordReq, errors=(400, 404))
_CLI_SECRET = _about("Set a user's CLI secret", errors=(404, 412))
_PERMISSIONS = _about(
    "List what the current user may do",
    gives=list[HarborPermission],
    query=(
        Argument("scope", "Where: `/project/7`, or `/system`."),
        Argument("relative", "Names without the place.", bool),
    ),
)
