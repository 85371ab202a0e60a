"""The HTTP/1.1 server edge: bounds, zero-copy downloads, threaded uploads."""

from .forwarded import ForwardedApp
from .hooks import STATUS_CLIENT_GONE, Adjustable, Hooks
from .hostguard import HostGuard
from .limits import ServerLimits
from .listen import (
    UNIX_MODE_PUBLIC,
    BoundSocket,
    Listener,
    ListenError,
    bind,
    bind_beside,
    deal,
)
from .plain import WithDrain, drain_plain
from .run import serve
from .trust import TrustedProxies

__all__ = [
    "STATUS_CLIENT_GONE",
    "UNIX_MODE_PUBLIC",
    "Adjustable",
    "BoundSocket",
    "ForwardedApp",
    "Hooks",
    "HostGuard",
    "ListenError",
    "Listener",
    "ServerLimits",
    "TrustedProxies",
    "WithDrain",
    "bind",
    "bind_beside",
    "deal",
    "drain_plain",
    "serve",
]
