"""Settings of a provider that cannot work, told at the start."""

from typing import Any

import pytest

from entrepot.settings import (
    Auth,
    Ldap,
    Oidc,
    Server,
    Settings,
    SettingsError,
    Workloads,
)
from entrepot.settings.checks import check
from entrepot.settings.oidc import (
    ISSUERS_MAX,
    SCOPES_MAX,
    check_oidc,
    check_workloads,
    issuer_and_file,
)

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


@pytest.mark.parametrize(
    "entries",
    [
        ("https://cluster.example",),
        ("https://cluster.example=",),
        ("=/etc/ca.pem",),
        ("cluster.example=/etc/ca.pem",),
        ("https://cluster.example=/a", "https://cluster.example=/b"),
        tuple(f"https://cluster{number}.example=/a" for number in range(ISSUERS_MAX + 1)),
    ],
)
def test_files_of_issuers(entries: tuple[str, ...]) -> None:
    good = "https://cluster.example=/etc/a=b.pem"
    check_workloads(Workloads(ca=(good,), keys=(good,)))
    assert issuer_and_file(good) == ("https://cluster.example", "/etc/a=b.pem")
    for key in ("ca", "keys"):
        with pytest.raises(SettingsError, match=rf"workloads\.{key}"):
            check_workloads(Workloads(**{key: entries}))
