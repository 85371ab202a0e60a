import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.json import encode
from entrepot.oci.name import RepositoryName
from entrepot.rules.access import (
    ACTIONS,
    ANONYMOUS,
    NO_FACTS,
    Facts,
    Identity,
    Kind,
    Policy,
    TokenGrant,
    decide,
)
from entrepot.rules.areas import REGISTRY, Target
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import Role
from entrepot.rules.scopes import SCOPES_MAX, Scope, granted, parse_scopes, to_grants
from tests.rules.access_strategies import CLOSED, FACTS, IDENTITIES, OPEN, POLICIES

DEVELOPER = Identity("alice", Role.DEVELOPER, kind=Kind.USER)
ADMIN = Identity("root", Role.ADMIN, kind=Kind.USER)
MANY_FACTS = st.dictionaries(st.sampled_from(("", "library", "acme")), FACTS)
THERE = {"library": Facts(exists=True)}
HEADER_MAX_BYTES = 8 * 1024
"""What common proxies take for one header."""

SCOPES = st.builds(
    Scope,
    st.sampled_from(("repository", "registry", "other")),
    st.from_regex(r"[a-z0-9]{1,5}(:[0-9]{1,4})?(/[a-z0-9]{1,5}){0,2}", fullmatch=True),
    st.lists(st.sampled_from(("pull", "push", "delete", "*", "x")), min_size=1, max_size=4).map(
        tuple
    ),
)
WANTED = st.lists(
    st.builds(
        Scope,
        st.sampled_from(("repository", "registry", "other")),
        st.sampled_from(("app", "library/app", "acme/app", "catalog", "Not A Name")),
        st.lists(st.sampled_from(("pull", "push", "delete", "*", "x")), max_size=5).map(tuple),
    ),
    max_size=6,
)
# Pieces that scopes are made of, put together wrongly.
BROKEN = st.lists(
    st.sampled_from(("repository", "(plugin)", ":", "::", "a/b", "pull", ",", "*", " ", "\t", "é")),
    max_size=12,
).map("".join)


def texts(scopes: tuple[Scope, ...]) -> list[str]:
    return [*map(str, scopes)]


@pytest.mark.parametrize(
    "given_,read",
    [
        ("repository:library/app:pull,push", ["repository:library/app:pull,push"]),
        ("repository:app:*", ["repository:app:*"]),
        ("registry:catalog:*", ["registry:catalog:*"]),
        # A Notary name holds a port; only the first and the last colon divide.
        ("repository:localhost:5000/app:pull", ["repository:localhost:5000/app:pull"]),
        # A class is the same resource, and is never sent back.
        ("repository(plugin):acme/app:pull", ["repository:acme/app:pull"]),
        ("repository:a:pull repository:b:push", ["repository:a:pull", "repository:b:push"]),
        ("  repository:a:pull \n ", ["repository:a:pull"]),
        # Not readable, so dropped.
        ("repository:a", []),
        ("repository", []),
        ("repository::pull", []),
        ("repository:a:", []),
        ("", []),
        ("nonsense repository:a:pull", ["repository:a:pull"]),
    ],
)
def test_the_grammar(given_: str, read: list[str]) -> None:
    assert texts(parse_scopes([given_])) == read


def test_several_parameters_and_several_in_one_are_the_same() -> None:
    assert parse_scopes(["repository:a:pull repository:b:push"]) == parse_scopes(
        ["repository:a:pull", "repository:b:push"]
    )


@given(st.lists(SCOPES, max_size=5))
def test_scopes_read_back_the_same(scopes: list[Scope]) -> None:
    assert parse_scopes([" ".join(map(str, scopes))]) == tuple(scopes)


@given(st.lists(st.one_of(st.text(), BROKEN)))
def test_whatever_is_asked_a_token_request_does_not_fail(words: list[str]) -> None:
    scopes = parse_scopes(words)
    assert len(scopes) <= SCOPES_MAX
    found = granted(scopes, ADMIN, CLOSED, {})
    # What is given can be written and read again: it goes into a token and into an answer.
    assert parse_scopes(texts(found)) == found
    to_grants(found)


