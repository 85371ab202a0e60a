"""Signing in with a browser: `/api/entrepot/v1/signin`."""

from typing import Annotated, Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.services.signin import Needs, SigninService
from entrepot.services.websessions import Opened, WebSessionService

from .api import Call, Handler, Route, moment
from .callers import Need
from .cookies import check_csrf, clear_cookies, cookie_account, session_id, set_cookies
from .problems import PROBLEM, problem

CHALLENGE = 'Session realm="Entrepot"'
"""For WWW-Authenticate: with Basic in it, browsers would ask for a password by themselves."""

_Text = Annotated[str, msgspec.Meta(max_length=256)]


class Login(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a POST."""

    name: _Text
    password: _Text


class CodeOf(msgspec.Struct, forbid_unknown_fields=True):
    """A code for a ticket."""

    ticket: _Text
    code: _Text


class Ticket(msgspec.Struct, forbid_unknown_fields=True):
    """A ticket alone."""

    ticket: _Text


class AnswerOf(msgspec.Struct, forbid_unknown_fields=True):
    """A passkey's answer for a ticket: `PublicKeyCredential.toJSON()`."""

    ticket: _Text
    answer: dict[str, Any]


def signin_routes(signin: SigninService, sessions: WebSessionService) -> list[Route]:
    """Return what anybody may ask for, as they are about to say who they are."""

    async def begin(call: Call) -> Response:
        body = await call.body(Login)
        found = await signin.begin(body.name, body.password, call.caller)
        return _needs(found) if isinstance(found, Needs) else _opened(call, found)

    async def with_code(call: Call) -> Response:
        body = await call.body(CodeOf)
        return _opened(call, await signin.with_code(body.ticket, body.code, call.caller))

    async def options(call: Call) -> Response:
        body = await call.body(Ticket)
        return json_response(200, await signin.passkey_options(body.ticket))

    async def with_passkey(call: Call) -> Response:
        body = await call.body(AnswerOf)
        return _opened(call, await signin.with_passkey(body.ticket, body.answer, call.caller))

    async def current(call: Call) -> Response:
        account = await cookie_account(sessions, call.request)
        if account is None:
            raise Fault(Code.UNAUTHORIZED, "nobody is signed in here: sign in")
        return json_response(200, {"name": account.name, "role": account.role.value})

    async def end(call: Call) -> Response:
        found = session_id(call.request)
        # Also of a session that is over: nobody is to be signed out by a page of another site.
        if found:
            check_csrf(call.request, found)
            await sessions.end(found, call.caller)
        response = Response(204)
        clear_cookies(response, call.request)
        return response

    return [
        Route("POST", "/signin", _quietly(begin), Need.NOTHING),
        Route("POST", "/signin/totp", _quietly(with_code), Need.NOTHING),
        Route("POST", "/signin/passkey/options", _quietly(options), Need.NOTHING),
        Route("POST", "/signin/passkey", _quietly(with_passkey), Need.NOTHING),
        Route("GET", "/signin", _quietly(current), Need.NOTHING),
        Route("DELETE", "/signin", end, Need.NOTHING),
    ]


def _quietly(handler: Handler) -> Handler:
    """Return a handler whose 401 makes no browser ask for a password."""

    async def quiet(call: Call) -> Response:
        try:
            return await handler(call)
        except Fault as fault:
            if fault.code is not Code.UNAUTHORIZED:
                raise
            response = problem(fault)
        response.headers = [each for each in response.headers if each[0] != b"WWW-Authenticate"]
        response.set("WWW-Authenticate", CHALLENGE)
        return response

    return quiet


def _needs(needs: Needs) -> Response:
    body = {
        "status": 401,
        "title": Code.UNAUTHORIZED.value,
        "detail": "the password is right, and a second factor is needed",
        "needs": [kind.value for kind in needs.kinds],
        "ticket": needs.ticket,
    }
    response = json_response(401, body, PROBLEM)
    response.set("WWW-Authenticate", CHALLENGE)
    return response


def _opened(call: Call, opened: Opened) -> Response:
    account = opened.account
    body = {
        "name": account.name,
        "role": account.role.value,
        "csrf": opened.csrf,
        "expires_at": moment(opened.expires_at),
    }
    response = json_response(200, body)
    set_cookies(response, call.request, opened)
    return response
