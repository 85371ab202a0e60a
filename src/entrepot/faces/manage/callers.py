"""Who calls the management API: by credentials, a session, or on the socket."""

from dataclasses import dataclass, replace
from enum import Enum

from entrepot.faces.asgi import Request
from entrepot.ports.accounts import Account
from entrepot.rules.access import ANONYMOUS, Identity, Kind
from entrepot.rules.roles import Role
from entrepot.services.access import AccessService
from entrepot.services.authentication import at, unauthorized
from entrepot.services.context import OPERATOR
from entrepot.services.standing import StandingService
from entrepot.services.websessions import WebSessionService

from .cookies import cookie_account, session_id
from .problems import BASIC, SESSION

THE_OPERATOR = Identity(OPERATOR, Role.ADMIN, kind=Kind.USER)
"""Who needs no credentials, and may do everything."""


class Need(Enum):
    """What a route needs where it is no permission."""

    NOTHING = "nothing"
    """Anyone may call it, whatever credentials they send."""
    ANYONE = "anyone"
    """Anyone, logged in or not; the handler shows each what is for them."""
    LOGIN = "login"
    """Anyone who is somebody; the handler sees to the rest."""


@dataclass(frozen=True, slots=True)
class Browsers:
    """Who is signed in by a cookie."""

    sessions: WebSessionService
    standing: StandingService


async def identify(access: AccessService, browsers: Browsers | None, request: Request) -> Identity:
    """Return who sent a request, and note it there.

    A cookie counts only without an Authorization header, a certificate without either. Raises
    `Fault`: UNAUTHORIZED for wrong credentials, DENIED for a change without the session's CSRF
    token.
    """
    authorization, address = request.header(b"authorization"), request.client_address
    identity = None
    if authorization is None and browsers is not None:
        identity = await _by_cookie(browsers, request)
    if identity is None:
        certificate = request.certificate
        identity = await access.identify(authorization, address, certificate=certificate)
    request.actor, request.known = identity.name, True
    return identity


def nobody(request: Request) -> Identity:
    """Return an anonymous caller, from where they are."""
    return replace(ANONYMOUS, address=request.client_address)


def is_browser(request: Request) -> bool:
    """Whether a request comes with a session, over or not, and no other credentials."""
    return request.header(b"authorization") is None and bool(session_id(request))


def challenge(request: Request) -> str:
    """Return how to log in, for whoever sent the request."""
    return SESSION if is_browser(request) else BASIC


async def _by_cookie(browsers: Browsers, request: Request) -> Identity | None:
    account = await cookie_account(browsers.sessions, request)
    return await signed_in(browsers, account, request) if account is not None else None


async def signed_in(browsers: Browsers, account: Account, request: Request) -> Identity:
    """Return who a session's account is; `Fault(UNAUTHORIZED)` for one switched off since."""
    standing = await browsers.standing.of(Kind.USER, account.name)
    if standing is None:
        raise unauthorized(f"{account.name} is switched off or gone: ask an administrator")
    return at(standing, request.client_address)
