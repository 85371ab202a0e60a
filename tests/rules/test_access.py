from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.name import RepositoryName
from entrepot.rules.access import (
    ACTIONS,
    ANONYMOUS,
    NO_FACTS,
    Facts,
    Grant,
    Identity,
    Kind,
    Policy,
    TokenGrant,
    allowed_actions,
    decide,
    lacking,
    of_account,
)
from entrepot.rules.areas import REGISTRY, Target
from entrepot.rules.explaining import explain
from entrepot.rules.networks import Networks
from entrepot.rules.permissions import Level, Permission
from entrepot.rules.roles import BUILT_IN, OF_ACCOUNT, Role
from tests.rules.access_strategies import (
    CLOSED,
    FACTS,
    GRANTS,
    IDENTITIES,
    MANY_GRANTS,
    NAMES,
    OF_REPOSITORY,
    OPEN,
    PATTERNS,
    POLICIES,
    QUESTIONS,
    RANKS,
    TOKEN_GRANTS,
)

APP = RepositoryName("library/app")
Question = tuple[Permission, Target]

# What accounts may do with images, written out: a change of the table must be wanted twice.
MAY = {
    Role.USER: set(),
    Role.GUEST: {Permission.PULL, Permission.CATALOG},
    Role.DEVELOPER: {Permission.PULL, Permission.CATALOG, Permission.PUSH},
    Role.MAINTAINER: {Permission.PULL, Permission.CATALOG, Permission.PUSH, Permission.DELETE},
    Role.ADMIN: {Permission.PULL, Permission.CATALOG, Permission.PUSH, Permission.DELETE},
}
THERE = Facts(exists=True)


def user(role: Role | None = None, **more: object) -> Identity:
    return Identity("alice", role, kind=Kind.USER, **more)  # type: ignore[arg-type]


def may(
    identity: Identity, question: Question, policy: Policy = CLOSED, facts: Facts = THERE
) -> bool:
    return decide(identity, *question, policy, facts).allowed


@given(QUESTIONS)
def test_nobody_may_do_anything_by_default(question: Question) -> None:
    for who in (ANONYMOUS, Identity(grants=()), user(), Identity("robot$x", kind=Kind.ROBOT)):
        assert not may(who, question)
        assert not may(who, question, facts=NO_FACTS)


@pytest.mark.parametrize("role", Role)
def test_an_account_may_what_the_table_says(role: Role) -> None:
    for permission in (*OF_REPOSITORY, Permission.CATALOG):
        asked = Target.of(APP)
        assert may(user(role), (permission, asked)) == (permission in MAY[role])
    assert may(user(role), (Permission.USER_MANAGE, REGISTRY)) == (role is Role.ADMIN)
    assert may(user(role), (Permission.PROJECT_CREATE, REGISTRY)) == (role is not Role.GUEST)


@given(IDENTITIES, QUESTIONS, POLICIES, FACTS)
def test_a_higher_role_may_all_that_a_lower_one_may(
    identity: Identity, question: Question, policy: Policy, facts: Facts
) -> None:
    who = replace(identity, name="alice", kind=Kind.USER)
    answers = [may(replace(who, role=role), question, policy, facts) for role in RANKS]
    assert answers == sorted(answers)


@given(IDENTITIES, QUESTIONS, POLICIES, FACTS)
def test_a_token_gives_no_more_than_its_holder_has(
    identity: Identity, question: Question, policy: Policy, facts: Facts
) -> None:
    holder = replace(identity, grants=None, limits=None)
    if may(identity, question, policy, facts):
        assert may(holder, question, policy, facts)


@given(TOKEN_GRANTS, st.sampled_from(OF_REPOSITORY), NAMES)
def test_a_token_gives_no_more_than_it_carries(
    grants: tuple[TokenGrant, ...], permission: Permission, name: RepositoryName
) -> None:
    carried = {word for grant in grants if grant.repository == name for word in grant.actions}
    action = next(word for word, one in ACTIONS.items() if one is permission)
    asked = (permission, Target.of(name))
    assert may(user(Role.ADMIN, grants=grants), asked) == bool(carried & {action, "*"})


@given(TOKEN_GRANTS, st.booleans(), QUESTIONS)
def test_a_token_is_for_images_and_lists_only_with_its_scope(
    grants: tuple[TokenGrant, ...], may_list: bool, question: Question
) -> None:
    holder = user(Role.ADMIN, grants=grants, may_list=may_list)
    assert may(holder, (Permission.CATALOG, REGISTRY)) == may_list
    if question[0] not in (*OF_REPOSITORY, Permission.CATALOG):
        assert not may(holder, question)


@given(MANY_GRANTS, QUESTIONS)
def test_an_access_token_gives_what_it_reaches_and_no_more(
    limits: tuple[Grant, ...], question: Question
) -> None:
    permission, target = question
    reached = any(limit.gives(permission, target.at(permission.level)) for limit in limits)
    holder = user(Role.ADMIN, limits=limits)
    assert may(holder, question) == (reached and may(user(Role.ADMIN), question))


