"""What is made of entries, those too that slapd would not hold."""

import uuid
from typing import cast

import pytest

from entrepot.adapters.ldap.entries import Entry, name_of, subject_of, to_person
from entrepot.adapters.ldap.groups import GROUPS_MAX, Group, groups_of, is_in, names
from entrepot.adapters.ldap.session import Session
from entrepot.ports.identity import SourceFailed
from entrepot.settings import Ldap

DN = "cn=Alice,ou=people,dc=x"
GUID = uuid.UUID("3f2504e0-4f89-11d3-9a0c-0305e82c3301")
NO_SESSION = cast("Session", None)


def entry(dn: str = DN, /, **attributes: bytes | list[bytes]) -> Entry:
    found = {
        name.replace("_", ";"): (value,) if isinstance(value, bytes) else tuple(value)
        for name, value in attributes.items()
    }
    return Entry(dn, found)


@pytest.mark.parametrize(
    "attributes,expected",
    [
        ({}, DN),
        ({"objectguid": GUID.bytes_le}, str(GUID)),
        ({"entryuuid": b"from-openldap", "objectguid": GUID.bytes_le}, "from-openldap"),
        ({"objectguid": b"no GUID"}, "no GUID"),
        ({"entryuuid": b"\xff\x00"}, "ff00"),
        ({"entryuuid": b"two\nlines"}, b"two\nlines".hex()),
        ({"entryuuid": [b"a", b"b"]}, DN),
    ],
)
def test_the_subject(attributes: dict[str, bytes], expected: str) -> None:
    assert subject_of(entry(**attributes), Ldap()) == expected


def test_of_several_names_the_one_in_the_dn_counts() -> None:
    several = [b"al", b"alice", b"Zoe"]
    assert name_of(entry("uid=alice,dc=x", uid=several), Ldap()) == "alice"
    assert name_of(entry(uid=several), Ldap()) == "Zoe"
    assert to_person(entry(uid=several), Ldap()).name == "zoe"


@pytest.mark.parametrize("value", [b"", b"\xff", b"a\nb", b"a b", "jürgen".encode(), b"x" * 65])
def test_what_is_no_name(value: bytes) -> None:
    with pytest.raises(SourceFailed, match=r"ldap\.name_attribute") as raised:
        name_of(entry(uid=value), Ldap())
    assert "\n" not in str(raised.value)


def test_texts_are_short_and_printable() -> None:
    person = to_person(entry(uid=b"a", mail=b"m" * 999, displayname=b"A\r\nB"), Ldap())
    assert (len(person.email), person.display_name) == (255, "")


def test_groups_have_a_limit() -> None:
    many = [f"cn=g{n},dc=x".encode() for n in range(GROUPS_MAX + 1)]
    assert len(groups_of(NO_SESSION, entry(memberof=many[1:]), Ldap())) == GROUPS_MAX
    # What AD says of more than 1500: only the first of them.
    for attributes in ({"memberof": many}, {"memberof": [], "memberof_range=0-1499": many}):
        with pytest.raises(SourceFailed, match=r"more than 1000 groups: narrow them"):
            groups_of(NO_SESSION, entry(**attributes), Ldap())


def test_groups_that_can_have_no_name_are_left_out() -> None:
    found = [b"cn=ok,dc=x", b"cn=two\\0alines,dc=x", b"cn=" + b"x" * 256 + b",dc=x"]
    assert names(groups_of(NO_SESSION, entry(memberof=found), Ldap())) == ("ok",)


def test_a_dn_is_one_group_and_a_name_may_be_many() -> None:
    group = Group("admins", "cn=admins,ou=b,dc=x")
    assert is_in([group], "ADMINS")
    assert is_in([group], "CN=Admins, OU=B, DC=X")
    assert not is_in([group], "cn=admins,ou=a,dc=x")
    assert not is_in([group], "admin")
    assert not is_in([], "admins")
