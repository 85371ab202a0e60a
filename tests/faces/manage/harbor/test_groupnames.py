"""Names of groups out of DNs."""

import pytest

from entrepot.faces.manage.harbor.groupnames import name_of_dn


@pytest.mark.parametrize(
    "dn, name",
    [
        ("cn=web,ou=groups,dc=example,dc=com", "web"),
        ("CN = Night Shift , OU=g", "Night Shift"),
        (r"cn=a\,b,dc=x", "a,b"),
        (r"cn=a\2cb,dc=x", "a,b"),
        ("uid=x+cn=y,dc=z", "x"),
        ("web", "web"),
        ("", ""),
    ],
)
def test_the_first_value_names_a_group(dn: str, name: str) -> None:
    assert name_of_dn(dn) == name