@given(IDENTITIES, QUESTIONS, POLICIES, FACTS, GRANTS)
def test_grants_only_add(
    identity: Identity, question: Question, policy: Policy, facts: Facts, grant: Grant
) -> None:
    more = replace(facts, grants=(*facts.grants, grant))
    assert may(identity, question, policy, more) >= may(identity, question, policy, facts)


@given(MANY_GRANTS, QUESTIONS)
def test_what_is_allowed_was_given(grants: tuple[Grant, ...], question: Question) -> None:
    permission, target = question
    given_ = any(one.gives(permission, target.at(permission.level)) for one in grants)
    assert may(user(), question, facts=Facts(exists=True, grants=grants)) == given_


@given(IDENTITIES, QUESTIONS)
def test_an_open_registry_lets_anyone_use_images(identity: Identity, question: Question) -> None:
    free = question[0] in (*OF_REPOSITORY, Permission.CATALOG)
    assert may(identity, question, OPEN) == (free or may(identity, question))


@given(IDENTITIES, QUESTIONS, POLICIES, FACTS, PATTERNS)
def test_a_wider_policy_never_takes_away(
    identity: Identity, question: Question, policy: Policy, facts: Facts, pattern: str
) -> None:
    wider = replace(policy, anonymous_pull=(*policy.anonymous_pull, pattern))
    assert may(identity, question, wider, facts) >= may(identity, question, policy, facts)


@given(st.lists(PATTERNS, max_size=3), QUESTIONS, st.booleans())
def test_what_is_public_is_for_pulling_only(
    patterns: list[str], question: Question, public: bool
) -> None:
    facts = Facts(exists=True, public=public)
    if may(ANONYMOUS, question, Policy(anonymous_pull=tuple(patterns)), facts):
        assert question[0] in (Permission.PULL, Permission.REPOSITORY_LIST)
        assert question[1].repository is not None


def test_a_public_project_is_for_anyone_to_pull() -> None:
    assert may(ANONYMOUS, (Permission.PULL, Target.of(APP)), facts=Facts(exists=True, public=True))


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
        name: may(ANONYMOUS, (Permission.PULL, Target.of(RepositoryName(name))), policy)
        for name in (*public, *private)
    }
    assert found == dict.fromkeys(public, True) | dict.fromkeys(private, False)


@given(IDENTITIES, QUESTIONS, POLICIES, FACTS)
def test_a_refusal_says_what_was_asked_and_the_cure(
    identity: Identity, question: Question, policy: Policy, facts: Facts
) -> None:
    verdict = decide(identity, *question, policy, facts)
    if verdict.allowed:
        assert not verdict.reason
        return
    cause, _, cure = verdict.reason.partition(": ")
    assert cause
    assert cure


@given(IDENTITIES, QUESTIONS, POLICIES, FACTS)
def test_login_helps_those_whom_a_login_or_another_token_would_help(
    identity: Identity, question: Question, policy: Policy, facts: Facts
) -> None:
    """401 makes a client log in or get another token; where none can help, 403 is final."""
    verdict = decide(identity, *question, policy, facts)
    if verdict.login_helps:
        assert not verdict.allowed
        assert identity.kind is Kind.ANONYMOUS or identity.grants is not None
        if identity.kind is not Kind.ANONYMOUS and identity.limits is None:
            assert may(replace(identity, grants=None), question, policy, facts)


@given(IDENTITIES, NAMES, POLICIES, FACTS)
def test_allowed_actions_are_those_that_are_allowed(
    identity: Identity, name: RepositoryName, policy: Policy, facts: Facts
) -> None:
    found = allowed_actions(identity, name, policy, facts)
    assert found == {
        action
        for action, permission in ACTIONS.items()
        if may(identity, (permission, Target.of(name)), policy, facts)
    }


def test_a_name_and_its_full_name_are_one_repository() -> None:
    grant = TokenGrant(RepositoryName.parse("app"), frozenset({"pull"}))
    assert may(user(Role.GUEST, grants=(grant,)), (Permission.PULL, Target.of(APP)))


@given(IDENTITIES, QUESTIONS, POLICIES, FACTS)
def test_from_outside_of_the_networks_nobody_may_anything(
    identity: Identity, question: Question, policy: Policy, facts: Facts
) -> None:
    elsewhere = replace(policy, networks=Networks.parse(["203.0.113.0/24"]))
    assert not may(identity, question, elsewhere, facts)
    bound = replace(identity, networks=(Networks.parse(["203.0.113.0/24"]),))
    assert not may(bound, question, policy, facts)


