"""What the file of settings says, under Harbor's names."""

from entrepot.faces.manage.harbor.fixed import WHERE, fixed_values
from entrepot.settings import Ldap, Oidc, Settings


def test_a_directory_and_a_provider() -> None:
    settings = Settings(
        ldap=Ldap(url=("ldaps://ldap.test",), base="dc=test", bind_password="hidden"),
        oidc=Oidc(issuer="https://id.test", client_id="registry", client_secret="hidden"),
    )
    found = fixed_values(settings, "oidc_auth")
    assert found["ldap_url"] == "ldaps://ldap.test"
    assert found["ldap_base_dn"] == "dc=test"
    assert found["oidc_endpoint"] == "https://id.test"
    assert found["oidc_client_id"] == "registry"
    assert found["auth_mode"] == "oidc_auth"
    assert "hidden" not in found.values()


def test_neither() -> None:
    found = fixed_values(Settings(), "db_auth")
    assert (found["ldap_url"], found["oidc_endpoint"]) == ("", "")


def test_where_they_are_set_is_told_of_what_there_is() -> None:
    others = {"ldap_search_password", "oidc_client_secret", "storage_per_project"}
    assert set(WHERE) - others <= set(fixed_values(Settings(), "db_auth"))
