"""The caller's own second factors: `/api/entrepot/v1/factors`."""

from typing import Annotated, Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.ports.factors import Factor
from entrepot.rules.permissions import Permission
from entrepot.services.context import Caller
from entrepot.services.factors import Enrolled, FactorService, Me

from .api import Call, Route, moment
from .arguments import NUMBER_DIGITS_MAX
from .callers import Need

_Text = Annotated[str, msgspec.Meta(max_length=256)]


class Begin(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a POST that begins an enrolment."""

    password: _Text
    label: _Text


class ConfirmTotp(msgspec.Struct, forbid_unknown_fields=True):
    """A code of the app that was shown the secret."""

    ticket: _Text
    code: _Text


class ConfirmPasskey(msgspec.Struct, forbid_unknown_fields=True):
    """What the browser made of the options."""

    ticket: _Text
    answer: dict[str, Any]


class Password(msgspec.Struct, forbid_unknown_fields=True):
    """The caller's own password, once more."""

    password: _Text


def factor_routes(factors: FactorService) -> list[Route]:
    """Return what everybody who is known may do with what is theirs."""

    async def list_all(call: Call) -> Response:
        rows, left = await factors.of(_owner(call).actor)
        items = [_shown(row) for row in rows]
        return json_response(200, {"items": items, "recovery_codes_left": left})

    async def begin_totp(call: Call) -> Response:
        body = await call.body(Begin)
        offer = await factors.begin_totp(_me(call, body.password), body.label)
        shown = {"ticket": offer.ticket, "secret": offer.secret, "uri": offer.uri}
        return json_response(200, shown)

    async def confirm_totp(call: Call) -> Response:
        body = await call.body(ConfirmTotp)
        return _enrolled(await factors.confirm_totp(_owner(call), body.ticket, body.code))

    async def begin_passkey(call: Call) -> Response:
        body = await call.body(Begin)
        ticket, options = await factors.begin_passkey(_me(call, body.password), body.label)
        return json_response(200, {"ticket": ticket, "options": options})

    async def confirm_passkey(call: Call) -> Response:
        body = await call.body(ConfirmPasskey)
        return _enrolled(await factors.confirm_passkey(_owner(call), body.ticket, body.answer))

    async def renew(call: Call) -> Response:
        body = await call.body(Password)
        codes = await factors.renew_recovery_codes(_me(call, body.password))
        return json_response(200, {"recovery_codes": codes})

    async def remove(call: Call) -> Response:
        body = await call.body(Password)
        await factors.remove(_me(call, body.password), _number(call.parts["id"]))
        return Response(204)

    return [
        Route("GET", "/factors", list_all, Need.LOGIN),
        Route("POST", "/factors/totp", begin_totp, Need.LOGIN),
        Route("POST", "/factors/totp/confirm", confirm_totp, Need.LOGIN),
        Route("POST", "/factors/passkey", begin_passkey, Need.LOGIN),
        Route("POST", "/factors/passkey/confirm", confirm_passkey, Need.LOGIN),
        Route("POST", "/factors/recovery-codes", renew, Need.LOGIN),
        # A POST, as not every client sends a body with DELETE (RFC 9110 section 9.3.5).
        Route("POST", "/factors/{id}/remove", remove, Need.LOGIN),
    ]


def factor_reset_routes(factors: FactorService) -> list[Route]:
    """Return what an administrator may do for one who lost everything."""

    async def reset(call: Call) -> Response:
        removed = await factors.reset(call.parts["name"], call.caller, call.by)
        return json_response(200, {"removed": removed})

    return [Route("DELETE", "/users/{name}/factors", reset, Permission.USER_MANAGE)]


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


def _shown(row: Factor) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind.value,
        "label": row.label,
        "created_at": moment(row.created_at),
        "used_at": moment(row.used_at) if row.used_at is not None else None,
    }


def _enrolled(enrolled: Enrolled) -> Response:
    body = {**_shown(enrolled.factor), "recovery_codes": enrolled.recovery_codes}
    return json_response(201, body)
