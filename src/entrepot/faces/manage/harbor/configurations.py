"""Configurations: `/configurations`, what the settings say in Harbor's words.

What the file of settings fixes cannot be changed here: a PUT may repeat it, and is refused as soon
as it says otherwise. Keys that this version knows nothing of are ignored, as Harbor does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About
from entrepot.oci.errors import Code, Fault
from entrepot.rules.permissions import Permission

from .answers import done
from .api import Call, Route

Value = str | int | bool

SECRETS = frozenset(
    {"ldap_search_password", "oidc_client_secret", "uaa_client_secret", "email_password"}
)
"""What can be sent and is never told."""


class Item(msgspec.Struct):
    """One value, and whether it can be changed here."""

    editable: bool
    value: Value


class Changes(Protocol):
    """What an administrator may change while the registry runs."""

    async def items(self) -> dict[str, Item]:
        """Return what there is, by name."""
        ...

    async def change(self, call: Call, wanted: Mapping[str, Value]) -> None:
        """Change some of them; `Fault(REQUEST_INVALID)`."""
        ...


@dataclass(frozen=True, slots=True)
class Configurations:
    """All of them; `where` says of some which setting fixes them."""

    fixed: Mapping[str, Value]
    where: Mapping[str, str]
    changes: Changes

    async def items(self) -> dict[str, Item]:
        """Return what there is, by name."""
        found = {name: Item(editable=False, value=value) for name, value in self.fixed.items()}
        return dict(sorted((found | await self.changes.items()).items()))


def configuration_routes(configurations: Configurations) -> list[Route]:
    """Return what is served of configurations."""

    async def get(_: Call) -> Response:
        return json_response(200, await configurations.items())

    async def put(call: Call) -> Response:
        wanted = await call.fields(dict[str, Any])
        items = await configurations.items()
        changes: dict[str, Value] = {}
        for name, value in wanted.items():
            item = items.get(name)
            if value is None or (item is None and name not in SECRETS):
                continue
            if item is not None and _same(item.value, value):
                continue
            if item is None or not item.editable:
                raise _fixed(name, configurations.where.get(name))
            if type(value) is not type(item.value):
                raise Fault(
                    Code.REQUEST_INVALID,
                    f"invalid value for {name}: it is {type(item.value).__name__}, not "
                    f"{type(value).__name__}",
                )
            changes[name] = value
        if changes:
            await configurations.changes.change(call, changes)
        return done()

    about_get = About("Get configurations", gives=dict[str, Item], tag="Configurations")
    about_put = About("Update configurations", takes=dict[str, Any], tag="Configurations")
    return [
        Route("GET", "/configurations", get, Permission.SITE_MANAGE, about_get),
        Route("PUT", "/configurations", put, Permission.SITE_MANAGE, about_put),
    ]


def _same(here: Value, given: Any) -> bool:
    if isinstance(here, str) and isinstance(given, str):
        return here.strip() == given.strip()
    return type(here) is type(given) and bool(here == given)


def _fixed(name: str, setting: str | None) -> Fault:
    cure = (
        f"it is set by {setting} in the file of settings"
        if setting
        else "this version has nothing to change there"
    )
    return Fault(Code.REQUEST_INVALID, f"{name} cannot be changed here: {cure}")
