"""What no type can say of settings: which values go together."""

import re

from .acme import check_acme
from .audit import check_audit
from .buckets import check_objects
from .callers import UNIX, check_networks, check_rates
from .ldap import check_ldap
from .model import Auth, Server, Settings, SettingsError
from .oidc import check_oidc, check_workloads
from .secrets import check_secrets
from .tiering import check_tiers
from .webhooks import check_webhooks

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
PASSWORD_LENGTHS = (8, 128)
"""As `rules.passwords` has them, which stands above this module."""
CLIENT_NAMES = ("cn", "dns", "email")
"""As `rules.certificates` has them."""
SPARSE = ("off", "indexes", "all")
"""As `rules.admission` has them."""

# What goes into a header between quotes, so without any.
_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}")
_REALM = re.compile(r"[ !#-\[\]-~]{1,200}")
_URL = re.compile(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?")
_PATTERN = re.compile(r"[a-z0-9._/-]+\*?|\*")


def check(settings: Settings) -> None:
    """Raise `SettingsError` for what cannot be used."""
    _check_server(settings.server)
    for address in settings.server.listen:
        _check_address(address, is_open=settings.auth.open)
    _check_auth(settings)
    check_rates(settings.rates)
    check_ldap(settings.ldap)
    check_oidc(settings.oidc)
    check_workloads(settings.workloads)
    _check_sources(settings)
    check_audit(settings.audit)
    check_webhooks(settings.webhooks)
    check_secrets(settings.secrets, settings.auth)
    check_tiers(settings)
    check_objects(settings)
    if not settings.storage.data:
        raise SettingsError("storage.data: it is empty; name a directory, for example ./data")
    if settings.manifests.sparse not in SPARSE:
        raise SettingsError(
            f"manifests.sparse: '{settings.manifests.sparse[:80]}' must be off, indexes or all"
        )
    if settings.log.level not in ("debug", "info", "warning", "error"):
        raise SettingsError(
            f"log.level: '{settings.log.level}' must be debug, info, warning or error"
        )
    if settings.log.format not in ("auto", "text", "json"):
        raise SettingsError(f"log.format: '{settings.log.format}' must be auto, text or json")


def _check_sources(settings: Settings) -> None:
    """Users of a file are all there are, and nobody is asked for where nobody logs in."""
    for key, used in (("ldap.url", settings.ldap.url), ("oidc.issuer", settings.oidc.issuer)):
        if used and settings.auth.htpasswd:
            raise SettingsError(
                f"{key}: auth.htpasswd names a file with all users there are; leave one of them "
                "away"
            )
    if settings.oidc.issuer and not settings.server.public_url:
        raise SettingsError(
            "oidc.issuer: the provider sends browsers back to server.public_url; set that, for "
            "example to https://registry.example.com"
        )


def _check_server(server: Server) -> None:
    if server.tls not in ("off", "auto", "files", "acme"):
        raise SettingsError(f"server.tls: '{server.tls}' must be off, auto, files or acme")
    if server.tls == "files" and not (server.tls_cert and server.tls_key):
        raise SettingsError("server.tls_cert and server.tls_key: both files are needed")
    if server.tls != "files" and (server.tls_cert or server.tls_key):
        raise SettingsError(
            f"server.tls: with '{server.tls}', server.tls_cert and server.tls_key would not be "
            "used; say files, or leave them away"
        )
    _check_client_certificates(server)
    if not server.listen:
        raise SettingsError("server.listen: name one address at least, such as localhost:5000")
    check_acme(server)
    _check_workers(server)
    if server.public_url and not _URL.fullmatch(server.public_url):
        raise SettingsError(
            f"server.public_url: '{server.public_url}' must be http:// or https:// with a host and "
            "no path, for example https://registry.example.com"
        )
    _check_proxies(server)


def _check_client_certificates(server: Server) -> None:
    if server.tls_client_name not in CLIENT_NAMES:
        raise SettingsError(
            f"server.tls_client_name: '{server.tls_client_name[:80]}' must be cn, dns or email"
        )
    if not server.tls_client_ca:
        if server.tls_client_name != Server().tls_client_name:
            raise SettingsError(
                "server.tls_client_name: without server.tls_client_ca no certificate is asked for; "
                "name the file of its authority, or leave this away"
            )
    elif server.tls == "off":
        raise SettingsError(
            "server.tls_client_ca: without TLS no client can show a certificate; set server.tls, "
            "or leave this away. What a proxy in front was shown is not believed"
        )


def _check_workers(server: Server) -> None:
    if server.workers == 1:
        return
    if len(set(server.listen)) < len(server.listen):
        raise SettingsError("server.listen: an address is there twice; name it once")
    if server.tls == "acme" and server.acme_challenge == "tls-alpn-01":
        raise SettingsError(
            "server.workers: only the first process knows the challenges of tls-alpn-01, and the "
            "authority may reach another; set server.acme_challenge to http-01, or workers to 1"
        )


def _check_proxies(server: Server) -> None:
    check_networks("server.trusted_proxies", server.trusted_proxies)
    if server.forwarded not in ("x-forwarded", "standard"):
        raise SettingsError(
            f"server.forwarded: '{server.forwarded[:80]}' must be x-forwarded or standard"
        )
    if not server.proxy_protocol:
        return
    if not server.trusted_proxies:
        raise SettingsError(
            "server.proxy_protocol: nobody could connect; name the proxies that send the header in "
            "server.trusted_proxies"
        )
    by_path = [address for address in server.listen if address.startswith(f"{UNIX}:")]
    if by_path and UNIX not in server.trusted_proxies:
        raise SettingsError(
            f"server.proxy_protocol: nobody could connect to {by_path[0]}; add {UNIX} to "
            "server.trusted_proxies"
        )


def _check_address(address: str, *, is_open: bool) -> None:
    if address.startswith(f"{UNIX}:/"):
        return  # whoever may reach the path is on this machine
    host, colon, port = address.rpartition(":")
    is_port = port.isascii() and port.isdecimal() and len(port) <= 5 and int(port) <= 65535
    if not colon or not is_port:
        raise SettingsError(
            f"server.listen: '{address[:80]}' must be HOST:PORT, for example localhost:5000, or "
            "unix:/PATH"
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
    if auth.open and settings.server.trusted_proxies:
        raise SettingsError(
            "auth.open: a proxy stands in front (server.trusted_proxies), so that anyone who "
            "reaches it could push; leave --open away and add users"
        )
    _check_users(auth)
    check_networks("auth.networks", auth.networks)
    least, most = max(PASSWORD_LENGTHS[0], auth.password_length_min), PASSWORD_LENGTHS[1]
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


def _check_users(auth: Auth) -> None:
    if auth.anonymous not in ("", "all"):
        raise SettingsError(f"auth.anonymous: '{auth.anonymous[:80]}' must be all, or empty")
    if auth.htpasswd and (auth.anonymous or auth.open):
        raise SettingsError(
            "auth.htpasswd: with auth.open or auth.anonymous nobody would be asked for a password; "
            "say one of them"
        )
    if auth.admin_password and (auth.htpasswd or auth.anonymous):
        raise SettingsError(
            "auth.admin_password: with auth.htpasswd or auth.anonymous there are no accounts; "
            "leave one of them away"
        )
    if not _REALM.fullmatch(auth.realm):
        raise SettingsError("auth.realm: up to 200 letters of ASCII, without quotes or backslashes")
