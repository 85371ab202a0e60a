from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code, Fault
from entrepot.rules.federation.people import GROUPS_MAX, OidcRules
from entrepot.rules.passwords import check_name
from tests.oci.faults import code_of

ALICE: dict[str, Any] = {
    "iss": "https://sso.example",
    "sub": "1234",
    "preferred_username": "alice",
    "name": "Alice Liddell",
    "email": "alice@example.com",
    "email_verified": True,
    "groups": ["dev", "admins"],
}


def refused(rules: OidcRules, **claims: Any) -> str:
    sent = {name: value for name, value in (ALICE | claims).items() if value is not None}
    with pytest.raises(Fault) as caught:
        rules.describe(sent)
    assert caught.value.code is Code.DENIED
    assert ": " in caught.value.message
    return caught.value.message


def test_who_it_is() -> None:
    found = OidcRules(admin_group="admins").describe(ALICE)
    assert (found.name, found.subject) == ("alice", "https://sso.example 1234")
    assert (found.email, found.display_name) == ("alice@example.com", "Alice Liddell")
    assert (found.groups, found.is_admin) == (("dev", "admins"), True)


@pytest.mark.parametrize("group", ["", "admin", "Admins", "admins "])
def test_no_administrator_by_accident(group: str) -> None:
    assert not OidcRules(admin_group=group).describe(ALICE).is_admin
    assert not OidcRules(admin_group="").describe(ALICE | {"groups": [""]}).is_admin


def test_administrators_need_the_claim_of_groups() -> None:
    assert not OidcRules(admin_group="admins", groups_claim="").describe(ALICE).is_admin


def test_other_claims() -> None:
    rules = OidcRules(name_claim="https://example.com/login", groups_claim="/realm_access/roles")
    claims = ALICE | {
        "https://example.com/login": "al",
        "realm_access": {"roles": ["dev"]},
        "groups": ["x"],
    }
    found = rules.describe(claims)
    assert (found.name, found.groups) == ("al", ("dev",))


def test_what_is_asked_for() -> None:
    assert OidcRules().wanted == ("preferred_username", "name", "groups")
    assert OidcRules(groups_claim="").wanted == ("preferred_username", "name")
    by_email = OidcRules(name_claim="email")
    assert by_email.wanted == ("email", "name", "groups", "email_verified")
    assert "email_verified" in OidcRules(email_domains=("example.com",)).wanted


@pytest.mark.parametrize("subject", [None, "", 7, "x" * 256, ["1234"]])
def test_no_subject(subject: Any) -> None:
    assert "'sub'" in refused(OidcRules(), sub=subject)


@pytest.mark.parametrize("name", [None, "", 7, ["alice"]])
def test_no_name(name: Any) -> None:
    assert "claim 'preferred_username'" in refused(OidcRules(), preferred_username=name)


@pytest.mark.parametrize(
    "name", ["al ice", "älice", "robot$ci", "workload:x", "-alice", "a\nb", "a" * 65, "аlice"]
)
def test_names_are_never_bent(name: str) -> None:
    message = refused(OidcRules(), preferred_username=name)
    assert "cannot be a user name" in message
    assert message.isprintable()


def test_email_as_name() -> None:
    rules = OidcRules(name_claim="email")
    assert rules.describe(ALICE).name == "alice@example.com"
    assert "no proof of it" in refused(rules, email_verified=False)
    assert "no proof of it" in refused(rules, email_verified=None)


@pytest.mark.parametrize(
    "verified,is_proved,expected",
    [
        (True, False, True),
        ("true", False, True),
        (False, True, False),
        ("false", True, False),
        (None, True, True),
        (None, False, False),
        ("yes", True, False),
    ],
)
def test_proof_of_addresses(verified: Any, is_proved: bool, expected: bool) -> None:
    rules = OidcRules(email_domains=("example.com",), is_email_proved=is_proved)
    if expected:
        assert rules.describe(ALICE | {"email_verified": verified}).email
    else:
        assert "proved to be yours" in refused(rules, email_verified=verified)


@pytest.mark.parametrize(
    "email,expected",
    [
        ("alice@example.com", True),
        ("alice@EXAMPLE.com", True),
        ("alice@evil.com", False),
        ("alice@sub.example.com", False),
        ("alice@notexample.com", False),
        ("alice@evil.com@example.com", False),
        ("example.com", False),
        ("alice@example.com\n", False),
        ("alice@" + "x" * 300 + ".example.com", False),
        (7, False),
    ],
)
def test_domains(email: Any, expected: bool) -> None:
    rules = OidcRules(email_domains=("example.com", "Example.org"))
    if expected:
        assert rules.describe(ALICE | {"email": email}).email == email
    else:
        refused(rules, email=email)


def test_groups_that_may_log_in() -> None:
    rules = OidcRules(allowed_groups=("ops", "dev"))
    assert rules.describe(ALICE).name
    message = refused(rules, groups=["other"])
    assert "no group of yours" in message
    assert "ops" not in message
    for groups in (None, [], "", [7.5], {"dev": 1}):
        refused(rules, groups=groups)
    # Whoever leaves the claim out does not get round it.
    refused(OidcRules(allowed_groups=("dev",), groups_claim=""))


@pytest.mark.parametrize(
    "groups,expected",
    [
        ("dev", ("dev",)),
        (["b", "a", "b"], ("b", "a")),
        (["", "x" * 256, "a\nb", "ok", "/acme/dev"], ("ok", "/acme/dev")),
        (None, ()),
        (["dev", {"x": 1}], ("dev",)),
    ],
)
def test_groups(groups: Any, expected: tuple[str, ...]) -> None:
    assert OidcRules().describe(ALICE | {"groups": groups}).groups == expected


def test_too_many_groups() -> None:
    many = [f"group-{number}" for number in range(GROUPS_MAX)]
    assert len(OidcRules().describe(ALICE | {"groups": many}).groups) == GROUPS_MAX
    assert "groups to keep" in refused(OidcRules(), groups=[*many, "registry-dev"])
    kept = OidcRules(kept_groups="registry-*", admin_group="group-7")
    found = kept.describe(ALICE | {"groups": [*many, "registry-dev"]})
    assert (found.groups, found.is_admin) == (("registry-dev",), True)


def test_groups_that_do_not_fit_into_the_token() -> None:
    message = refused(OidcRules(), groups=None, _claim_names={"groups": "src1"})
    assert "too many for a token" in message
    assert OidcRules().describe({**ALICE, "_claim_names": 7, "groups": None}).groups == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys([*ALICE, "_claim_names"], JSON)),
    st.booleans(),
)
def test_whatever_is_sent(claims: dict[str, Any], is_restricted: bool) -> None:
    rules = OidcRules(
        admin_group="admins",
        allowed_groups=("dev",) if is_restricted else (),
        email_domains=("example.com",) if is_restricted else (),
    )
    code = code_of(lambda: rules.describe(ALICE | claims))
    if code is not None:
        assert code is Code.DENIED
        return
    found = rules.describe(ALICE | claims)
    assert check_name(found.name) is None
    assert not is_restricted or ("dev" in found.groups and found.email.endswith("@example.com"))
    assert found.is_admin is ("admins" in found.groups)
