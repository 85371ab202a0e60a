"""Users over HTTP: `/api/entrepot/v1/users`."""

from typing import Annotated

import msgspec

from entrepot.faces.asgi import App, Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.ports.accounts import Account
from entrepot.rules.access import Kind
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import Role
from entrepot.services.access import AccessService
from entrepot.services.accounts import AccountService
from entrepot.services.governing import is_self

from .api import ROOT, Call, Route, api_app, moment, page
from .callers import Need

PATH = f"{ROOT}/users"

_Text = Annotated[str, msgspec.Meta(max_length=256)]


class NewUser(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a POST."""

    name: _Text
    password: _Text
    role: Role = Role.USER


class Change(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a PATCH; what is left out stays."""

    password: _Text | None = None
    role: Role | None = None


def users_app(accounts: AccountService, access: AccessService, *, operator: bool) -> App:
    """Return an application of users alone."""
    return api_app(user_routes(accounts), access, operator=operator)


def user_routes(accounts: AccountService) -> list[Route]:
    """Return what is served of users."""

    async def list_all(call: Call) -> Response:
        limit = call.limit()
        found = await accounts.page(call.text("after") or "", limit + 1)
        items = [_shown(account) for account in found[:limit]]
        return page(items, items[-1]["name"] if len(found) > limit else None)

    async def add(call: Call) -> Response:
        new = await call.body(NewUser)
        account = await accounts.add(
            new.name, new.password, new.role, by=call.by, caller=call.caller
        )
        response = json_response(201, _shown(account))
        response.set("Location", f"{PATH}/{account.name}")
        return response

    async def get(call: Call) -> Response:
        name = call.parts["name"]
        if call.identity.kind is not Kind.USER or call.identity.name != name:
            await call.require(Permission.USER_READ)
        account = await accounts.find(name)
        if account is None:
            raise Fault(
                Code.NOT_FOUND,
                f"there is no user {name[:64]}: list them, or add this one",
                {"name": name[:64]},
            )
        return json_response(200, _shown(account))

    async def change(call: Call) -> Response:
        wanted = await call.body(Change)
        name = call.parts["name"]
        # A role is nobody's own to change, nor is a password for who shows an access token.
        if wanted.role is not None or not is_self(call.identity, name):
            await call.require(Permission.USER_MANAGE)
        account = await accounts.change(
            name, password=wanted.password, role=wanted.role, by=call.by, caller=call.caller
        )
        return json_response(200, _shown(account))

    async def remove(call: Call) -> Response:
        await accounts.remove(call.parts["name"], by=call.by, caller=call.caller)
        return Response(204)

    return [
        Route("GET", "/users", list_all, Permission.USER_READ),
        Route("POST", "/users", add, Permission.USER_MANAGE),
        Route("GET", "/users/{name}", get, Need.LOGIN),
        Route("PATCH", "/users/{name}", change, Need.LOGIN),
        Route("DELETE", "/users/{name}", remove, Permission.USER_MANAGE),
    ]


def _shown(account: Account) -> dict[str, str]:
    return {
        "name": account.name,
        "role": account.role.value,
        "created_at": moment(account.created_at),
    }
