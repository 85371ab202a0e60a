"""Settings of a provider that cannot work, told at the start."""

from typing import Any

import pytest

from entrepot.settings import Auth, Ldap, Oidc, Server, Settings, SettingsError
from entrepot.settings.checks import check
from entrepot.settings.oidc import SCOPES_MAX, check_oidc

ISSUER = "https://id.example"


@pytest.mark.parametrize("issuer", [ISSUER, f"{ISSUER}/realms/a", "http://localhost:8080/a"])
def test_what_works(issuer: str) -> None:
    check_oidc(Oidc(issuer=issuer, client_id="entrepot"))
    check_oidc(Oidc())


@pytest.mark.parametrize(
    "changes,named",
    [
        ({"issuer": ""}, "oidc.client_id"),
        ({"issuer": "id.example"}, "oidc.issuer"),
        ({"issuer": "http://id.example"}, "oidc.issuer"),
        ({"issuer": "http://localhost.evil.example"}, "oidc.issuer"),
        ({"issuer": "https://id.example?a"}, "oidc.issuer"),
        ({"issuer": "https://id.example/a b"}, "oidc.issuer"),
        ({"client_id": ""}, "oidc.client_id"),
        ({"client_secret": "a", "client_secret_file": "b"}, "oidc.client_secret_file"),
        ({"client_auth": "private_key_jwt"}, "oidc.client_auth"),
        ({"scopes": ("a b",)}, "oidc.scopes"),
        ({"scopes": ("a",) * (SCOPES_MAX + 1)}, "oidc.scopes"),
        ({"name_claim": ""}, "oidc.name_claim"),
        ({"groups_claim": "", "admin_group": "a"}, "oidc.groups_claim"),
        ({"groups_claim": "", "allowed_groups": ("a",)}, "oidc.groups_claim"),
        ({"allowed_groups": ("a", " ")}, "oidc.allowed_groups"),
        ({"email_domains": ("@example.com",)}, "oidc.email_domains"),
        ({"email_domains": ("example",)}, "oidc.email_domains"),
    ],
)
def test_what_does_not(changes: dict[str, Any], named: str) -> None:
    given = {"issuer": ISSUER, "client_id": "entrepot", **changes}
    with pytest.raises(SettingsError) as caught:
        check_oidc(Oidc(**given))
    assert named in str(caught.value)


def test_it_needs_the_address_that_browsers_use() -> None:
    oidc = Oidc(issuer=ISSUER, client_id="entrepot")
    check(Settings(oidc=oidc, server=Server(public_url="https://registry.example")))
    with pytest.raises(SettingsError, match=r"server\.public_url"):
        check(Settings(oidc=oidc))


@pytest.mark.parametrize(
    "changes",
    [
        {"oidc": Oidc(issuer=ISSUER, client_id="entrepot")},
        {"ldap": Ldap(url=("ldaps://directory.example",), base="dc=example")},
    ],
)
def test_users_of_a_file_are_all_there_are(changes: dict[str, Any]) -> None:
    server = Server(public_url="https://registry.example")
    check(Settings(server=server, **changes))
    with pytest.raises(SettingsError, match=r"auth\.htpasswd"):
        check(Settings(server=server, auth=Auth(htpasswd="/users"), **changes))
