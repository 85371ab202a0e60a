"""Signing keys and sealed secrets over HTTP, without any value."""

from typing import Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.rules.permissions import Permission
from entrepot.services.keys import KeyService, KeyView
from entrepot.services.secrets import Sealed, SecretService

from .api import Call, Route, moment, page


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a POST that needs none: `{}`."""


def key_routes(keys: KeyService) -> list[Route]:
    """Return what is served of the keys that tokens are signed with."""

    async def list_all(call: Call) -> Response:
        del call
        return page([_key(view) for view in await keys.all()], None)

    async def rotate(call: Call) -> Response:
        await call.body(Nothing)
        return json_response(201, _key(await keys.rotate(call.caller)))

    async def drop(call: Call) -> Response:
        await call.body(Nothing)
        await keys.drop(call.parts["kid"], call.caller)
        return page([_key(view) for view in await keys.all()], None)

    return [
        Route("GET", "/keys", list_all, Permission.KEY_MANAGE),
        Route("POST", "/keys/rotate", rotate, Permission.KEY_MANAGE),
        Route("POST", "/keys/{kid}/drop", drop, Permission.KEY_MANAGE),
    ]


def secret_routes(secrets: SecretService) -> list[Route]:
    """Return what is served of what is sealed: names, and the master keys that sealed them."""

    async def list_all(call: Call) -> Response:
        limit = call.limit()
        found = await secrets.page(call.text("after") or "", limit + 1)
        shown = found[:limit]
        return page([_sealed(one) for one in shown], shown[-1].cursor if found[limit:] else None)

    async def reseal(call: Call) -> Response:
        await call.body(Nothing)
        done = await secrets.reseal(call.caller)
        return json_response(200, {"resealed": done.resealed, "broken": done.broken})

    return [
        Route("GET", "/secrets", list_all, Permission.KEY_MANAGE),
        Route("POST", "/secrets/reseal", reseal, Permission.KEY_MANAGE),
    ]


def _key(view: KeyView) -> dict[str, Any]:
    times = view.times
    return {
        "kid": times.kid,
        "stage": view.stage.value,
        "signs": view.signs,
        "created_at": moment(times.created_at),
        "activates_at": moment(times.activates_at),
        "retires_at": None if times.retires_at is None else moment(times.retires_at),
        "sealed_with": view.sealed_with,
    }


def _sealed(one: Sealed) -> dict[str, Any]:
    return {"name": one.purpose, "sealed_with": one.key, "current": one.is_current}
