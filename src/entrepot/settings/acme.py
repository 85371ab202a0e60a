"""Checks of `server.acme_...`: what would fail later, said at the start."""

import base64
import binascii
import re
from urllib.parse import urlsplit

from .model import Server, SettingsError

CHALLENGES = ("http-01", "tls-alpn-01")
HOSTS_MAX = 100
"""As authorities have it."""

_LABEL = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_EMAIL = re.compile(r"[^\s@,?;:<>\"]{1,64}@[A-Za-z0-9.-]{1,250}")
_ADDRESS_NUMBERS = re.compile(r"[0-9.]+")
_DEFAULT = Server()


def check_acme(server: Server) -> None:
    """Raise `SettingsError` for what cannot be used."""
    if server.tls != "acme":
        _check_unused(server)
        return
    if not server.acme_hosts:
        raise SettingsError(
            "server.acme_hosts: name what the certificate is for, such as registry.example.com"
        )
    if len(server.acme_hosts) > HOSTS_MAX:
        raise SettingsError(f"server.acme_hosts: a certificate has at most {HOSTS_MAX} names")
    for host in server.acme_hosts:
        _check_host(host)
    if server.acme_email and not _EMAIL.fullmatch(server.acme_email):
        raise SettingsError(
            f"server.acme_email: '{server.acme_email[:80]}' must be an address such as "
            "admin@example.com"
        )
    _check_directory(server.acme_directory)
    _check_binding(server)
    _check_challenge(server)


def _check_unused(server: Server) -> None:
    for name in server.__struct_fields__:
        if name.startswith("acme_") and getattr(server, name) != getattr(_DEFAULT, name):
            raise SettingsError(
                f"server.{name}: with server.tls '{server.tls}' it would not be used; say acme, or "
                "leave it away"
            )


def _check_host(host: str) -> None:
    if host.startswith("*."):
        raise SettingsError(
            f"server.acme_hosts: '{host[:80]}' would need a challenge in DNS, which is not done; "
            "name the hosts, or get the certificate with another tool and say files"
        )
    if len(host) > 253 or not _HOST.fullmatch(host) or _ADDRESS_NUMBERS.fullmatch(host):
        raise SettingsError(
            f"server.acme_hosts: '{host[:80]}' must be a name in DNS, such as "
            "registry.example.com; without a scheme, a port or an address"
        )


def _check_directory(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or not url.isprintable() or " " in url:
        raise SettingsError(
            f"server.acme_directory: '{url[:200]}' must be the https:// URL of an ACME directory"
        )


def _check_binding(server: Server) -> None:
    if bool(server.acme_eab_kid) != bool(server.acme_eab_key):
        raise SettingsError("server.acme_eab_kid and server.acme_eab_key: both are needed")
    text = server.acme_eab_key.rstrip("=")
    try:
        base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        # Never the key itself: messages are logged.
        raise SettingsError(
            "server.acme_eab_key: it must be base64url, as the authority gave it"
        ) from error


def _check_challenge(server: Server) -> None:
    if server.acme_challenge not in CHALLENGES:
        raise SettingsError(
            f"server.acme_challenge: '{server.acme_challenge[:80]}' must be http-01 or tls-alpn-01"
        )
    ports = [each.rpartition(":")[2] for each in server.listen if not each.startswith("unix:")]
    if not ports:
        raise SettingsError("server.listen: TLS needs a HOST:PORT; unix: is served without it")
    if server.acme_challenge != "http-01":
        if server.acme_http_listen != _DEFAULT.acme_http_listen:
            raise SettingsError(
                "server.acme_http_listen: it is for http-01 only; leave it away, or choose "
                "server.acme_challenge = http-01"
            )
        return
    _, colon, port = server.acme_http_listen.rpartition(":")
    is_port = port.isascii() and port.isdecimal() and len(port) <= 5 and 0 < int(port) <= 65535
    if not colon or not is_port or server.acme_http_listen.startswith("unix:"):
        raise SettingsError(
            f"server.acme_http_listen: '{server.acme_http_listen[:80]}' must be HOST:PORT or "
            ":PORT; the authority comes to port 80"
        )
    if port in ports:
        raise SettingsError(
            f"server.acme_http_listen: port {port} is that of server.listen; clients come there by "
            "https, and the authority needs plain http at another port"
        )
