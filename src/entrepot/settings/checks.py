"""What no type can say of settings: which values go together."""

import re

from .model import Server, Settings, SettingsError

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
PASSWORD_LENGTHS = (8, 128)
"""As `rules.passwords` has them, which stands above this module."""

# What goes into a header between quotes, so without any.
_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}")
_URL = re.compile(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?")
_PATTERN = re.compile(r"[a-z0-9._/-]+\*?|\*")


def check(settings: Settings) -> None:
    """Raise `SettingsError` for what cannot be used."""
    _check_server(settings.server)
    for address in settings.server.listen:
        _check_address(address, is_open=settings.auth.open)
    _check_auth(settings)
    if not settings.storage.data:
        raise SettingsError("storage.data: it is empty; name a directory, for example ./data")
    if settings.log.level not in ("debug", "info", "warning", "error"):
        raise SettingsError(
            f"log.level: '{settings.log.level}' must be debug, info, warning or error"
        )
    if settings.log.format not in ("auto", "text", "json"):
        raise SettingsError(f"log.format: '{settings.log.format}' must be auto, text or json")


def _check_server(server: Server) -> None:
    if server.tls not in ("off", "auto", "files"):
        raise SettingsError(f"server.tls: '{server.tls}' must be off, auto or files")
    if server.tls == "files" and not (server.tls_cert and server.tls_key):
        raise SettingsError("server.tls_cert and server.tls_key: both files are needed")
    if server.tls != "files" and (server.tls_cert or server.tls_key):
        raise SettingsError(
            f"server.tls: with '{server.tls}', server.tls_cert and server.tls_key would not be "
            "used; say files, or leave them away"
        )
    if not server.listen:
        raise SettingsError("server.listen: name one address at least, such as localhost:5000")
    if server.public_url and not _URL.fullmatch(server.public_url):
        raise SettingsError(
            f"server.public_url: '{server.public_url}' must be http:// or https:// with a host and "
            "no path, for example https://registry.example.com"
        )


def _check_address(address: str, *, is_open: bool) -> None:
    host, colon, port = address.rpartition(":")
    is_port = port.isascii() and port.isdecimal() and len(port) <= 5 and int(port) <= 65535
    if not colon or not is_port:
        raise SettingsError(
            f"server.listen: '{address[:80]}' must be HOST:PORT, for example localhost:5000"
        )
    if is_open and host not in LOOPBACK_HOSTS:
        raise SettingsError(
            f"auth.open: anyone could push to {address}; listen on localhost, or leave "
            "--open away and add users"
        )


def _check_auth(settings: Settings) -> None:
    auth = settings.auth
    if auth.open and settings.server.public_url:
        raise SettingsError(
            "auth.open: a proxy stands in front (server.public_url), so that anyone who reaches "
            "it could push; leave --open away and add users"
        )
    least, most = PASSWORD_LENGTHS
    if auth.admin_password and not least <= len(auth.admin_password) <= most:
        raise SettingsError(f"auth.admin_password: it must have {least} to {most} characters")
    if not _SERVICE.fullmatch(auth.service):
        raise SettingsError(
            f"auth.service: '{auth.service[:80]}' must be a name of letters, digits, . _ : / or -"
        )
    for pattern in auth.anonymous_pull:
        if not _PATTERN.fullmatch(pattern):
            raise SettingsError(
                f"auth.anonymous_pull: '{pattern[:80]}' matches no repository; write a name in "
                "lower case, or the start of one and *"
            )
