"""Checks of `oidc.*` and `workloads.*`: what would fail at a login."""

import re

from .model import SettingsError
from .people import Oidc, Workloads

AUTH_METHODS = ("", "client_secret_basic", "client_secret_post")
SCOPES_MAX = 32
ISSUERS_MAX = 64

_DEFAULT = Oidc()
# Over plain HTTP, tokens and the client's secret would be anybody's; tests run on loopback.
_ISSUER = re.compile(
    r"https://[^\s?#]{1,500}|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?(/[^\s?#]*)?"
)
_SCOPE = re.compile(r"[!#-\[\]-~]{1,100}")  # RFC 6749, section 3.3


def check_oidc(oidc: Oidc) -> None:
    """Raise `SettingsError` for what cannot be used."""
    if not oidc.issuer:
        _check_unused(oidc)
        return
    if not _ISSUER.fullmatch(oidc.issuer):
        raise SettingsError(
            f"oidc.issuer: '{oidc.issuer[:200]}' must be the provider's iss, an https:// URL as it "
            "stands in its /.well-known/openid-configuration"
        )
    if not oidc.client_id:
        raise SettingsError("oidc.client_id: name what this registry is called at the provider")
    if oidc.client_secret and oidc.client_secret_file:
        raise SettingsError("oidc.client_secret and oidc.client_secret_file: say one of them")
    if oidc.client_auth not in AUTH_METHODS:
        raise SettingsError(
            f"oidc.client_auth: '{oidc.client_auth[:80]}' must be {' or '.join(AUTH_METHODS[1:])}"
        )
    if len(oidc.scopes) > SCOPES_MAX or not all(map(_SCOPE.fullmatch, oidc.scopes)):
        raise SettingsError(
            f"oidc.scopes: name up to {SCOPES_MAX} scopes, each a word of its own, such as "
            "profile, email"
        )
    if not oidc.name_claim:
        raise SettingsError(
            f"oidc.name_claim: name the claim that is the user's name: {_DEFAULT.name_claim}"
        )
    if not oidc.groups_claim and (oidc.admin_group or oidc.allowed_groups):
        raise SettingsError(
            "oidc.groups_claim: without it nobody would be in oidc.admin_group or "
            "oidc.allowed_groups; name the claim"
        )
    if any(not group.strip() for group in oidc.allowed_groups):
        raise SettingsError("oidc.allowed_groups: a name is empty; nobody would be in that group")
    if any("@" in domain or "." not in domain for domain in oidc.email_domains):
        raise SettingsError("oidc.email_domains: write what stands behind the @: example.com")


def _check_unused(oidc: Oidc) -> None:
    for key in oidc.__struct_fields__:
        if getattr(oidc, key) != getattr(_DEFAULT, key):
            raise SettingsError(
                f"oidc.{key}: without oidc.issuer it would not be used; name the provider there, "
                "or leave it away"
            )


def check_workloads(workloads: Workloads) -> None:
    """Raise `SettingsError` for what names no issuer, or no file."""
    for key, entries in (("ca", workloads.ca), ("keys", workloads.keys)):
        if len(entries) > ISSUERS_MAX:
            raise SettingsError(f"workloads.{key}: name at most {ISSUERS_MAX} issuers")
        issuers = [issuer_and_file(entry)[0] for entry in entries]
        for entry, issuer in zip(entries, issuers, strict=True):
            if not _ISSUER.fullmatch(issuer) or not issuer_and_file(entry)[1]:
                raise SettingsError(
                    f"workloads.{key}: '{entry[:200]}' must be ISSUER=FILE, such as "
                    "https://cluster.example.com=/etc/entrepot/cluster.pem"
                )
        if len({*issuers}) < len(issuers):
            raise SettingsError(f"workloads.{key}: an issuer is there twice; name it once")


def issuer_and_file(entry: str) -> tuple[str, str]:
    """Return the halves of `ISSUER=FILE`; the first may be empty."""
    issuer, _, file = entry.partition("=")
    return issuer, file
