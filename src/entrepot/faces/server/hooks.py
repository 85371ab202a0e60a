"""What metrics and access logs hear from the server."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, Protocol

from entrepot.faces.asgi import Scope
from entrepot.faces.shortcut import Brief

from .limits import ServerLimits

logger = logging.getLogger("entrepot.server")
P = ParamSpec("P")

STATUS_CLIENT_GONE = 499
"""Reported when the client left before any answer (nginx's number; never sent)."""


class Adjustable(Protocol):
    """What can be changed of a running server."""

    def set_limits(self, limits: ServerLimits) -> None:
        """Bound new connections by these."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Callbacks on the loop; they must not block, and what they raise is logged and dropped.

    `on_response(scope, status, bytes_in, bytes_out, seconds)` is called exactly once for each
    request given to an application. Bytes are body bytes: no heads, no chunk framing, zero-copy
    bytes included. Seconds run from the end of the request head until the kernel or the
    transport has the last byte. A response cut short reports what was sent until then.

    `on_brief(brief, method, target, host, seconds)` stands for `on_response` where a request was
    answered without one. `host` is None on a Unix socket.

    `on_refusal(status, code, host)` is called for each request or connection that the server
    refused by itself; `host` is None on a Unix socket.

    `on_listening(addresses)` is called once, with the real ones (`HOST:PORT`, `unix:PATH`).

    `on_hangup(server)` is called at each SIGHUP; without it the signal does what it did. `on_hurry`
    is called at each signal that comes while requests are drained.
    """

    on_response: Callable[[Scope, int, int, int, float], None] | None = None
    on_brief: Callable[[Brief, bytes, bytes, str | None, float], None] | None = None
    on_refusal: Callable[[int, str, str | None], None] | None = None
    on_listening: Callable[[tuple[str, ...]], None] | None = None
    on_hangup: Callable[[Adjustable], None] | None = None
    on_hurry: Callable[[], None] | None = None


def tell(name: str, hook: Callable[P, None] | None, *args: P.args, **kwargs: P.kwargs) -> None:
    """Call an observer, if there is one; when it fails that is logged, and harms no request."""
    if hook is None:
        return
    try:
        hook(*args, **kwargs)
    except Exception:  # an observer must not harm what it observes
        logger.exception("%s failed", name)
