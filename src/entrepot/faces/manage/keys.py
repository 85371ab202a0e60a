"""Signing keys and sealed secrets over HTTP, without any value."""

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.rules.keyring import Stage
from entrepot.rules.permissions import Permission
from entrepot.services.keys import KeyService, KeyView
from entrepot.services.secrets import Resealed, Sealed, SecretService

from .about import About, Moment, Nothing, Page
from .api import Call, Route, maybe, moment, page


class SigningKey(msgspec.Struct):
    """A key that tokens are signed with, or were, or will be; without its private part."""

    kid: str
    stage: Stage
    signs: bool
    created_at: Moment
    activates_at: Moment
    retires_at: Moment | None
    sealed_with: str


class SealedSecret(msgspec.Struct):
    """What something sealed is for, and the master key that sealed it; never its value."""

    name: str
    sealed_with: str
    current: bool
    """Whether that is the newest master key."""


class ResealedSecrets(msgspec.Struct):
    """How many were sealed anew, and the first hundred of those that do not open."""

    resealed: int
    broken: tuple[str, ...]


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
        Route("GET", "/keys", list_all, Permission.KEY_MANAGE, told=_LIST),
        Route("POST", "/keys/rotate", rotate, Permission.KEY_MANAGE, told=_ROTATE),
        Route("POST", "/keys/{kid}/drop", drop, Permission.KEY_MANAGE, told=_DROP),
    ]


_LIST = About("List signing keys", gives=Page[SigningKey], tag="keys")
_ROTATE = About("Rotate signing keys", takes=Nothing, gives=SigningKey, status=201, tag="keys")
_DROP = About(
    "Drop a signing key",
    takes=Nothing,
    gives=Page[SigningKey],
    errors=(404, 409),
    tag="keys",
    text="What it signed is good no more. The answer is the keys that there are.",
)
_SECRETS = About("List sealed secrets", gives=Page[SealedSecret], pages="after", tag="keys")
_RESEAL = About(
    "Seal all secrets anew", takes=Nothing, gives=ResealedSecrets, tag="keys", name="reseal_secrets"
)


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
        return json_response(200, _resealed(done))

    return [
        Route("GET", "/secrets", list_all, Permission.KEY_MANAGE, told=_SECRETS),
        Route("POST", "/secrets/reseal", reseal, Permission.KEY_MANAGE, told=_RESEAL),
    ]


def _key(view: KeyView) -> SigningKey:
    times = view.times
    return SigningKey(
        times.kid,
        view.stage,
        view.signs,
        moment(times.created_at),
        moment(times.activates_at),
        maybe(times.retires_at),
        view.sealed_with,
    )


def _sealed(one: Sealed) -> SealedSecret:
    return SealedSecret(one.purpose, one.key, one.is_current)


def _resealed(done: Resealed) -> ResealedSecrets:
    return ResealedSecrets(done.resealed, done.broken)
