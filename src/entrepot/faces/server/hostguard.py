"""An open registry speaks to this machine alone, and to no page of the web."""

import ipaddress
from collections.abc import Awaitable
from urllib.parse import urlsplit

from entrepot.faces.asgi import App, Receive, Scope, Send, json_response, send_response
from entrepot.oci.errors import Code

from .trust import parse_address

MISDIRECTED = 421
FORBIDDEN = 403
_SHOWN_CHARACTERS = 100


def is_loopback(netloc: str) -> bool:
    """Whether `HOST[:PORT]` can only mean this machine, whoever answers for its name.

    `localhost` and names below it never leave it (RFC 6761 section 6.3); any other name may
    lead here too, but then somebody else's DNS says so.
    """
    try:
        parts = urlsplit(f"//{netloc}")
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if "@" in netloc:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = parse_address(host)
    if isinstance(address, ipaddress.IPv6Address):
        return address.is_loopback and netloc.startswith("[")
    return address is not None and address.is_loopback


class HostGuard:
    """Refuses requests with a Host or an Origin that is not this machine.

    A page from elsewhere can make a browser send requests here: under the page's own name, by
    letting that name lead to 127.0.0.1, or to localhost with the page as Origin. Unix sockets
    are out of a browser's reach and not looked at.
    """

    __slots__ = ("_app", "_good")

    def __init__(self, app: App) -> None:
        self._app = app
        self._good = b""  # the Host seen last, which nearly all requests share

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        server = scope.get("server")
        if server is None or server[1] is None:
            return self._app(scope, receive, send)
        host = origin = None
        for name, value in scope["headers"]:
            if name == b"host" and value != self._good:
                host = value.decode("latin-1")
            elif name == b"origin":
                origin = value.decode("latin-1")
        if host is not None and is_loopback(host):
            self._good = host.encode("latin-1")
        elif host is not None:
            return _refuse(
                scope,
                send,
                MISDIRECTED,
                f"this registry is open to its own machine alone, and '{_shown(host)}' may be "
                "anyone's name for it: use localhost or 127.0.0.1, or start it without --open "
                "and log in",
            )
        if origin is not None and not is_loopback(origin.partition("://")[2]):
            return _refuse(
                scope,
                send,
                FORBIDDEN,
                f"this registry is open to its own machine alone, and takes no requests of web "
                f"pages from '{_shown(origin)}': start it without --open and log in",
            )
        return self._app(scope, receive, send)


def _shown(text: str) -> str:
    return text[:_SHOWN_CHARACTERS]


def _refuse(scope: Scope, send: Send, status: int, message: str) -> Awaitable[None]:
    body = {"errors": [{"code": Code.DENIED, "message": message}]}
    return send_response(scope, send, json_response(status, body))
