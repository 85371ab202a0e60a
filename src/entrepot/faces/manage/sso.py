"""Signing in at an identity provider: `/signin/oidc`, for browsers.

`GET /signin/oidc/login?next=PATH` sends the browser there, `/signin/oidc/callback` takes it back
and begins a session, and `/signin/oidc` shows how docker logs in.
"""

from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

from entrepot.faces.asgi import App, Receive, Request, Response, Scope, Send, send_response
from entrepot.faces.refusals import LOGIN, note_refusal
from entrepot.oci.errors import Code, Fault
from entrepot.ports.federation import Returned
from entrepot.rules.access import Kind
from entrepot.rules.websessions import csrf_token, is_csrf_token
from entrepot.services.access_tokens import AccessTokenService
from entrepot.services.audittrail import AuditTrail
from entrepot.services.authentication import at, unauthorized
from entrepot.services.authority import Acting
from entrepot.services.context import Caller
from entrepot.services.sso import HOME, SsoService
from entrepot.services.standing import StandingService
from entrepot.services.websessions import WebSessionService

from .cookies import COOKIES_MAX_BYTES, is_secure, session_id, set_cookies
from .problems import problem

PLACE = "/signin/oidc"
CALLBACK = f"{PLACE}/callback"
COOKIE = "entrepot-oidc"
COOKIE_SECONDS = 600
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Entrepot</title>
<meta name="viewport" content="width=device-width">
<style>body{{font:16px/1.5 sans-serif;max-width:40em;margin:3em auto;padding:0 1em}}
pre{{background:#eee;padding:.7em;overflow:auto}}</style></head>
<body><h1>{title}</h1>{body}</body></html>
"""


@dataclass(frozen=True, slots=True)
class SsoFace:
    """What the pages need; `public_url` is where browsers come to."""

    sso: SsoService
    sessions: WebSessionService
    standing: StandingService
    access_tokens: AccessTokenService
    public_url: str
    trail: AuditTrail | None = None


def sso_app(face: SsoFace) -> App:
    """Return the application for `/signin`."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await _answer(face, request)
        except Fault as fault:
            note_refusal(face.trail, request, fault, operation=LOGIN, resource=PLACE)
            response = _page(problem(fault).status, "Not signed in", _said(fault.message))
        response.set("Cache-Control", "no-store")
        response.set("Referrer-Policy", "no-referrer")
        response.set("X-Content-Type-Options", "nosniff")
        await send_response(scope, send, response)

    return app


async def _answer(face: SsoFace, request: Request) -> Response:
    asked = (request.method, request.raw_path.rstrip("/"))
    if asked == ("GET", f"{PLACE}/login"):
        begun = await face.sso.begin(request.argument("next") or HOME)
        response = _sent(begun.url)
        response.set("Set-Cookie", _cookie(request, begun.cookie, COOKIE_SECONDS))
        return response
    if asked == ("GET", CALLBACK):
        return await _back(face, request)
    if asked == ("GET", PLACE):
        name = (await _signed_in(face, request)).identity.name
        return _page(200, f"Signed in as {name}", _offer(face, request, name))
    if asked == ("POST", f"{PLACE}/secret"):
        return await _secret(face, request)
    raise Fault(Code.NOT_FOUND, f"nothing is served at this address: sign in at {PLACE}/login")


async def _back(face: SsoFace, request: Request) -> Response:
    """Finish a login; its cookie is used up, whatever comes of it."""
    error = request.argument("error")
    try:
        if error is not None:
            raise unauthorized(f"the identity provider says '{_short(error)}': sign in again")
        landed = await face.sso.finish(
            _kept(request),
            request.argument("state") or "",
            Returned(request.argument("code") or "", request.argument("iss")),
        )
    except Fault as fault:
        note_refusal(face.trail, request, fault, operation=LOGIN, resource=PLACE, sent=True)
        response = _page(problem(fault).status, "Not signed in", _said(fault.message))
        response.set("Set-Cookie", _cookie(request, "", 0))
        return response
    visitor = Caller(landed.account.name, request.client_program, request.client_address)
    opened = await face.sessions.open(landed.account, visitor)
    response = _sent(PLACE if landed.following == HOME else landed.following)
    set_cookies(response, request, opened)
    response.set("Set-Cookie", _cookie(request, "", 0))
    return response


async def _signed_in(face: SsoFace, request: Request) -> Acting:
    """Return whose session the browser has, or raise `Fault(UNAUTHORIZED)`."""
    found = session_id(request)
    account = await face.sessions.identify(found) if found else None
    standing = await face.standing.of(Kind.USER, account.name) if account is not None else None
    if standing is None:
        raise unauthorized(f"nobody is signed in here: go to {PLACE}/login")
    name = standing.identity.name
    request.actor, request.known = name, True
    identity = at(standing, request.client_address)
    return Acting(identity, Caller(name, request.client_program, request.client_address))


async def _secret(face: SsoFace, request: Request) -> Response:
    acting = await _signed_in(face, request)
    form = await request.form()
    # What another site's page has a browser send has no such field (double submit).
    if not is_csrf_token(session_id(request), (form.get("csrf") or [""])[0]):
        raise Fault(Code.DENIED, f"this did not come from our page: go to {PLACE}")
    _, secret = await face.access_tokens.renew_cli_secret(acting)
    host, name = urlsplit(face.public_url).netloc, acting.identity.name
    command = f"docker login {host} -u {name} -p {secret}"
    body = (
        f"<p>With this secret docker logs in as you; it is shown this once, and the one before is "
        f"good no more.</p><pre>{escape(command)}</pre>"
    )
    return _page(200, f"The secret of {name}", body)


def _offer(face: SsoFace, request: Request, name: str) -> str:
    host = urlsplit(face.public_url).netloc
    csrf = escape(csrf_token(session_id(request)))
    return (
        "<p>Programs that know only a name and a password, such as docker, take a secret that is "
        f"made here:</p><pre>docker login {escape(host)} -u {escape(name)}</pre>"
        f'<form method="post" action="{PLACE}/secret">'
        f'<input type="hidden" name="csrf" value="{csrf}">'
        "<button>Make the secret, and end the one before</button></form>"
    )


def _said(message: str) -> str:
    return f'<p>{escape(message)}</p><p><a href="{PLACE}/login">Sign in</a></p>'


def _page(status: int, title: str, body: str) -> Response:
    text = _PAGE.format(title=escape(title), body=body).encode()
    response = Response(status, body=text)
    response.set("Content-Type", "text/html; charset=utf-8")
    response.set("Content-Security-Policy", POLICY)
    return response


def _sent(url: str) -> Response:
    response = Response(303)
    response.set("Location", url)
    return response


def _kept(request: Request) -> str:
    header = request.header(b"cookie") or ""
    if len(header) > COOKIES_MAX_BYTES:
        return ""
    for part in header.replace(",", ";").split(";"):
        name, _, value = part.strip().partition("=")
        if name == _name(request):
            return value
    return ""


def _name(request: Request) -> str:
    return f"__Host-{COOKIE}" if is_secure(request) else COOKIE


def _cookie(request: Request, value: str, seconds: int) -> str:
    # Lax, as it is the provider's page that sends the browser back.
    secure = "; Secure" if is_secure(request) else ""
    return f"{_name(request)}={value}; Path=/; Max-Age={seconds}; SameSite=Lax; HttpOnly{secure}"


def _short(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text[:80])
