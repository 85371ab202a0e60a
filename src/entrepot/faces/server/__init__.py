"""The HTTP/1.1 server edge: bounds, zero-copy downloads, threaded uploads."""

from .hooks import STATUS_CLIENT_GONE, Hooks
from .limits import ServerLimits
from .listen import Listener, ListenError
from .plain import WithDrain, drain_plain
from .run import serve

__all__ = [
    "STATUS_CLIENT_GONE",
    "Hooks",
    "ListenError",
    "Listener",
    "ServerLimits",
    "WithDrain",
    "drain_plain",
    "serve",
]
