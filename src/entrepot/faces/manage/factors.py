"""The caller's own second factors: `/api/entrepot/v1/factors`."""

from typing import Annotated, Any, Literal

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.ports.factors import Factor
from entrepot.rules.permissions import Permission
from entrepot.services.context import Caller
from entrepot.services.factors import Enrolled, FactorService, Me

from .about import About, Moment
from .api import Call, Route, maybe, moment
from .arguments import NUMBER_DIGITS_MAX
from .callers import Need

_Text = Annotated[str, msgspec.Meta(max_length=256)]


class FactorBegin(msgspec.Struct, forbid_unknown_fields=True):
    """The beginning of an enrolment."""

    password: _Text
    label: _Text


class TotpConfirmation(msgspec.Struct, forbid_unknown_fields=True):
    """A code of the app that was shown the secret."""

    ticket: _Text
    code: _Text


class PasskeyConfirmation(msgspec.Struct, forbid_unknown_fields=True):
    """What the browser made of the options."""

    ticket: _Text
    answer: dict[str, Any]


class OwnPassword(msgspec.Struct, forbid_unknown_fields=True):
    """The caller's own password, once more."""

    password: _Text


class FactorView(msgspec.Struct, kw_only=True):
    """A second factor."""

    id: int
    kind: Literal["totp", "passkey"]
    label: str
    created_at: Moment
    used_at: Moment | None


class Factors(msgspec.Struct):
    """All second factors of the caller."""

    items: list[FactorView]
    recovery_codes_left: int


class EnrolledFactor(FactorView, kw_only=True):
    """A factor that was enrolled; recovery codes come with the first one, told this once."""

    recovery_codes: list[str]


class TotpOffer(msgspec.Struct):
    """What an authenticator app is shown."""

    ticket: str
    secret: str
    uri: str


class PasskeyOffer(msgspec.Struct):
    """What the browser makes a passkey from (`PublicKeyCredentialCreationOptions`)."""

    ticket: str
    options: dict[str, Any]


class RecoveryCodes(msgspec.Struct):
    """New codes, told this once; those before are good no more."""

    recovery_codes: list[str]


class RemovedFactors(msgspec.Struct):
    """How many factors were removed."""

    removed: int


def factor_routes(factors: FactorService) -> list[Route]:
    """Return what everybody who is known may do with what is theirs."""

    async def list_all(call: Call) -> Response:
        rows, left = await factors.of(_owner(call).actor)
        items = [_shown(row) for row in rows]
        return json_response(200, Factors(items, left))

    async def begin_totp(call: Call) -> Response:
        body = await call.body(FactorBegin)
        offer = await factors.begin_totp(_me(call, body.password), body.label)
        return json_response(200, TotpOffer(offer.ticket, offer.secret, offer.uri))

    async def confirm_totp(call: Call) -> Response:
        body = await call.body(TotpConfirmation)
        return _enrolled(await factors.confirm_totp(_owner(call), body.ticket, body.code))

    async def begin_passkey(call: Call) -> Response:
        body = await call.body(FactorBegin)
        ticket, options = await factors.begin_passkey(_me(call, body.password), body.label)
        return json_response(200, PasskeyOffer(ticket, options))

    async def confirm_passkey(call: Call) -> Response:
        body = await call.body(PasskeyConfirmation)
        return _enrolled(await factors.confirm_passkey(_owner(call), body.ticket, body.answer))

    async def renew(call: Call) -> Response:
        body = await call.body(OwnPassword)
        codes = await factors.renew_recovery_codes(_me(call, body.password))
        return json_response(200, RecoveryCodes([*codes]))

    async def remove(call: Call) -> Response:
        body = await call.body(OwnPassword)
        await factors.remove(_me(call, body.password), _number(call.parts["id"]))
        return Response(204)

    return [
        Route("GET", "/factors", list_all, Need.LOGIN, told=_LIST),
        Route("POST", "/factors/totp", begin_totp, Need.LOGIN, told=_BEGIN_TOTP),
        Route("POST", "/factors/totp/confirm", confirm_totp, Need.LOGIN, told=_TOTP),
        Route("POST", "/factors/passkey", begin_passkey, Need.LOGIN, told=_BEGIN_PASSKEY),
        Route("POST", "/factors/passkey/confirm", confirm_passkey, Need.LOGIN, told=_PASSKEY),
        Route("POST", "/factors/recovery-codes", renew, Need.LOGIN, told=_RENEW),
        # A POST, as not every client sends a body with DELETE (RFC 9110 section 9.3.5).
        Route("POST", "/factors/{id}/remove", remove, Need.LOGIN, told=_REMOVE),
    ]


def factor_reset_routes(factors: FactorService) -> list[Route]:
    """Return what an administrator may do for one who lost everything."""

    async def reset(call: Call) -> Response:
        removed = await factors.reset(call.parts["name"], call.caller, call.by)
        return json_response(200, RemovedFactors(removed))

    return [Route("DELETE", "/users/{name}/factors", reset, Permission.USER_MANAGE, told=_RESET)]


_TAG = "second factors"
_LIST = About("List one's second factors", gives=Factors, tag=_TAG, name="list_factors")
_BEGIN_TOTP = About(
    "Begin an authenticator app",
    takes=FactorBegin,
    gives=TotpOffer,
    tag=_TAG,
    secret=True,
    name="begin_totp",
)
_TOTP = About(
    "Confirm an authenticator app",
    takes=TotpConfirmation,
    gives=EnrolledFactor,
    status=201,
    tag=_TAG,
    secret=True,
    name="confirm_totp",
)
_BEGIN_PASSKEY = About(
    "Begin a passkey", takes=FactorBegin, gives=PasskeyOffer, tag=_TAG, secret=True
)
_PASSKEY = About(
    "Confirm a passkey",
    takes=PasskeyConfirmation,
    gives=EnrolledFactor,
    status=201,
    tag=_TAG,
    secret=True,
)
_RENEW = About(
    "Renew recovery codes", takes=OwnPassword, gives=RecoveryCodes, tag=_TAG, secret=True
)
_REMOVE = About(
    "Remove a second factor", takes=OwnPassword, status=204, errors=(404,), tag=_TAG, secret=True
)
_RESET = About(
    "Remove all second factors of a user",
    gives=RemovedFactors,
    errors=(404,),
    tag=_TAG,
    name="reset_factors",
)


def _owner(call: Call) -> Caller:
    if not call.caller.actor:
        raise Fault(Code.UNAUTHORIZED, "second factors are an account's: log in first")
    return call.caller


def _me(call: Call, password: str) -> Me:
    return Me(_owner(call), password)


def _number(text: str) -> int:
    # int() of a megabyte of digits would take long.
    if not (text.isascii() and text.isdecimal() and len(text) <= NUMBER_DIGITS_MAX):
        raise Fault(Code.NOT_FOUND, f"you have no second factor '{text[:20]}': list them")
    return int(text)


def _shown(row: Factor) -> FactorView:
    return FactorView(
        id=row.id,
        kind=row.kind.value,  # type: ignore[arg-type] # the other kinds are none of theirs
        label=row.label,
        created_at=moment(row.created_at),
        used_at=maybe(row.used_at),
    )


def _enrolled(enrolled: Enrolled) -> Response:
    shown = msgspec.structs.asdict(_shown(enrolled.factor))
    return json_response(201, EnrolledFactor(**shown, recovery_codes=[*enrolled.recovery_codes]))
