"""Users switched off and on over HTTP, and what their source says of them."""

from typing import Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.ports.people import Profile
from entrepot.rules.permissions import Permission
from entrepot.services.enabling import EnablingService

from .api import Call, Route, moment
from .callers import Need


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a POST that needs none: `{}`."""


def enabling_routes(enabling: EnablingService) -> list[Route]:
    """Return what is served of users' profiles."""

    async def get(call: Call) -> Response:
        name = call.parts["name"]
        if call.identity.name != name:
            await call.require(Permission.USER_READ)
        return json_response(200, _shown(await enabling.find(name)))

    async def enable(call: Call) -> Response:
        return await put(call, enabled=True)

    async def disable(call: Call) -> Response:
        return await put(call, enabled=False)

    async def put(call: Call, *, enabled: bool) -> Response:
        await call.body(Nothing)
        name = call.parts["name"]
        await enabling.put(name, enabled=enabled, caller=call.caller, by=call.by)
        return json_response(200, _shown(await enabling.find(name)))

    return [
        Route("GET", "/users/{name}/profile", get, Need.LOGIN),
        Route("POST", "/users/{name}/enable", enable, Permission.USER_MANAGE),
        Route("POST", "/users/{name}/disable", disable, Permission.USER_MANAGE),
    ]


def _shown(profile: Profile) -> dict[str, Any]:
    return {
        "name": profile.name,
        "source": profile.source.value,
        "email": profile.email,
        "display_name": profile.display_name,
        "enabled": profile.enabled,
        "seen_at": moment(profile.seen_at),
    }
