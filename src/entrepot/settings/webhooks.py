"""What no type can say of the settings of webhooks."""

import re
from urllib.parse import urlsplit

from .callers import UNIX, check_networks
from .model import SettingsError, Webhooks

ENDPOINTS_MAX = 20
_ENDPOINT = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]{0,63} https?://[A-Za-z0-9\[][!-~]{0,1999}( [ -~]{1,2000})?"
)
"""As `rules.notifications.document` reads its parts."""


def check_webhooks(webhooks: Webhooks) -> None:
    """Raise `SettingsError` for what cannot be used."""
    check_networks("webhooks.allow_networks", webhooks.allow_networks)
    if UNIX in webhooks.allow_networks:
        raise SettingsError(
            f"webhooks.allow_networks: nothing is sent to {UNIX} sockets; name networks only"
        )
    _check_endpoints(webhooks.endpoints)
    if webhooks.proxy and not _is_proxy(webhooks.proxy):
        raise SettingsError(
            "webhooks.proxy: it must be http:// with a host and a port, for example "
            "http://proxy.example.com:3128"
        )


def _check_endpoints(endpoints: tuple[str, ...]) -> None:
    if len(endpoints) > ENDPOINTS_MAX:
        raise SettingsError(f"webhooks.endpoints: name at most {ENDPOINTS_MAX}")
    names = [text.split(" ", 1)[0] for text in endpoints]
    for text, name in zip(endpoints, names, strict=True):
        # Never the text itself, as an authorization may be in it.
        if not _ENDPOINT.fullmatch(text) or names.count(name) > 1:
            raise SettingsError(
                f"webhooks.endpoints: {name[:40]!a} must be NAME URL, or NAME URL AUTHORIZATION, "
                "with another name for each, for example `ci https://ci.example.com/hook`"
            )


def _is_proxy(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    bare = parts.path in ("", "/") and not (parts.query or parts.fragment)
    return parts.scheme == "http" and bool(parts.hostname) and bool(port) and bare
