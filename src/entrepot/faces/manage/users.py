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

from .about import About, Moment, Page
from .api import ROOT, Call, Route, api_app, moment, page
from .callers import Need

PATH = f"{ROOT}/users"

_Text = Annotated[str, msgspec.Meta(max_length=256)]


class NewUser(msgspec.Struct, forbid_unknown_fields=True):
    """A user to be added."""

    name: _Text
    password: _Text
    role: Role = Role.USER


class UserChange(msgspec.Struct, forbid_unknown_fields=True):
    """What changes of a user; what is left out stays."""

    password: _Text | None = None
    role: Role | None = None


class User(msgspec.Struct):
    """A user of the registry's own, with a role in all of it."""

    name: str
    role: Role
    created_at: Moment


def users_app(accounts: AccountService, access: AccessService, *, operator: bool) -> App:
    """Return an application of users alone."""
    return api_app(user_routes(accounts), access, operator=operator)


def user_routes(accounts: AccountService) -> list[Route]:
    """Return what is served of users."""

    async def list_all(call: Call) -> Response:
        limit = call.limit()
        found = await accounts.page(call.text("after") or "", limit + 1)
        items = [_shown(account) for account in found[:limit]]
        return page(items, items[-1].name if len(found) > limit else None)

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
        wanted = await call.body(UserChange)
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
        Route("GET", "/users", list_all, Permission.USER_READ, told=_LIST),
        Route("POST", "/users", add, Permission.USER_MANAGE, told=_ADD),
        Route("GET", "/users/{name}", get, Need.LOGIN, told=_GET),
        Route("PATCH", "/users/{name}", change, Need.LOGIN, told=_CHANGE),
        Route("DELETE", "/users/{name}", remove, Permission.USER_MANAGE, told=_REMOVE),
    ]


_LIST = About("List users", gives=Page[User], pages="after", tag="users")
_ADD = About("Add a user", takes=NewUser, gives=User, status=201, errors=(409,), tag="users")
_GET = About("Get a user", gives=User, errors=(404,), tag="users")
_CHANGE = About("Change a user", takes=UserChange, gives=User, errors=(404,), tag="users")
_REMOVE = About("Remove a user", status=204, errors=(404,), tag="users")


def _shown(account: Account) -> User:
    return User(account.name, account.role, moment(account.created_at))
