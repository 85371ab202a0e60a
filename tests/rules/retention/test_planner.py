from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.retention.facts import Action, Artifact, Decision, Plan, TagFact
from entrepot.rules.retention.language import parse
from entrepot.rules.retention.model import Policy, Rule, Verb
from entrepot.rules.retention.planner import STEP_ARTIFACTS, plan, planning
from tests.rules.retention.policies import (
    ARTIFACTS,
    DAY,
    DELETES,
    KEEPS,
    NOW,
    POLICIES,
    artifact,
    digest,
)

REPOSITORIES = st.sampled_from(("v1", "a/b", "web"))


def planned(text: str, *artifacts: Artifact, repository: str = "web") -> Plan:
    return plan(repository, artifacts, parse(text), now=NOW)


def number(decision: Decision) -> int:
    return int(decision.digest.encoded, 16)


def kept(text: str, *artifacts: Artifact, repository: str = "web") -> list[int]:
    decisions = planned(text, *artifacts, repository=repository).decisions
    return [number(one) for one in decisions if one.action is not Action.DELETE]


def deleted(one: Plan) -> set[str]:
    return {decision.digest for decision in one.decisions if decision.action is Action.DELETE}


def gone(one: Plan) -> set[tuple[str, str]]:
    """Return what a plan takes: artifacts, and tags."""
    tags = {(decision.digest, tag) for decision in one.decisions for tag in decision.tags}
    return tags | {(name, "") for name in deleted(one)}


@pytest.mark.parametrize(
    "text,expected",
    [
        ("", [1, 2, 3, 4, 5]),
        ("keep all", [1, 2, 3, 4, 5]),
        ("keep nothing", []),
        ("keep 30d", [1, 2]),
        ("keep n: 3", [1, 2, 3]),
        ("keep n: 9", [1, 2, 3, 4, 5]),
        ('keep n: 1 where tag ~ "v*"', [2]),
        ("keep n: 1 by pull", [4]),
        # Never pulled is oldest, and still fills the number; of one time the lower digest counts.
        ("keep n: 4 by pull", [1, 2, 3, 4]),
        ("keep n: 2 by activity", [1, 4]),
        ("keep 10d; keep n: 1 by pull", [1, 4]),
        ("keep where pulled within 2d", [4]),
        ("keep where not pulled within 2d", [1, 2, 3, 5]),
        ("keep where never pulled", [1, 2, 5]),
        ("keep untagged 200d", [3]),
        ("keep where tagged", [1, 2, 4, 5]),
        ("keep where semver", [5]),
        ('keep where label "team"', [4, 5]),
        ('keep where label "team" = "red"', [4]),
        ('keep where platform = "linux/arm64"', [2]),
        ('keep where tag !~ "v*"', [1, 4]),
        ('keep where tag !~ "v*" or untagged', [1, 3, 4]),
        ("delete untagged older than 7d", [1, 2, 4, 5]),
        ("delete untagged older than 200d", [1, 2, 3, 4, 5]),
        ('delete where tag ~ "v*" older than 90d', [1, 2, 3, 4]),
        ("delete all", []),
        ("off delete all", [1, 2, 3, 4, 5]),
        ("off keep n: 1", [1, 2, 3, 4, 5]),
        # Delete beats keep, and keep counts what is left.
        ('delete where tag ~ "latest"; keep n: 2', [2, 3]),
        ('keep all; delete where tag ~ "latest"', [2, 3, 4, 5]),
        # A rule about other repositories.
        ('in "team/*": keep n: 1', [1, 2, 3, 4, 5]),
        ('in not "team/*": keep n: 1', [1]),
        ('in "w*", not "web": delete all', [1, 2, 3, 4, 5]),
    ],
)
def test_forms(text: str, expected: list[int]) -> None:
    arm = frozenset({"linux/amd64", "linux/arm64"})
    assert (
        kept(
            text,
            artifact(1, "latest", pushed=0),
            artifact(2, "v2", pushed=30, platforms=arm),
            artifact(3, pushed=100, pulled=50),
            artifact(4, "test-1", "test-2", pushed=110, pulled=1, labels={"team": "red"}),
            artifact(5, "v1.2.3", pushed=120, labels={"team": "blue"}),
        )
        == expected
    )


