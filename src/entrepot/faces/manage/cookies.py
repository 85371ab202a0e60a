"""Cookies of a session: one that scripts cannot read, and one that they must.

A page proves by the second that it is ours (double submit): another site can make a browser send
cookies, but can neither read them nor set the header.
"""

from entrepot.faces.asgi import Request, Response
from entrepot.oci.errors import Code, Fault
from entrepot.ports.accounts import Account
from entrepot.rules.websessions import LIFE_SECONDS, is_csrf_token
from entrepot.services.websessions import Opened, WebSessionService

CSRF_HEADER = "X-Entrepot-CSRF"
COOKIES_MAX_BYTES = 8192

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SESSION, _CSRF = "entrepot-session", "entrepot-csrf"


def set_cookies(response: Response, request: Request, opened: Opened) -> None:
    """Give the browser a session."""
    age = int(LIFE_SECONDS)
    response.set("Set-Cookie", _cookie(request, _SESSION, opened.session_id, age))
    response.set("Set-Cookie", _cookie(request, _CSRF, opened.csrf, age))


def clear_cookies(response: Response, request: Request) -> None:
    """Take it away again."""
    response.set("Set-Cookie", _cookie(request, _SESSION, "", 0))
    response.set("Set-Cookie", _cookie(request, _CSRF, "", 0))


def session_id(request: Request) -> str:
    """Return the session's id that a browser sent, or an empty text.

    Over HTTPS only the cookie with the prefix counts, which no other host and no plain HTTP can
    have set (RFC 6265bis section 4.1.3.2).
    """
    return cookie(request, _name(request, _SESSION))


def cookie(request: Request, wanted: str) -> str:
    """Return the value of a cookie, or an empty text."""
    header = request.header(b"cookie") or ""
    if len(header) > COOKIES_MAX_BYTES:
        return ""
    # Repeated headers were joined by a comma, which stands in none of our values.
    for part in header.replace(",", ";").split(";"):
        name, _, value = part.strip().partition("=")
        if name == wanted:
            return value
    return ""


def check_csrf(request: Request, session: str) -> None:
    """Raise `Fault(DENIED)` for a change that a page of another site may have asked for."""
    if request.method in _SAFE:
        return
    given = request.header(CSRF_HEADER.lower().encode()) or ""
    if not is_csrf_token(session, given):
        raise Fault(
            Code.DENIED,
            f"the header {CSRF_HEADER} is not the session's: send what the sign-in answered as "
            "csrf, or sign in again",
        )


async def cookie_account(sessions: WebSessionService, request: Request) -> Account | None:
    """Return whose session a request brings; None for no cookie, or one that is over.

    Raises `Fault(DENIED)` as `check_csrf` does. What has an Authorization header needs no cookie,
    and must not be asked here.
    """
    found = session_id(request)
    account = await sessions.identify(found) if found else None
    if account is not None:
        check_csrf(request, found)
    return account


def is_secure(request: Request) -> bool:
    """Whether the browser came by HTTPS, to us or to a proxy that is trusted."""
    return request.scope.get("scheme") == "https"


def _name(request: Request, name: str) -> str:
    return f"__Host-{name}" if is_secure(request) else name


def _cookie(request: Request, name: str, value: str, age_seconds: int) -> str:
    hidden = "; HttpOnly" if name == _SESSION else ""
    secure = "; Secure" if is_secure(request) else ""
    return (
        f"{_name(request, name)}={value}; Path=/; Max-Age={age_seconds}; SameSite=Lax"
        f"{hidden}{secure}"
    )