def test_a_projects_networks_are_about_its_repositories() -> None:
    facts = Facts(exists=True, networks=Networks.parse(["10.0.0.0/8"]))
    inside, outside = user(Role.ADMIN, address="10.1.1.1"), user(Role.ADMIN, address="192.0.2.1")
    pull = (Permission.PULL, Target.of(RepositoryName("acme/app")))
    assert may(inside, pull, facts=facts)
    assert not may(outside, pull, facts=facts)
    # Else a wrong list could not be mended.
    assert may(outside, (Permission.PROJECT_UPDATE, Target("acme")), facts=facts)


def test_a_first_push_makes_the_project() -> None:
    push = (Permission.PUSH, Target.of(RepositoryName("new/app")))
    verdict = decide(user(Role.USER), *push, CLOSED, NO_FACTS)
    assert (verdict.allowed, verdict.founds) == (True, True)
    # Whoever would make it sees that nothing is there, as containerd asks before it pushes.
    assert may(user(Role.USER), (Permission.PULL, push[1]), facts=NO_FACTS)
    assert not may(user(Role.USER), (Permission.DELETE, push[1]), facts=NO_FACTS)
    assert not may(user(Role.USER), push, facts=THERE)
    assert not may(user(Role.USER), push, Policy(auto_create=False), NO_FACTS)
    assert not may(user(Role.GUEST), push, facts=NO_FACTS)
    for role in (Role.DEVELOPER, Role.ADMIN):
        refused = decide(user(role), *push, Policy(auto_create=False), NO_FACTS)
        assert "there is no project new" in refused.reason
    assert not decide(user(Role.DEVELOPER), *push, CLOSED, NO_FACTS).founds


def test_who_may_make_projects_runs_what_their_first_push_makes() -> None:
    push = (Permission.PUSH, Target.of(RepositoryName("new/app")))
    everywhere = Facts(grants=(Grant("*", frozenset({Permission.PUSH}), "pushes"),))
    cases = [
        (user(Role.USER), CLOSED, NO_FACTS, True),
        (user(Role.DEVELOPER), CLOSED, NO_FACTS, True),
        (user(Role.DEVELOPER), Policy(open=True), NO_FACTS, True),
        (user(Role.DEVELOPER), CLOSED, THERE, False),
        (user(Role.GUEST), CLOSED, everywhere, False),
        (ANONYMOUS, Policy(open=True), NO_FACTS, False),
    ]
    for who, policy, facts, creates in cases:
        verdict = decide(who, *push, policy, facts)
        assert (verdict.allowed, verdict.creates) == (True, creates), (who, policy)


@pytest.mark.parametrize("name", BUILT_IN)
def test_no_role_for_projects_reaches_the_registry(name: str) -> None:
    assert all(one.level is not Level.REGISTRY for one in BUILT_IN[name])
    holder = Facts(exists=True, grants=(Grant("acme", BUILT_IN[name]),))
    for permission in Permission:
        if permission.level is Level.REGISTRY:
            assert not may(user(), (permission, Target("acme")), facts=holder)


def test_each_account_role_is_named_once_more() -> None:
    assert set(OF_ACCOUNT) == set(Role)
    assert OF_ACCOUNT[Role.ADMIN] == frozenset(Permission)


@given(IDENTITIES, QUESTIONS, POLICIES, FACTS)
def test_an_explanation_says_what_is_decided(
    identity: Identity, question: Question, policy: Policy, facts: Facts
) -> None:
    verdict = decide(identity, *question, policy, facts)
    told = explain(identity, *question, policy, facts)
    assert told.allowed == verdict.allowed
    assert told.reason == (verdict.reason or "allowed")
    assert len([step for step in told.steps if step.looked_at == "grant"]) == len(facts.grants) + (
        identity.role is not None
    )


@given(MANY_GRANTS, MANY_GRANTS, QUESTIONS)
def test_i10_what_is_given_is_held(
    held: tuple[Grant, ...], wanted: tuple[Grant, ...], question: Question
) -> None:
    """Nobody gives what they lack: whatever the new grants allow, the giver could do before."""
    if lacking(held, wanted) is None:
        after = may(user(), question, facts=Facts(exists=True, grants=wanted))
        assert not after or may(user(), question, facts=Facts(exists=True, grants=held))


@given(MANY_GRANTS, MANY_GRANTS, MANY_GRANTS, QUESTIONS)
def test_an_access_token_gives_no_more_than_it_reaches(
    held: tuple[Grant, ...],
    limits: tuple[Grant, ...],
    wanted: tuple[Grant, ...],
    question: Question,
) -> None:
    if lacking(held, wanted, limits=limits) is None:
        holder = user(limits=limits)
        after = may(user(), question, facts=Facts(exists=True, grants=wanted))
        assert not after or may(holder, question, facts=Facts(exists=True, grants=held))


@given(MANY_GRANTS, MANY_GRANTS)
def test_what_is_lacking_is_named(held: tuple[Grant, ...], wanted: tuple[Grant, ...]) -> None:
    missing = lacking(held, wanted)
    if missing is not None:
        assert any(missing[0] in one.permissions and missing[1] == one.area for one in wanted)
    assert lacking((of_account(Role.ADMIN),), wanted) is None
