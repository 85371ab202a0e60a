"""What `ldap.*` may be, and what is said otherwise."""

import re
from pathlib import Path
from typing import Any

import pytest

from entrepot.settings import Ldap, SettingsError, load

GOOD = {"url": ["ldaps://ldap.example.com"], "base": "ou=people,dc=example,dc=com"}
BOUND = {"bind_dn": "cn=entrepot,dc=example,dc=com", "bind_password": "secret-canary"}


def use(**changes: Any) -> Ldap:
    flags = {("ldap", key): value for key, value in (GOOD | changes).items()}
    return load(None, {}, flags).ldap


def test_without_a_server_there_is_no_directory() -> None:
    assert load(None, {}, {}).ldap == Ldap()
    with pytest.raises(SettingsError, match=r"ldap\.base: without ldap\.url it would not be used"):
        use(url=[])


def test_server_and_base_are_all_that_is_needed() -> None:
    ldap = use()
    assert (ldap.url, ldap.filter, ldap.name_attribute) == (
        ("ldaps://ldap.example.com",),
        "(uid={name})",
        "uid",
    )


def test_by_environment() -> None:
    variables = {
        "ENTREPOT_LDAP_URL": "ldaps://one.example, ldaps://two.example:6636",
        "ENTREPOT_LDAP_BASE": "dc=example",
        "ENTREPOT_LDAP_BIND_DN": "cn=x",
        "ENTREPOT_LDAP_BIND_PASSWORD_FILE": "/run/secrets/ldap",
    }
    ldap = load(None, variables, {}).ldap
    assert ldap.url == ("ldaps://one.example", "ldaps://two.example:6636")
    assert ldap.bind_password_file == "/run/secrets/ldap"


@pytest.mark.parametrize(
    "changes",
    [
        {"url": ["ldap://ldap.example.com"], "start_tls": True},
        {"url": ["ldap://ldap.example.com:3389/"], "cleartext": True},
        {"url": ["ldap://localhost", "ldap://127.0.0.9:1389", "ldap://[::1]"]},
        {"url": ["ldaps://[2001:db8::1]:636"]},
        BOUND,
        BOUND | {"groups": "search", "group_base": "ou=groups,dc=example,dc=com"},
        BOUND | {"groups": "nested", "group_base": "dc=example"},
        {"groups": "search", "group_base": "dc=x", "group_filter": "(memberUid={name})"},
        {"bind_template": "{name}@corp.example.com"},
        {"filter": "(&(objectClass=user)(|(mail={name})(uid={name})))", "scope": "one"},
        {"email_attribute": "", "display_attribute": "", "subject_attribute": "objectGUID"},
        {"name_attribute": "0.9.2342.19200300.100.1.1"},
        {"groups": "off"},
        {"admin_group": "cn=admins,dc=x", "allowed_groups": ["staff"]},
    ],
)
def test_what_may_be(changes: dict[str, Any]) -> None:
    for key, value in changes.items():
        assert getattr(use(**changes), key) == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize(
    "changes,words",
    [
        ({"url": ["ldap.example.com"]}, "ldap.url: 'ldap.example.com' must be ldaps://HOST"),
        ({"url": ["ldaps://a/dc=example"]}, "must be ldaps://HOST or ldap://HOST"),
        ({"url": ["ldaps://a b"]}, "must be ldaps://HOST"),
        ({"url": ["ldaps://u:p@a"]}, "must be ldaps://HOST"),
        ({"url": ["ldaps://a:99999"]}, "must be ldaps://HOST"),
        ({"url": ["ldapi:///run/slapd"]}, "must be ldaps://HOST"),
        ({"url": ["ldaps://a"] * 9}, "name at most 8 servers"),
        ({"url": ["ldap://ldap.example.com"]}, "would go to ldap://ldap.example.com unencrypted"),
        ({"url": ["ldap://127.0.0.1.example.com"]}, "unencrypted; write ldaps://"),
        ({"url": ["ldap://localhost.example.com"]}, "unencrypted; write ldaps://"),
        ({"url": ["ldap://[:::]"]}, "unencrypted; write ldaps://"),
        ({"url": ["ldap://localhost", "ldap://10.0.0.1"]}, "to ldap://10.0.0.1 unencrypted"),
        ({"start_tls": True}, "ldap.start_tls: ldaps://ldap.example.com is encrypted from"),
        ({"base": ""}, "ldap.base: name the DN"),
        ({"bind_dn": "cn=x"}, "ldap.bind_dn and ldap.bind_password: both"),
        ({"bind_password": "secret-canary"}, "ldap.bind_dn and ldap.bind_password: both"),
        (BOUND | {"bind_password_file": "/f"}, "say one of them"),
        ({"bind_template": "cn=alice"}, "ldap.bind_template: 'cn=alice' says the same for every"),
        ({"bind_template": "cn={user}"}, "nothing is known to be put in for {user}"),
        ({"filter": "uid={name}"}, "ldap.filter: 'uid={name}' is no filter"),
        ({"filter": "(uid={name}"}, "is no filter"),
        ({"filter": "(uid=%s)"}, "says the same for everybody; write {name}"),
        ({"filter": "(uid={name})(x={dn})"}, "nothing is known to be put in for {dn}"),
        ({"scope": "base"}, "ldap.scope: 'base' must be subtree or one"),
        ({"groups": "memberof"}, "ldap.groups: 'memberof' must be one of member-of, search"),
        ({"groups": "search"}, "ldap.group_base: 'search' needs the DN"),
        ({"groups": "nested"}, "ldap.group_base: 'nested' needs the DN"),
        ({"groups": "off", "admin_group": "a"}, "with off nobody would be in"),
        ({"groups": "off", "allowed_groups": ["a"]}, "with off nobody would be in"),
        ({"group_filter": "(member={dn})"}, "with ldap.groups 'member-of' it would not be used"),
        ({"allowed_groups": [" "]}, "ldap.allowed_groups: a name is empty"),
        (
            {"name_attribute": ""},
            "ldap.name_attribute: '' must be an attribute's name, such as uid",
        ),
        ({"subject_attribute": "a b"}, "such as entryUUID"),
        ({"email_attribute": "mail;x)"}, "ldap.email_attribute"),
        ({"connections": 0}, "ldap.connections"),
        ({"connect_seconds": 0}, "ldap.connect_seconds"),
        ({"answer_seconds": "inf"}, "ldap.answer_seconds"),
    ],
)
def test_what_may_not_be_is_said_with_the_mend(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError) as raised:
        use(**changes)
    assert words in str(raised.value)
    assert "canary" not in str(raised.value)


def test_the_examples_of_the_manual_can_be_used() -> None:
    text = (Path(__file__).parents[2] / "docs" / "ldap.md").read_text()
    examples = re.findall(r"^    \[ldap\]\n(?:    .+\n)+", text, re.MULTILINE)
    found = [load(re.sub("(?m)^    ", "", example), {}, {}).ldap for example in examples]
    assert [ldap.groups for ldap in found] == ["search", "nested"]