def test_a_moved_tag_makes_it_new() -> None:
    old = Artifact(digest(1), NOW - 90 * DAY, None, (TagFact("a", NOW - DAY, NOW - DAY),))
    assert kept("keep 30d", old) == [1]
    assert kept("delete older than 30d", old) == [1]
    assert kept("keep where pulled within 2d", old) == [1]


def test_all_conditions_about_tags_hold_for_one_tag() -> None:
    both = artifact(1, "v1-rc", "latest")
    assert kept('keep where tag ~ "v*" and tag !~ "*-rc"', both) == []
    assert kept('keep where tag ~ "v*" and tag ~ "*-rc"', both) == [1]


def test_a_delete_rule_takes_only_tags_that_match() -> None:
    done = planned('delete where tag ~ "*-rc"', artifact(1, "v1-rc", "v1"), artifact(2, "v2-rc"))
    first, second = done.decisions
    assert (first.action, first.tags, first.rule) == (Action.UNTAG, ("v1-rc",), 0)
    assert (second.action, second.tags, second.rule) == (Action.DELETE, ("v2-rc",), 0)
    assert (done.kept, done.untagged, done.deleted, done.tags_removed) == (1, 1, 1, 2)
    assert done.deleted_bytes == 1


def test_two_rules_may_take_all_tags_together() -> None:
    both = artifact(1, "a", "b")
    assert kept('delete where tag ~ "a"', both) == [1]
    assert kept('delete where tag ~ "a"; delete where tag ~ "b"', both) == []


def test_keep_sees_the_tags_that_are_left() -> None:
    rules = 'delete where tag ~ "v1-rc"; keep where tag ~ "v*"'
    assert kept(rules, artifact(1, "v1-rc", "other"), artifact(2, "v1-rc", "v1")) == [2]


def test_protected_tags_stay_and_so_does_their_artifact() -> None:
    one = artifact(1, "v1", "v1-rc", pushed=900, protected="v1")
    for text in ("delete all", "keep nothing", "keep 1d", 'delete where tag ~ "v1"'):
        (decision,) = planned(text, one).decisions
        assert (decision.action, decision.tags) == (Action.KEEP, ()), text
    assert "protected: rule" in planned("keep nothing", one).decisions[0].reason
    (decision,) = planned("delete tagged", one).decisions
    assert (decision.action, decision.tags) == (Action.UNTAG, ("v1-rc",))


@pytest.mark.parametrize(
    "one,told",
    [
        (Artifact(digest(1), 0.0, child_of=digest(2)), "part of index"),
        (Artifact(digest(1), 0.0, subject=digest(2)), "refers to"),
        (
            Artifact(digest(1), 0.0, tags=(TagFact(f"sha256-{'0' * 64}.sig", 0.0),)),
            "hangs it on another",
        ),
    ],
)
def test_what_follows_another_is_no_candidate(one: Artifact, told: str) -> None:
    done = planned("delete all; keep n: 1", one, artifact(3, pushed=1))
    (decision, _) = done.decisions
    assert decision.action is Action.KEEP
    assert told in decision.reason
    # Nor does it use up a number.
    assert kept("keep n: 1", one, artifact(3, pushed=1)) == [1, 3]


@pytest.mark.parametrize(
    "text,reason,rule",
    [
        ("# why\n\nkeep n: 5", "kept by line 3: keep n: 5", 0),
        ("keep nothing\nkeep all; keep n: 1", "kept by line 2: keep all", 1),
        # The first rule is told, though one that counts knows only at the end.
        ("keep n: 5\nkeep all", "kept by line 1: keep n: 5", 0),
        ("keep all\nkeep n: 5", "kept by line 1: keep all", 0),
        ("delete older than 1d", "deleted by line 1: delete where older than 1d", 0),
        ('delete tag ~ "b"\nkeep 1d', "no keep rule keeps it", None),
        ("", "no rule deletes it", None),
        ('\ndelete tag ~ "a"\nkeep all', "tags removed by line 2: delete where", 0),
        ('\ndelete tag ~ "a"\nkeep all', "; kept by line 3: keep all", 0),
    ],
)
def test_reasons_name_the_rule(text: str, reason: str, rule: int | None) -> None:
    (decision,) = planned(text, artifact(1, "a", "v1", pushed=5)).decisions
    assert reason in decision.reason
    assert decision.rule == rule


