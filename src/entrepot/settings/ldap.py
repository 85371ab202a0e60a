"""Checks of `ldap.*`: what would fail at somebody's login, said at the start."""

import ipaddress
import re

from .model import SettingsError
from .people import Ldap

SERVERS_MAX = 8
SCOPES = ("subtree", "one")
GROUPS = ("member-of", "search", "nested", "off")
NAME = "{name}"
DN = "{dn}"

_DEFAULT = Ldap()
_URL = re.compile(r"ldaps?://(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(:(?P<port>[0-9]{1,5}))?/?")
# A name, or an OID in numbers (RFC 4512 section 1.4).
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}|[0-9]+(\.[0-9]+){1,31}")
_BRACES = re.compile(r"\{[^{}]*\}")


def check_ldap(ldap: Ldap) -> None:
    """Raise `SettingsError` for what cannot be used."""
    if not ldap.url:
        _check_unused(ldap)
        return
    if len(ldap.url) > SERVERS_MAX:
        raise SettingsError(f"ldap.url: name at most {SERVERS_MAX} servers")
    for url in ldap.url:
        _check_url(url, ldap)
    _check_binding(ldap)
    _check_search(ldap)
    _check_groups(ldap)
    for key in ("name", "email", "display", "group_name", "subject"):
        attribute = getattr(ldap, f"{key}_attribute")
        if not _ATTRIBUTE.fullmatch(attribute) and (attribute or key in ("name", "group_name")):
            raise SettingsError(
                f"ldap.{key}_attribute: '{attribute[:80]}' must be an attribute's name, such as "
                f"{getattr(_DEFAULT, f'{key}_attribute') or 'entryUUID'}"
            )


def _check_unused(ldap: Ldap) -> None:
    for key in ldap.__struct_fields__:
        if getattr(ldap, key) != getattr(_DEFAULT, key):
            raise SettingsError(
                f"ldap.{key}: without ldap.url it would not be used; name the directory's server "
                "there, or leave it away"
            )


def _check_url(url: str, ldap: Ldap) -> None:
    found = _URL.fullmatch(url)
    if found is None or not 0 < int(found["port"] or 636) <= 65535:
        raise SettingsError(
            f"ldap.url: '{url[:200]}' must be ldaps://HOST or ldap://HOST, with :PORT where it is "
            "not 636 or 389; the base goes to ldap.base"
        )
    is_ldaps = url.startswith("ldaps:")
    if is_ldaps and ldap.start_tls:
        raise SettingsError(
            f"ldap.start_tls: {url} is encrypted from the start; write ldap:// there, or leave "
            "start_tls away"
        )
    if not (is_ldaps or ldap.start_tls or ldap.cleartext or _is_loopback(found["host"])):
        raise SettingsError(
            f"ldap.url: passwords would go to {url} unencrypted; write ldaps://, or set "
            "ldap.start_tls (or ldap.cleartext, if everybody on that network may read them)"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _check_binding(ldap: Ldap) -> None:
    if ldap.bind_password and ldap.bind_password_file:
        raise SettingsError("ldap.bind_password and ldap.bind_password_file: say one of them")
    # A name without a password is taken for nobody by most servers (RFC 4513 section 5.1.2).
    if bool(ldap.bind_dn) != bool(ldap.bind_password or ldap.bind_password_file):
        raise SettingsError(
            "ldap.bind_dn and ldap.bind_password: both are needed, or neither, where the directory "
            "may be searched by anybody"
        )
    if ldap.bind_template:
        _check_places("bind_template", ldap.bind_template, (NAME,))


def _check_search(ldap: Ldap) -> None:
    if not ldap.base:
        raise SettingsError(
            "ldap.base: name the DN below which people are, such as ou=people,dc=example,dc=com"
        )
    if ldap.scope not in SCOPES:
        raise SettingsError(f"ldap.scope: '{ldap.scope[:80]}' must be {' or '.join(SCOPES)}")
    _check_filter("filter", ldap.filter, (NAME,))


def _check_groups(ldap: Ldap) -> None:
    if ldap.groups not in GROUPS:
        raise SettingsError(f"ldap.groups: '{ldap.groups[:80]}' must be one of {', '.join(GROUPS)}")
    if ldap.groups == "off" and (ldap.admin_group or ldap.allowed_groups):
        raise SettingsError(
            "ldap.groups: with off nobody would be in ldap.admin_group or ldap.allowed_groups; say "
            "member-of, search or nested"
        )
    if ldap.groups in ("search", "nested") and not ldap.group_base:
        raise SettingsError(
            f"ldap.group_base: '{ldap.groups}' needs the DN below which groups are, such as "
            "ou=groups,dc=example,dc=com"
        )
    if ldap.groups == "search":
        _check_filter("group_filter", ldap.group_filter, (DN, NAME))
    elif ldap.group_filter != _DEFAULT.group_filter:
        raise SettingsError(
            f"ldap.group_filter: with ldap.groups '{ldap.groups}' it would not be used; say search"
        )
    if any(not group.strip() for group in ldap.allowed_groups):
        raise SettingsError("ldap.allowed_groups: a name is empty; nobody would be in that group")


def _check_filter(key: str, text: str, places: tuple[str, ...]) -> None:
    _check_places(key, text, places)
    if not (text.startswith("(") and text.endswith(")") and text.count("(") == text.count(")")):
        raise SettingsError(
            f"ldap.{key}: '{text[:200]}' is no filter: each part stands in parentheses, as in "
            f"{getattr(_DEFAULT, key)}"
        )


def _check_places(key: str, text: str, places: tuple[str, ...]) -> None:
    found = _BRACES.findall(text)
    if not found:
        raise SettingsError(
            f"ldap.{key}: '{text[:200]}' says the same for everybody; write {places[0]} where the "
            "person belongs"
        )
    for place in found:
        if place not in places:
            raise SettingsError(
                f"ldap.{key}: nothing is known to be put in for {place[:80]}; known: "
                f"{', '.join(places)}"
            )
