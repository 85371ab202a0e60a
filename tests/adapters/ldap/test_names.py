"""Names in filters and DNs: a value, whatever is in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.operation.search import compile_filter, parse_filter

from entrepot.adapters.ldap.names import bind_name, filled, is_below, is_dn, own_value, parsed

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
SPECIAL = st.text('*()\\\0,=+"<>;# {}name&|!a', min_size=1, max_size=20)
TEMPLATE = "uid={name},ou=people,dc=example,dc=com"


def value_sent(name: str) -> tuple[str, bytes]:
    """What a server would be asked for `(uid={name})`: the attribute, and the value's bytes."""
    tree = parse_filter(filled("(uid={name})", name=name), None, False, True, None, False)  # type: ignore[no-untyped-call]
    match = compile_filter(tree.elements[0])  # type: ignore[no-untyped-call]
    found = match["equalityMatch"]
    return str(found["attributeDesc"]), bytes(found["assertionValue"])


@given(name=TEXT | SPECIAL)
def test_a_name_is_one_value_of_a_filter(name: str) -> None:
    assert value_sent(name) == ("uid", name.encode())


@pytest.mark.parametrize(
    "name,expected",
    [
        ("*", "(uid=\\2a)"),
        ("*)(uid=*", "(uid=\\2a\\29\\28uid\\3d\\2a)"),
        ("a\0b", "(uid=a\\00b)"),
        ("a\\b", "(uid=a\\5cb)"),
        (" ä", "(uid=\\20\\c3\\a4)"),
        ("{dn}", "(uid=\\7bdn\\7d)"),
    ],
)
def test_ldap_injection_into_filters(name: str, expected: str) -> None:
    assert filled("(uid={name})", name=name, dn="cn=x") == expected


def test_a_dn_is_one_value_of_a_filter() -> None:
    found = filled("(|(member={dn})(memberUid={name}))", name="{dn}", dn="cn=a\\2C (b)*,dc=x")
    assert found == ("(|(member=cn\\3da\\5c2C\\20\\28b\\29\\2a\\2cdc\\3dx)(memberUid=\\7bdn\\7d))")


@given(name=st.text('*()\\,=+"<>;# {}name&|!aä', min_size=1, max_size=20))
def test_a_name_is_one_value_of_a_dn(name: str) -> None:
    dn = bind_name(TEMPLATE, name)
    assert is_below(dn, "ou=people,dc=example,dc=com")
    found = parsed(dn)
    assert found is not None
    assert len(found) == 4
    assert all(len(rdn) == 1 for rdn in found)


@pytest.mark.parametrize("name", ["alice,ou=admins", "alice+cn=x", "#616c", '"a"', " a ", "a\\2Cb"])
def test_ldap_injection_into_dns(name: str) -> None:
    assert own_value(bind_name(TEMPLATE, name), "UID") == name


def test_templates_that_are_no_dn_take_names_as_they_are() -> None:
    assert bind_name("{name}@corp.example.com", "alice") == "alice@corp.example.com"
    assert bind_name("CORP\\{name}", "alice") == "CORP\\alice"


@pytest.mark.parametrize(
    "one,other",
    [
        ("CN=Dev, OU=Groups,DC=x", "cn=dev,ou=groups,dc=X"),
        ("cn=a\\2Cb,dc=x", "cn=a\\,b,dc=x"),
        ("cn=a+ou=b,dc=x", "ou=B+cn=A,dc=x"),
        ("cn=Two  Words,dc=x", "cn=two words,dc=x"),
        ("cn=\\C3\\84,dc=x", "cn=ä,dc=x"),
        ("cn=C#,dc=x", "cn=c\\#,dc=x"),
        ("cn=a=b,dc=x", "cn=a\\3Db,dc=x"),
        ("cn=a , dc = x", "cn=a,dc=x"),
    ],
)
def test_dns_that_are_the_same(one: str, other: str) -> None:
    assert parsed(one) == parsed(other) is not None
    assert is_below(one, other)


@pytest.mark.parametrize(
    "text", ["", "alice", "=", "=a", "a=", "cn=\\", "cn=\\azz", "cn=a,", "cn=\\ff"]
)
def test_what_is_no_dn(text: str) -> None:
    assert not is_dn(text)
    assert parsed(text) is None
    assert not is_below(text, "dc=x")
    assert not is_below("dc=x", text)
    assert own_value(text, "cn") is None


@given(text=TEXT | SPECIAL)
def test_no_text_is_too_odd(text: str) -> None:
    is_dn(text)
    is_below(text, text)
    own_value(text, "cn")


def test_below() -> None:
    assert is_below("cn=a,ou=groups,dc=x", "OU=Groups,DC=x")
    assert not is_below("cn=a,ou=others,dc=x", "ou=groups,dc=x")
    assert not is_below("dc=x", "ou=groups,dc=x")
    assert not is_below("cn=a\\,ou=groups,dc=x", "ou=groups,dc=x")


def test_a_value_of_the_first_part_only() -> None:
    assert own_value("uid=a+cn=b,dc=x", "cn") == "b"
    assert own_value("cn=a,dc=x", "dc") is None


def test_filters_of_active_directory_are_understood() -> None:
    disabled = "(!(userAccountControl:1.2.840.113556.1.4.803:=2))"
    text = f"(&(objectClass=user)(sAMAccountName={{name}}){disabled})"
    tree = parse_filter(filled(text, name="a*"), None, False, True, None, False)  # type: ignore[no-untyped-call]
    found = str(compile_filter(tree.elements[0]))  # type: ignore[no-untyped-call]
    assert "1.2.840.113556.1.4.803" in found
    assert "a*" in found
