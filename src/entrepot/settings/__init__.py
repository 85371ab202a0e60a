"""All that can be set, read once at the start into frozen values."""

from .checks import LOOPBACK_HOSTS, PASSWORD_LENGTHS, SPARSE, check
from .loading import PREFIX, SHORT_NAMES, keys, load
from .model import (
    Auth,
    Gc,
    Jobs,
    Limits,
    Log,
    Manifests,
    Projects,
    Quota,
    Rates,
    Scrub,
    Secrets,
    Server,
    Settings,
    SettingsError,
    Storage,
    Trash,
    Uploads,
)
from .oidc import issuer_and_file
from .people import Ldap, Oidc, Workloads
from .sources import Sources, read

__all__ = [
    "LOOPBACK_HOSTS",
    "PASSWORD_LENGTHS",
    "PREFIX",
    "SHORT_NAMES",
    "SPARSE",
    "Auth",
    "Gc",
    "Jobs",
    "Ldap",
    "Limits",
    "Log",
    "Manifests",
    "Oidc",
    "Projects",
    "Quota",
    "Rates",
    "Scrub",
    "Secrets",
    "Server",
    "Settings",
    "SettingsError",
    "Sources",
    "Storage",
    "Trash",
    "Uploads",
    "Workloads",
    "check",
    "issuer_and_file",
    "keys",
    "load",
    "read",
]
