"""The explanation is the decision, told."""

from hypothesis import given

from entrepot.oci.name import RepositoryName
from entrepot.rules.access import Facts, Grant, Identity, Kind, Policy, TokenGrant, decide
from entrepot.rules.areas import Target
from entrepot.rules.explaining import GRANTS_TOLD_MAX, Explanation, Obstacle, explain
from entrepot.rules.networks import Networks
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import BUILT_IN, Role
from tests.rules.access_strategies import FACTS, IDENTITIES, POLICIES, QUESTIONS

WEB = Target.of(RepositoryName("acme/web"))
THERE = Facts(exists=True)
ALICE = Identity("alice", Role.USER, kind=Kind.USER)
DEVELOPER = Grant("acme", BUILT_IN["developer"], "role developer, given to user alice")


def told(
    identity: Identity = ALICE,
    permission: Permission = Permission.PUSH,
    facts: Facts = THERE,
    policy: Policy | None = None,
) -> tuple[Explanation, dict[str, str]]:
    found = explain(identity, permission, WEB, policy or Policy(), facts)
    return found, {step.looked_at: step.found for step in found.steps}


@given(IDENTITIES, QUESTIONS, POLICIES, FACTS)
def test_it_says_what_is_decided_and_what_is_in_the_way(
    identity: Identity, question: tuple[Permission, Target], policy: Policy, facts: Facts
) -> None:
    permission, target = question
    found = explain(identity, permission, target, policy, facts)
    verdict = decide(identity, permission, target, policy, facts)
    assert found.allowed is verdict.allowed
    assert found.allowed is (found.obstacle is Obstacle.NOTHING)
    assert found.reason == (verdict.reason or "allowed")
    assert len(found.steps) <= GRANTS_TOLD_MAX + 10


def test_a_grant_that_gives_it() -> None:
    found, steps = told(facts=Facts(exists=True, grants=(DEVELOPER,)))
    assert found.allowed
    assert steps["grant"] == "role developer, given to user alice (acme): allows it"
    assert steps["given by"] == "role developer, given to user alice"
    assert steps["narrowed by"] == "nothing"


def test_grants_that_do_not() -> None:
    elsewhere = Grant("acme/api/**", BUILT_IN["developer"], "one")
    guest = Grant("acme", BUILT_IN["guest"], "other")
    found, _ = told(facts=Facts(exists=True, grants=(elsewhere, guest)))
    grants = [step.found for step in found.steps if step.looked_at == "grant"]
    assert grants[1:] == [
        "one (acme/api/**): does not reach acme/web",
        "other (acme): does not hold repository.push",
    ]
    assert found.obstacle is Obstacle.GRANT


def test_what_keeps_out_and_what_narrows() -> None:
    inner = Facts(exists=True, grants=(DEVELOPER,), networks=Networks.parse(["10.0.0.0/8"]))
    found, steps = told(Identity("alice", kind=Kind.USER, address="192.0.2.1"), facts=inner)
    assert found.obstacle is Obstacle.ADDRESS
    assert "project acme takes nobody from 192.0.2.1" in steps["address"]
    token = Identity(
        "alice",
        kind=Kind.USER,
        grants=(TokenGrant(RepositoryName("acme/web"), frozenset({"pull"})),),
    )
    found, steps = told(token, facts=Facts(exists=True, grants=(DEVELOPER,)))
    assert found.obstacle is Obstacle.TOKEN
    assert "does not allow to push" in steps["narrowed by"]


def test_a_first_push_and_a_project_that_is_not_there() -> None:
    found, steps = told(facts=Facts())
    assert found.allowed
    assert steps["given by"] == "a first push makes the project, by project.create"
    assert steps["without an account"] == "no; project acme does not exist"


def test_a_public_project() -> None:
    found, steps = told(Identity(), Permission.PULL, Facts(exists=True, public=True))
    assert (found.allowed, steps["without an account"]) == (True, "anyone may")
    assert steps["caller"] == "anonymous"


def test_not_all_of_many_grants_are_told() -> None:
    many = tuple(Grant("acme", frozenset(), f"{number}") for number in range(GRANTS_TOLD_MAX + 5))
    found, _ = told(facts=Facts(exists=True, grants=many))
    grants = [step.found for step in found.steps if step.looked_at == "grant"]
    # The account's role is told first.
    assert (len(grants), grants[-1]) == (GRANTS_TOLD_MAX + 1, "and 6 more")


def test_what_only_administrators_have() -> None:
    _, steps = told(permission=Permission.USER_MANAGE)
    assert steps["given by"] == "nothing; only administrators have it"
    assert steps["permission"].startswith("user.manage on the registry: ")
