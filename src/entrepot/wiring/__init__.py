"""The composition root: settings and adapters in, services and faces out."""

from .house import House, build
from .mounts import api_routes, mounts

__all__ = ["House", "api_routes", "build", "mounts"]
