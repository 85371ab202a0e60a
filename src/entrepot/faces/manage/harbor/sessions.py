"""Sessions as Harbor has them: `/c/login`, cookie `sid`, token with changes.

The session is one of ours (`services.websessions`); only its cookie and header have other names.
Whoever sends the cookie must send the token of the session with each change. It is told in every
answer to them, and in answers to those who have said nothing of who they are, so that clients which
fetch one before they log in find one; the log-in itself asks for none, but takes no form that a
page of another site sent.
"""

from entrepot.faces.asgi import App, Receive, Request, Response, Scope, Send, send_response
from entrepot.faces.manage.callers import Browsers, identify, signed_in
from entrepot.faces.manage.cookies import cookie, is_secure
from entrepot.faces.refusals import note_refusal
from entrepot.oci.errors import Code, Fault
from entrepot.rules.access import Identity
from entrepot.rules.websessions import LIFE_SECONDS, csrf_token, is_csrf_token
from entrepot.services.access import AccessService
from entrepot.services.audittrail import AuditTrail
from entrepot.services.authentication import unauthorized
from entrepot.services.context import Caller
from entrepot.services.signin import Needs, SigninService
from entrepot.services.websessions import WebSessionService

from .answers import failed, failure

COOKIE = "sid"
TOKEN = "X-Harbor-CSRF-Token"  # noqa: S105 - a header's name
TOKEN_COOKIE = "_gorilla_csrf"  # noqa: S105 - a cookie's name
"""Some clients do not try again with a token unless this cookie came with it."""
LOGIN, LOGOUT = "/c/login", "/c/log_out"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


async def known(access: AccessService, browsers: Browsers | None, request: Request) -> Identity:
    """Return who sent a request, by credentials, by `sid`, or by a session of our own pages.

    Raises `Fault`: UNAUTHORIZED, or DENIED for a change without the session's token.
    """
    session = session_of(request)
    if not session or browsers is None:
        return await identify(access, browsers, request)
    account = await browsers.sessions.identify(session)
    if account is None:
        return await identify(access, browsers, request)
    check_token(request, session)
    identity = await signed_in(browsers, account, request)
    request.actor, request.known = identity.name, True
    return identity


def session_of(request: Request) -> str:
    """Return the id in the cookie `sid`, if nothing else says who it is; or an empty text."""
    if request.header(b"authorization") is not None:
        return ""
    return cookie(request, COOKIE)


def check_token(request: Request, session: str) -> None:
    """Raise `Fault(DENIED)` for a change that a page of another site may have asked for."""
    if request.method in _SAFE:
        return
    given = request.header(TOKEN.lower().encode())
    if not given:
        raise Fault(Code.DENIED, "CSRF token not found in request")
    if not is_csrf_token(session, given):
        raise Fault(Code.DENIED, "CSRF token invalid: send the one of the answer before")


def tell_token(request: Request, response: Response) -> None:
    """Add the token to the answer for who comes by a cookie, or by nothing."""
    if request.header(b"authorization") is not None:
        return
    session = session_of(request)
    token = csrf_token(session)
    response.set(TOKEN, token)
    if response.status == 403 and session:
        response.set("Set-Cookie", _cookie(request, TOKEN_COOKIE, token, int(LIFE_SECONDS)))


def login_app(
    signin: SigninService, sessions: WebSessionService, trail: AuditTrail | None = None
) -> App:
    """Return the application of `/c/login` and `/c/log_out`."""

    async def log_in(request: Request) -> Response:
        if request.is_of_another_site:
            raise Fault(Code.DENIED, "a page of another site sent this: log in from our own")
        form = await request.form()
        name = (form.get("principal") or [""])[0]
        password = (form.get("password") or [""])[0]
        if not name or not password:
            raise unauthorized("principal and password are needed: send them as a form")
        request.actor = name[:256]
        visitor = Caller(name[:256], request.client_program, request.client_address)
        opened = await signin.begin(name, password, visitor)
        if isinstance(opened, Needs):
            raise unauthorized(
                "the password is right, and a second factor is needed too: sign in at our own "
                "pages, or use an access token as the password"
            )
        response = Response(200)
        age = int(LIFE_SECONDS)
        response.set("Set-Cookie", _cookie(request, COOKIE, opened.session_id, age))
        response.set(TOKEN, opened.csrf)
        return response

    async def log_out(request: Request) -> Response:
        session = session_of(request)
        response = Response(200)
        if session and not request.is_of_another_site:
            caller = Caller("", request.client_program, request.client_address)
            await sessions.end(session, caller)
            response.set("Set-Cookie", _cookie(request, COOKIE, "", 0))
        return response

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = request.raw_path
        try:
            if path == LOGIN and request.method == "POST":
                response = await log_in(request)
            elif path == LOGOUT and request.method == "GET":
                response = await log_out(request)
            else:
                response = failed(404, "NOT_FOUND", f"path {path[:200]} was not found")
        except Fault as fault:
            note_refusal(trail, request, fault, operation="session.open", resource=path)
            response = failure(fault)
        response.set("Cache-Control", "no-store")
        await send_response(scope, send, response)

    return app


def _cookie(request: Request, name: str, value: str, age_seconds: int) -> str:
    secure = "; Secure" if is_secure(request) else ""
    return f"{name}={value}; Path=/; Max-Age={age_seconds}; SameSite=Lax; HttpOnly{secure}"
