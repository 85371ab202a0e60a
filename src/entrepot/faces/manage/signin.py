"""Signing in with a browser: `/api/entrepot/v1/signin`."""

from typing import Annotated, Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.errors import Code, Fault
from entrepot.rules.roles import Role
from entrepot.services.signin import Needs, SigninService
from entrepot.services.websessions import Opened, WebSessionService

from .about import About, Also, Moment
from .api import Call, Handler, Route, moment
from .callers import Need
from .cookies import check_csrf, clear_cookies, cookie_account, session_id, set_cookies
from .problems import PROBLEM, Problem, problem

CHALLENGE = 'Session realm="Entrepot"'
"""For WWW-Authenticate: with Basic in it, browsers would ask for a password by themselves."""

_Text = Annotated[str, msgspec.Meta(max_length=256)]


class Login(msgspec.Struct, forbid_unknown_fields=True):
    """A name and a password."""

    name: _Text
    password: _Text


class TicketCode(msgspec.Struct, forbid_unknown_fields=True):
    """A code for a ticket."""

    ticket: _Text
    code: _Text


class SigninTicket(msgspec.Struct, forbid_unknown_fields=True):
    """A ticket alone."""

    ticket: _Text


class TicketAnswer(msgspec.Struct, forbid_unknown_fields=True):
    """A passkey's answer for a ticket: `PublicKeyCredential.toJSON()`."""

    ticket: _Text
    answer: dict[str, Any]


class SignedIn(msgspec.Struct):
    """Whose session the browser has."""

    name: str
    role: Role


class Session(msgspec.Struct):
    """A session that was opened, in cookies; `csrf` is for the header X-Entrepot-CSRF."""

    name: str
    role: Role
    csrf: str
    expires_at: Moment


class SigninProblem(Problem, kw_only=True):
    """With `ticket`, the password is right, and one of the factors in `needs` is needed too."""

    needs: list[str] | msgspec.UnsetType = msgspec.UNSET
    ticket: str | msgspec.UnsetType = msgspec.UNSET


def signin_routes(signin: SigninService, sessions: WebSessionService) -> list[Route]:
    """Return what anybody may ask for, as they are about to say who they are."""

    async def begin(call: Call) -> Response:
        body = await call.body(Login)
        found = await signin.begin(body.name, body.password, call.caller)
        return _needs(found) if isinstance(found, Needs) else _opened(call, found)

    async def with_code(call: Call) -> Response:
        body = await call.body(TicketCode)
        return _opened(call, await signin.with_code(body.ticket, body.code, call.caller))

    async def options(call: Call) -> Response:
        body = await call.body(SigninTicket)
        return json_response(200, await signin.passkey_options(body.ticket))

    async def with_passkey(call: Call) -> Response:
        body = await call.body(TicketAnswer)
        return _opened(call, await signin.with_passkey(body.ticket, body.answer, call.caller))

    async def current(call: Call) -> Response:
        account = await cookie_account(sessions, call.request)
        if account is None:
            raise Fault(Code.UNAUTHORIZED, "nobody is signed in here: sign in")
        return json_response(200, SignedIn(account.name, account.role))

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
        Route("POST", "/signin", _quietly(begin), Need.NOTHING, told=_BEGIN),
        Route("POST", "/signin/totp", _quietly(with_code), Need.NOTHING, told=_CODE),
        Route("POST", "/signin/passkey/options", _quietly(options), Need.NOTHING, told=_OPTIONS),
        Route("POST", "/signin/passkey", _quietly(with_passkey), Need.NOTHING, told=_PASSKEY),
        Route("GET", "/signin", _quietly(current), Need.NOTHING, told=_CURRENT),
        Route("DELETE", "/signin", end, Need.NOTHING, told=_END),
    ]


_TAG = "signing in"
_NEEDS_MORE = Also(401, "Not with these, or a second factor is needed.", SigninProblem)
_BEGIN = About(
    "Sign in", takes=Login, gives=Session, also=(_NEEDS_MORE,), errors=(429,), tag=_TAG, secret=True
)
_CODE = About(
    "Sign in with a code",
    name="sign_in_with_code",
    takes=TicketCode,
    gives=Session,
    errors=(401, 429),
    tag=_TAG,
    secret=True,
)
_OPTIONS = About(
    "Ask for a passkey",
    takes=SigninTicket,
    gives=dict[str, Any],
    errors=(401,),
    tag=_TAG,
    text="The answer is what the browser needs (`PublicKeyCredentialRequestOptions`).",
)
_PASSKEY = About(
    "Sign in with a passkey",
    name="sign_in_with_passkey",
    takes=TicketAnswer,
    gives=Session,
    errors=(401, 429),
    tag=_TAG,
    secret=True,
)
_CURRENT = About(
    "Say whose session it is", gives=SignedIn, errors=(401,), tag=_TAG, name="get_session"
)
_END = About("Sign out", status=204, errors=(403,), tag=_TAG)


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
    body = SigninProblem(
        status=401,
        title=Code.UNAUTHORIZED.value,
        detail="the password is right, and a second factor is needed",
        needs=[kind.value for kind in needs.kinds],
        ticket=needs.ticket,
    )
    response = json_response(401, body, PROBLEM)
    response.set("WWW-Authenticate", CHALLENGE)
    return response


def _opened(call: Call, opened: Opened) -> Response:
    account = opened.account
    session = Session(account.name, account.role, opened.csrf, moment(opened.expires_at))
    response = json_response(200, session)
    set_cookies(response, call.request, opened)
    return response
