"""All that can be set, read once at the start into frozen values."""

from .checks import LOOPBACK_HOSTS, PASSWORD_LENGTHS
from .loading import PREFIX, SHORT_NAMES, keys, load
from .model import Auth, Limits, Log, Server, Settings, SettingsError, Storage, Uploads

__all__ = [
    "LOOPBACK_HOSTS",
    "PASSWORD_LENGTHS",
    "PREFIX",
    "SHORT_NAMES",
    "Auth",
    "Limits",
    "Log",
    "Server",
    "Settings",
    "SettingsError",
    "Storage",
    "Uploads",
    "keys",
    "load",
]