def test_pauses() -> None:
    artifacts = [artifact(at) for at in range(3 * STEP_ARTIFACTS)]
    steps = planning("web", artifacts, parse("keep n: 2"), now=NOW)
    assert len(list(steps)) == 6


@given(REPOSITORIES, ARTIFACTS, POLICIES, st.randoms(use_true_random=False))
def test_total_and_the_order_of_input_is_no_matter(
    repository: str,
    artifacts: list[Artifact],
    policy: Policy,
    random: Random,
) -> None:
    done = plan(repository, artifacts, policy, now=NOW)
    shuffled = list(artifacts)
    random.shuffle(shuffled)
    assert plan(repository, shuffled, policy, now=NOW) == done
    assert [one.digest for one in done.decisions] == sorted(one.digest for one in artifacts)
    assert done.kept + done.deleted == len(artifacts)
    assert all(one.reason for one in done.decisions)


@given(REPOSITORIES, ARTIFACTS, POLICIES)
def test_decisions_are_whole(repository: str, artifacts: list[Artifact], policy: Policy) -> None:
    facts = {one.digest: one for one in artifacts}
    for one in plan(repository, artifacts, policy, now=NOW).decisions:
        fact = facts[one.digest]
        names = {tag.name for tag in fact.tags}
        protected = {tag.name for tag in fact.tags if tag.protected}
        assert not protected & set(one.tags)
        match one.action:
            case Action.KEEP:
                assert not one.tags
            case Action.UNTAG:
                assert set() < set(one.tags) < names
            case Action.DELETE:
                assert set(one.tags) == names
                assert not protected
                assert fact.child_of is None
                assert fact.subject is None


@given(REPOSITORIES, ARTIFACTS, POLICIES, KEEPS)
def test_another_keep_rule_never_takes_more(
    repository: str, artifacts: list[Artifact], policy: Policy, extra: Rule
) -> None:
    has_one = any(one.verb is Verb.KEEP and one.covers(repository) for one in policy.rules)
    before = policy if has_one else Policy((*policy.rules, Rule(Verb.KEEP, count=0)))
    after = Policy((*before.rules, extra))
    assert gone(plan(repository, artifacts, after, now=NOW)) <= gone(
        plan(repository, artifacts, before, now=NOW)
    )


@given(REPOSITORIES, ARTIFACTS, POLICIES, DELETES)
def test_another_delete_rule_takes_what_it_takes_alone(
    repository: str, artifacts: list[Artifact], policy: Policy, extra: Rule
) -> None:
    alone = gone(plan(repository, artifacts, Policy((extra,)), now=NOW))
    both = plan(repository, artifacts, Policy((*policy.rules, extra)), now=NOW)
    assert alone <= gone(both)


@given(REPOSITORIES, ARTIFACTS, st.lists(DELETES, max_size=3))
def test_without_keep_rules_only_delete_rules_delete(
    repository: str, artifacts: list[Artifact], rules: list[Rule]
) -> None:
    done = plan(repository, artifacts, Policy(tuple(rules)), now=NOW)
    assert all(one.rule is not None for one in done.decisions if one.action is not Action.KEEP)


@given(REPOSITORIES, ARTIFACTS, POLICIES)
def test_the_text_of_a_policy_plans_the_same(
    repository: str, artifacts: list[Artifact], policy: Policy
) -> None:
    again = parse(policy.text())
    assert plan(repository, artifacts, again, now=NOW) == plan(
        repository, artifacts, parse(again.text()), now=NOW
    )
    assert gone(plan(repository, artifacts, again, now=NOW)) == gone(
        plan(repository, artifacts, policy, now=NOW)
    )
