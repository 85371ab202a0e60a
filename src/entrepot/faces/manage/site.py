"""Settings of the registry over HTTP: `/settings`."""

from typing import Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.rules.permissions import Permission
from entrepot.rules.sitesettings import RULES
from entrepot.services.authority import Acting
from entrepot.services.sitesettings import SiteService, SiteSetting

from .about import About, Moment, Page
from .api import Call, Route, maybe, page
from .callers import Need


class SettingBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a setting is to be."""

    value: Any


class SettingView(msgspec.Struct):
    """A setting of the registry."""

    name: str
    about: str
    value: Any
    fixed_by: str
    """The key of the settings file that says it, where it cannot be changed here."""
    changed_at: Moment | None
    changed_by: str


class Banner(msgspec.Struct):
    """What everyone is told; empty for nothing."""

    banner: str


def site_routes(site: SiteService) -> list[Route]:
    """Return what is served of the registry's settings."""

    async def list_all(_call: Call) -> Response:
        return page([_shown(setting) for setting in await site.all()], None)

    async def get(call: Call) -> Response:
        return json_response(200, _shown(await site.find(call.parts["setting"])))

    async def put(call: Call) -> Response:
        body = await call.body(SettingBody)
        return json_response(
            200, _shown(await site.put(call.parts["setting"], body.value, _acting(call)))
        )

    async def reset(call: Call) -> Response:
        await site.reset(call.parts["setting"], _acting(call))
        return Response(204)

    async def banner(_call: Call) -> Response:
        return json_response(200, Banner(await site.banner()))

    needs = Permission.SITE_MANAGE
    return [
        Route("GET", "/settings", list_all, needs, told=_LIST),
        Route("GET", "/settings/{setting}", get, needs, told=_GET),
        Route("PUT", "/settings/{setting}", put, needs, told=_PUT),
        Route("DELETE", "/settings/{setting}", reset, needs, told=_RESET),
        Route("GET", "/banner", banner, Need.NOTHING, told=_BANNER),
    ]


def _acting(call: Call) -> Acting:
    return Acting(call.identity, call.caller)


def _shown(setting: SiteSetting) -> SettingView:
    return SettingView(
        setting.name.value,
        RULES[setting.name].about,
        setting.value,
        setting.fixed_by,
        maybe(setting.changed_at),
        setting.changed_by,
    )


_TAG = "settings"
_LIST = About("List settings", gives=Page[SettingView], tag=_TAG)
_GET = About("Get a setting", gives=SettingView, errors=(404,), tag=_TAG)
_PUT = About(
    "Change a setting",
    takes=SettingBody,
    gives=SettingView,
    errors=(404, 409),
    tag=_TAG,
    text="What the settings file says is changed there: then it is in conflict.",
)
_RESET = About("Reset a setting", status=204, errors=(404, 409), tag=_TAG)
_BANNER = About("Get the banner", gives=Banner, tag=_TAG)
