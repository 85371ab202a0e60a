"""Users switched off and on over HTTP, and what their source says of them."""

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.ports.identity import Source
from entrepot.ports.people import Profile
from entrepot.rules.permissions import Permission
from entrepot.services.enabling import EnablingService

from .about import About, Moment, Nothing
from .api import Call, Route, moment
from .callers import Need


class UserProfile(msgspec.Struct):
    """What the source of a user says of them, and whether they may log in."""

    name: str
    source: Source
    email: str
    display_name: str
    enabled: bool
    seen_at: Moment


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
        Route("GET", "/users/{name}/profile", get, Need.LOGIN, told=_GET),
        Route("POST", "/users/{name}/enable", enable, Permission.USER_MANAGE, told=_ENABLE),
        Route("POST", "/users/{name}/disable", disable, Permission.USER_MANAGE, told=_DISABLE),
    ]


_GET = About("Get a user's profile", gives=UserProfile, errors=(404,), tag="users")
_ENABLE = About(
    "Switch a user on",
    takes=Nothing,
    gives=UserProfile,
    errors=(404,),
    tag="users",
    name="enable_user",
)
_DISABLE = About(
    "Switch a user off",
    takes=Nothing,
    gives=UserProfile,
    errors=(404, 409),
    tag="users",
    name="disable_user",
    text="What they hold stays theirs; sessions and tokens are good no more.",
)


def _shown(profile: Profile) -> UserProfile:
    return UserProfile(
        profile.name,
        profile.source,
        profile.email,
        profile.display_name,
        profile.enabled,
        moment(profile.seen_at),
    )
