"""The challenge of a 401: where to get a token, and for what."""

import re

from entrepot.faces.asgi import Request, Response
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName

from .routes import Kind, Route

TOKEN_PATH = "/service/token"  # noqa: S105 - an address, not a password

NARROW = "insufficient_scope"
DESCRIPTION_MAX = 500
"""Characters of a refusal that a challenge repeats."""

_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_ACTIONS = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}


class Challenger:
    """Writes `WWW-Authenticate` (RFC 6750, distribution "Token Authentication").

    Only Bearer is offered, as every client speaks it and some read just the first challenge;
    Basic credentials are taken all the same. With `basic_realm` only Basic is (RFC 7617), as by a
    registry:2 with htpasswd: it needs no URL, so that any proxy may stand in front.
    """

    def __init__(self, service: str, public_url: str, *, basic_realm: str = "") -> None:
        self._service = service
        self._public_url = public_url.rstrip("/")
        self._basic_realm = basic_realm

    def add(self, response: Response, request: Request, route: Route | None, fault: Fault) -> None:
        """Add the challenge to a 401."""
        if self._basic_realm:
            response.set("WWW-Authenticate", f'Basic realm="{self._basic_realm}"')
            return
        parts = [f'realm="{self._base(request)}{TOKEN_PATH}"', f'service="{self._service}"']
        scope = _scope(request, route)
        if scope:
            parts.append(f'scope="{scope}"')
        error = _error(request, fault)
        if error:
            parts.append(f'error="{error}"')
        if error == NARROW:
            # Without it, docker says that "requested access to the resource is denied", no more.
            parts.append(f'error_description="{_described(fault.message)}"')
        response.set("WWW-Authenticate", f"Bearer {','.join(parts)}")

    def _base(self, request: Request) -> str:
        """Return the URL the client used: some refuse a realm on another host."""
        if self._public_url:
            return self._public_url
        host = request.header(b"host") or ""
        # It goes into a header between quotes, and tells clients where to send a password.
        if not _HOST.fullmatch(host):
            host = "localhost"
        return f"{request.scope.get('scheme', 'http')}://{host}"


def _error(request: Request, fault: Fault) -> str:
    if request.header(b"authorization") is None:
        return ""
    if isinstance(fault.detail, dict) and "error" in fault.detail:
        return str(fault.detail["error"])
    return NARROW if isinstance(fault.detail, dict) else "invalid_token"


def _described(text: str) -> str:
    """Return what may stand between quotes here (RFC 6750 section 3)."""
    shown = text[:DESCRIPTION_MAX]
    return "".join(c if " " <= c <= "~" and c not in '"\\' else "'" for c in shown)


def _scope(request: Request, route: Route | None) -> str:
    if route is None or route.kind is Kind.PING:
        return ""
    if route.kind is Kind.CATALOG:
        return "registry:catalog:*"
    name = _plain(route.name)
    if name is None:
        return ""
    upload = route.kind in (Kind.UPLOADS, Kind.UPLOAD)
    actions = "pull,push" if upload else _ACTIONS.get(request.method, "pull,push")
    scope = f"repository:{name}:{actions}"
    source = _source(request) if route.kind is Kind.UPLOADS else None
    return f"{scope} repository:{source}:pull" if source else scope


def _source(request: Request) -> str | None:
    try:
        return _plain(request.argument("from") or "")
    except Fault:
        return None


def _plain(text: str) -> str | None:
    """Return a repository's name as the client wrote it, if it is one: it goes into a header."""
    try:
        RepositoryName.parse(text)
    except Fault as fault:
        if fault.code is Code.NAME_INVALID:
            return None
        raise
    return text
