import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.name import RepositoryName
from entrepot.rules.access import (
    ANONYMOUS,
    Action,
    Grant,
    Identity,
    Policy,
    allowed_actions,
    decide,
)
from entrepot.rules.roles import Role
from tests.rules.access_strategies import (
    CLOSED,
    GRANTS,
    IDENTITIES,
    NAMES,
    OF_REPOSITORY,
    OPEN,
    PATTERNS,
    POLICIES,
    QUESTIONS,
    RANKS,
)

APP = RepositoryName("library/app")
Question = tuple[Action, RepositoryName | None]

# What each role may do, written out: a change of the table must be wanted twice.
MAY = {
    Role.GUEST: {Action.PULL, Action.CATALOG},
    Role.DEVELOPER: {Action.PULL, Action.CATALOG, Action.PUSH},
    Role.MAINTAINER: {Action.PULL, Action.CATALOG, Action.PUSH, Action.DELETE},
    Role.ADMIN: {Action.PULL, Action.CATALOG, Action.PUSH, Action.DELETE, Action.MANAGE},
}


def may(identity: Identity, question: Question, policy: Policy = CLOSED) -> bool:
    return decide(identity, *question, policy).allowed


@given(QUESTIONS)
def test_nobody_may_do_anything_by_default(question: Question) -> None:
    assert not may(ANONYMOUS, question)
    assert not may(Identity(grants=()), question)


@pytest.mark.parametrize("role", Role)
@given(question=QUESTIONS)
def test_a_role_may_what_the_table_says(role: Role, question: Question) -> None:
    assert may(Identity("alice", role), question) == (question[0] in MAY[role])


@given(IDENTITIES, QUESTIONS, POLICIES)
def test_a_higher_role_may_all_that_a_lower_one_may(
    identity: Identity, question: Question, policy: Policy
) -> None:
    answers = [
        may(Identity("alice", role, identity.grants, identity.may_list), question, policy)
        for role in RANKS
    ]
    assert answers == sorted(answers)


@given(IDENTITIES, QUESTIONS, POLICIES)
def test_a_token_gives_no_more_than_its_account(
    identity: Identity, question: Question, policy: Policy
) -> None:
    account = Identity(identity.name, identity.role)
    if may(identity, question, policy):
        assert may(account, question, policy)


@given(st.sampled_from(Role), GRANTS, st.sampled_from(OF_REPOSITORY), NAMES)
def test_a_token_gives_no_more_than_it_carries(
    role: Role, grants: tuple[Grant, ...], action: Action, name: RepositoryName
) -> None:
    carried = {word for grant in grants if grant.repository == name for word in grant.actions}
    granted = bool(carried & {action.value, "*"})
    assert may(Identity("alice", role, grants), (action, name)) == (granted and action in MAY[role])


@given(st.sampled_from(Role), GRANTS, st.booleans())
def test_a_token_never_manages_and_lists_only_with_its_scope(
    role: Role, grants: tuple[Grant, ...], may_list: bool
) -> None:
    holder = Identity("alice", role, grants, may_list)
    assert not may(holder, (Action.MANAGE, None))
    assert may(holder, (Action.CATALOG, None)) == may_list


@given(GRANTS, QUESTIONS)
def test_grants_without_an_account_are_worth_nothing(
    grants: tuple[Grant, ...], question: Question
) -> None:
    assert not may(Identity("", None, grants, may_list=True), question)


@given(IDENTITIES, QUESTIONS)
def test_an_open_registry_lets_anyone_do_all_but_manage(
    identity: Identity, question: Question
) -> None:
    assert may(identity, question, OPEN) == (
        question[0] is not Action.MANAGE or may(identity, question)
    )


@given(IDENTITIES, QUESTIONS, POLICIES, PATTERNS)
def test_a_policy_never_takes_away(
    identity: Identity, question: Question, policy: Policy, pattern: str
) -> None:
    wider = Policy(open=policy.open, anonymous_pull=(*policy.anonymous_pull, pattern))
    assert may(identity, question, wider) >= may(identity, question, policy)


@given(st.lists(PATTERNS, max_size=3), QUESTIONS)
def test_public_repositories_are_for_pulling_only(patterns: list[str], question: Question) -> None:
    if may(ANONYMOUS, question, Policy(anonymous_pull=tuple(patterns))):
        assert question[0] is Action.PULL


@pytest.mark.parametrize(
    "pattern,public,private",
    [
        ("*", ["library/app", "acme/api/web"], []),
        ("app", ["library/app"], ["acme/app", "library/app2", "library/my/app"]),
        ("library/app", ["library/app"], ["acme/app", "library/app2"]),
        ("acme/app", ["acme/app"], ["library/app", "acme/app/x", "acme/app2"]),
        ("acme/*", ["acme/app", "acme/api/web"], ["acme-2/app", "library/app", "library/acme"]),
        ("library/*", ["library/app", "library/my/app"], ["acme/app", "library-2/app"]),
        ("my*", ["library/myapp", "my/app"], ["acme/myapp", "library/app"]),
        # A prefix of the project's own name must not open everything that has a short name.
        ("lib*", ["library/libc", "lib/app"], ["library/app"]),
        ("", [], ["library/app", "acme/app"]),
    ],
)
def test_patterns_of_public_repositories(
    pattern: str, public: list[str], private: list[str]
) -> None:
    policy = Policy(anonymous_pull=(pattern,))
    found = {
        name: may(ANONYMOUS, (Action.PULL, RepositoryName(name)), policy)
        for name in (*public, *private)
    }
    assert found == dict.fromkeys(public, True) | dict.fromkeys(private, False)


@given(IDENTITIES, QUESTIONS, POLICIES)
def test_a_reason_names_what_was_asked_and_the_cure(
    identity: Identity, question: Question, policy: Policy
) -> None:
    verdict = decide(identity, *question, policy)
    action, repository = question
    if verdict.allowed:
        assert not verdict.reason
        return
    assert action.value in verdict.reason
    assert repository is None or repository.wire in verdict.reason
    if identity.role is None:
        assert "docker login" in verdict.reason
    elif action in MAY[identity.role]:
        assert "scope" in verdict.reason
    else:
        cure = next(role for role in RANKS if action in MAY[role])
        assert f"role {identity.role.value} " in verdict.reason
        assert f"role {cure.value} is needed" in verdict.reason


@given(IDENTITIES, QUESTIONS, POLICIES)
def test_login_helps_whom_no_role_stops(
    identity: Identity, question: Question, policy: Policy
) -> None:
    """401 makes a client log in or get another token; where the role forbids it, 403 is final."""
    verdict = decide(identity, *question, policy)
    forbidden = identity.role is not None and question[0] not in MAY[identity.role]
    assert verdict.login_helps == (not verdict.allowed and not forbidden)


@given(IDENTITIES, NAMES, POLICIES)
def test_allowed_actions_are_those_that_are_allowed(
    identity: Identity, name: RepositoryName, policy: Policy
) -> None:
    found = allowed_actions(identity, name, policy)
    assert found == {action for action in OF_REPOSITORY if may(identity, (action, name), policy)}


def test_a_name_and_its_full_name_are_one_repository() -> None:
    grant = Grant(RepositoryName.parse("app"), frozenset({"pull"}))
    assert may(Identity("alice", Role.GUEST, (grant,)), (Action.PULL, APP))