@given(WANTED, IDENTITIES, POLICIES, MANY_FACTS)
def test_no_more_is_given_than_was_asked_for_and_is_allowed(
    wanted: list[Scope], identity: Identity, policy: Policy, facts: dict[str, Facts]
) -> None:
    for scope in granted(wanted, identity, policy, facts):
        asked = {
            action
            for other in wanted
            if (other.type, other.name) == (scope.type, scope.name)
            for action in other.actions
        }
        assert set(scope.actions) <= asked or "*" in asked
        if scope.type == "registry":
            assert (scope.name, scope.actions) == ("catalog", ("*",))
            assert "*" in asked
            assert decide(
                identity, Permission.CATALOG, REGISTRY, policy, facts.get("", NO_FACTS)
            ).allowed
        else:
            assert scope.type == "repository"
            name = RepositoryName.parse(scope.name)
            here = facts.get(name.project, NO_FACTS)
            assert all(
                decide(identity, ACTIONS[action], Target.of(name), policy, here).allowed
                for action in scope.actions
            )


@given(WANTED, IDENTITIES, POLICIES, MANY_FACTS)
def test_all_is_given_that_was_asked_for_and_is_allowed(
    wanted: list[Scope], identity: Identity, policy: Policy, facts: dict[str, Facts]
) -> None:
    """`docker push` asks for more than a guest may; what they may, they get."""
    given_ = {
        (scope.name, action)
        for scope in granted(wanted, identity, policy, facts)
        if scope.type == "repository"
        for action in scope.actions
    }
    for scope in wanted:
        if scope.type == "repository" and " " not in scope.name:
            name = RepositoryName.parse(scope.name)
            here = facts.get(name.project, NO_FACTS)
            for action, permission in ACTIONS.items():
                if decide(identity, permission, Target.of(name), policy, here).allowed and (
                    {action, "*"} & set(scope.actions)
                ):
                    assert (scope.name, action) in given_


@given(WANTED, IDENTITIES, POLICIES, MANY_FACTS)
def test_a_resource_and_an_action_are_given_once(
    wanted: list[Scope], identity: Identity, policy: Policy, facts: dict[str, Facts]
) -> None:
    """podman repeats its scopes; a token must not grow by that."""
    found = granted([*wanted, *wanted], identity, policy, facts)
    assert found == granted(wanted, identity, policy, facts)
    resources = [(scope.type, scope.name) for scope in found]
    assert len(set(resources)) == len(resources)
    assert all(len(set(scope.actions)) == len(scope.actions) for scope in found)


def test_a_token_fits_into_a_header() -> None:
    names = [f"{'a' * 240}{number:05}" for number in range(SCOPES_MAX)]
    found = granted([Scope("repository", name, ("*",)) for name in names], ADMIN, CLOSED, {})
    assert found
    claims = [{"type": s.type, "name": s.name, "actions": [*s.actions]} for s in found]
    # Base64 makes four of three; other claims, head and signature take less than 1 KiB.
    assert len(encode(claims)) * 4 / 3 < HEADER_MAX_BYTES - 1024


def test_names_come_back_as_the_client_wrote_them() -> None:
    wanted = (Scope("repository", "app", ("pull",)), Scope("repository", "library/app", ("pull",)))
    assert granted(wanted, DEVELOPER, CLOSED, {}) == wanted


def test_both_names_give_the_same_grant() -> None:
    short, full = (
        to_grants(parse_scopes([f"repository:{name}:pull"])) for name in ("app", "library/app")
    )
    assert short == full == (TokenGrant(RepositoryName("library/app"), frozenset({"pull"})),)


def test_what_is_no_repository_gives_no_grant() -> None:
    assert to_grants(parse_scopes(["registry:catalog:* repository:UPPER:pull other:a:pull"])) == ()


def test_the_catalog_must_be_asked_for() -> None:
    asked, not_asked = parse_scopes(["registry:catalog:* registry:catalog:pull"])
    assert granted((asked,), DEVELOPER, CLOSED, {}) == (asked,)
    assert granted((not_asked,), DEVELOPER, CLOSED, {}) == ()


@pytest.mark.parametrize(
    "identity,policy,actions",
    [
        (ANONYMOUS, CLOSED, None),
        (ANONYMOUS, OPEN, "pull,push"),
        (ANONYMOUS, Policy(anonymous_pull=("app",)), "pull"),
        (Identity("bob", Role.GUEST, kind=Kind.USER), CLOSED, "pull"),
        (DEVELOPER, CLOSED, "pull,push"),
    ],
)
def test_what_docker_push_gets(identity: Identity, policy: Policy, actions: str | None) -> None:
    found = granted(parse_scopes(["repository:app:pull,push"]), identity, policy, THERE)
    assert texts(found) == ([f"repository:app:{actions}"] if actions else [])
