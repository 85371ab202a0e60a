from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code
from entrepot.rules.retention.facts import Action
from entrepot.rules.retention.language import parse
from entrepot.rules.retention.planner import plan
from entrepot.rules.retention.templates import (
    CRON_LENGTH_MAX,
    HARBOR_RULES_MAX,
    Imported,
    from_harbor,
    to_harbor,
)
from tests.oci.faults import code_of, fault_of
from tests.rules.retention.policies import NOW, artifact


def selector(decoration: str, pattern: str, extras: str = "") -> dict[str, Any]:
    return {
        "kind": "doublestar",
        "decoration": decoration,
        "pattern": pattern,
        "extras": extras,
    }


def rule(
    template: str = "always",
    number: float | None = None,
    tags: tuple[dict[str, Any], ...] = (),
    repositories: tuple[dict[str, Any], ...] = (),
    **more: Any,
) -> dict[str, Any]:
    return {
        "disabled": False,
        "action": "retain",
        "template": template,
        "params": {} if number is None else {template: number},
        "tag_selectors": list(tags),
        "scope_selectors": {"repository": list(repositories)},
        **more,
    }


def document(*rules: Any) -> dict[str, Any]:
    return {
        "algorithm": "or",
        "rules": list(rules),
        "trigger": {"kind": "Schedule", "settings": {"cron": "0 0 0 * * *"}},
        "scope": {"level": "project", "ref": 7},
    }


def text_of(*rules: Any) -> str:
    return from_harbor(document(*rules)).policy.text().strip()


@pytest.mark.parametrize(
    "template,number_,text",
    [
        ("latestPushedK", 10, "keep n: 10"),
        ("latestPushedK", 10.0, "keep n: 10"),
        ("latestPulledN", 3, "keep n: 3 by pull"),
        ("latestActiveK", 3, "keep n: 3 by activity"),
        ("latestActiveK", 0, "keep nothing"),
        ("nDaysSinceLastPush", 30, "keep where pushed within 30d"),
        ("nDaysSinceLastPull", 7, "keep where pulled within 7d"),
        ("lastXDays", 7, "keep where pushed within 7d"),
        ("always", None, "keep all"),
        ("nothing", None, "keep nothing"),
    ],
)
def test_templates(template: str, number_: float | None, text: str) -> None:
    assert text_of(rule(template, number_)) == text


@pytest.mark.parametrize(
    "decoration,pattern,extras,text",
    [
        ("matches", "**", "", "keep all"),
        ("matches", "", "", "keep all"),
        ("matches", "**", '{"untagged":true}', "keep all"),
        ("matches", "**", '{"untagged":false}', "keep where tagged"),
        ("matches", "v*", "", 'keep where tag ~ "v*" or untagged'),
        ("matches", "v*", "{}", 'keep where tag ~ "v*"'),
        ("matches", "v*", '{"untagged":false}', 'keep where tag ~ "v*"'),
        ("excludes", "v*", "", 'keep where tag !~ "v*" or untagged'),
        ("excludes", "v*", '{"untagged":false}', 'keep where tag !~ "v*" or untagged'),
        ("excludes", "v*", '{"untagged":true}', 'keep where tag !~ "v*"'),
    ],
)
def test_selectors_of_tags(decoration: str, pattern: str, extras: str, text: str) -> None:
    assert text_of(rule(tags=(selector(decoration, pattern, extras),))) == text


def test_selectors_of_repositories_are_anded() -> None:
    both = (selector("repoMatches", "team/*"), selector("repoExcludes", "team/old"))
    assert text_of(rule(repositories=both)) == 'in "team/*", not "team/old": keep all'
    assert text_of(rule(repositories=(selector("repoMatches", "**"),))) == "keep all"


def kept(*rules: Any, repository: str = "web") -> list[int]:
    artifacts = [
        artifact(1, "v1", pushed=1, pulled=0),
        artifact(2, "v2", "beta", pushed=40),
        artifact(3, "beta2", pushed=50, pulled=2),
        artifact(4, pushed=60),
    ]
    done = plan(repository, artifacts, from_harbor(document(*rules)).policy, now=NOW)
    return [
        int(one.digest.encoded, 16) for one in done.decisions if one.action is not Action.DELETE
    ]


def test_what_harbor_would_keep() -> None:
    matches, excludes = selector("matches", "v*"), selector("excludes", "v*")
    assert kept(rule("latestPushedK", 2)) == [1, 2]
    assert kept(rule("latestPushedK", 9)) == [1, 2, 3, 4]
    # Never pulled ones fill the number.
    assert kept(rule("latestPulledN", 3)) == [1, 2, 3]
    assert kept(rule("latestActiveK", 2)) == [1, 3]
    assert kept(rule("nDaysSinceLastPush", 40)) == [1, 2]
    assert kept(rule("nDaysSinceLastPull", 2)) == [1, 3]
    assert kept(rule("lastXDays", 45)) == [1, 2]
    assert kept(rule("nothing")) == []
    # Any tag that matches; any that does not; untagged ones each in their way.
    assert kept(rule(tags=(matches,))) == [1, 2, 4]
    assert kept(rule(tags=(excludes,))) == [2, 3, 4]
    # Rules are united, and what none keeps is deleted, also if a rule selected nothing.
    assert kept(rule("latestPushedK", 1), rule("latestPulledN", 2)) == [1, 3]
    assert kept(rule(tags=(selector("matches", "none", "{}"),))) == []
    # Repositories that no rule is about, and rules that are off.
    assert kept(rule("nothing", repositories=(selector("repoMatches", "x*"),))) == [1, 2, 3, 4]
    assert kept(rule("nothing", repositories=(selector("repoExcludes", "x*"),))) == []
    assert kept(rule("nothing", disabled=True)) == [1, 2, 3, 4]


def test_schedule_project_and_lines() -> None:
    read = from_harbor(document(rule(), rule("nothing", disabled=True)))
    assert (read.cron, read.project_id) == ("0 0 0 * * *", 7)
    assert [one.line for one in read.policy.rules] == [1, 2]
    assert [one.disabled for one in read.policy.rules] == [False, True]
    assert from_harbor({}) == Imported(parse(""))


@pytest.mark.parametrize(
    "wrong,field",
    [
        ([], "the policy"),
        ({"algorithm": "and"}, "algorithm"),
        ({"rules": "x"}, "rules"),
        ({"scope": {"level": "system"}}, "scope.level"),
        ({"scope": {"ref": "7"}}, "scope.ref"),
        ({"trigger": "daily"}, "trigger"),
        ({"trigger": {"settings": {"cron": 5}}}, "trigger.settings.cron"),
        ({"trigger": {"settings": {"cron": "*" * (CRON_LENGTH_MAX + 1)}}}, "trigger.settings.cron"),
        (document(*[rule()] * (HARBOR_RULES_MAX + 1)), "rules"),
        (document("x"), "rules[0]"),
        (document(rule(action="immutable")), "rules[0].action"),
        (document(rule(), rule("newest")), "rules[1].template"),
        (document(rule(disabled="no")), "rules[0].disabled"),
        (document(rule("latestPushedK")), "rules[0].params.latestPushedK"),
        (document(rule("latestPushedK", -1)), "rules[0].params.latestPushedK"),
        (document(rule("latestPushedK", True)), "rules[0].params.latestPushedK"),
        (document(rule("lastXDays", 1e9)), "rules[0].params.lastXDays"),
        (document(rule(tags=(selector("without", "a"),))), "rules[0].tag_selectors[0].decoration"),
        (document(rule(tags=(selector("matches", "a", "{"),))), "rules[0].tag_selectors[0].extras"),
        (
            document(rule(tags=(selector("matches", "a", '{"untagged":1}'),))),
            "rules[0].tag_selectors[0].extras.untagged",
        ),
        (document(rule(tags=(selector("matches", "a"),) * 2)), "rules[0].tag_selectors"),
        (
            document(rule(repositories=(selector("matches", "a"),))),
            "rules[0].scope_selectors.repository[0].decoration",
        ),
        (
            document(rule(tags=({**selector("matches", "a"), "kind": "label"},))),
            "rules[0].tag_selectors[0].kind",
        ),
    ],
)
def test_errors_name_the_field(wrong: Any, field: str) -> None:
    fault = fault_of(lambda: from_harbor(wrong))
    assert fault is not None
    assert fault.code is Code.REQUEST_INVALID
    assert fault.detail == {"field": field}
    assert field in fault.message


def test_a_pattern_that_cannot_be_read() -> None:
    wrong = document(rule(tags=(selector("matches", "[a"),)))
    assert code_of(lambda: from_harbor(wrong)) is Code.REQUEST_INVALID


PATTERNS = st.sampled_from(("", "*", "**", "v*", "{a,b}"))
RULES = st.builds(
    rule,
    st.sampled_from(
        ("latestPushedK", "latestPulledN", "latestActiveK", "nDaysSinceLastPush", "lastXDays")
    ),
    st.integers(0, 90),
    st.lists(
        st.builds(
            selector,
            st.sampled_from(("matches", "excludes")),
            PATTERNS,
            st.sampled_from(("", '{"untagged":true}', '{"untagged":false}')),
        ),
        max_size=1,
    ).map(tuple),
    st.lists(
        st.builds(selector, st.sampled_from(("repoMatches", "repoExcludes")), PATTERNS), max_size=2
    ).map(tuple),
    disabled=st.booleans(),
)


@given(st.lists(RULES, max_size=3))
def test_written_and_read_again(rules: list[dict[str, Any]]) -> None:
    first = from_harbor(document(*rules))
    assert from_harbor(to_harbor(first)) == first
    assert parse(first.policy.text()) == first.policy


def test_harbors_own_fields_come_back() -> None:
    mine = rule("latestPushedK", 10, (selector("matches", "v*", '{"untagged":true}'),))
    (back,) = to_harbor(from_harbor(document(mine)))["rules"]
    assert back["params"] == {"latestPushedK": 10}
    assert back["tag_selectors"] == mine["tag_selectors"]
    assert back["scope_selectors"]["repository"][0]["pattern"] == "**"
    assert back["template"] == "latestPushedK"
    assert (back["id"], back["action"], back["disabled"]) == (1, "retain", False)


@pytest.mark.parametrize(
    "text",
    [
        "delete untagged",
        'keep label "a"',
        "keep 36h",
        "keep older than 3d",
        "keep n: 3 where pushed within 3d",
        'keep tag ~ "a" and tag ~ "b"',
        "keep never pulled",
    ],
)
def test_rules_that_harbor_has_no_words_for(text: str) -> None:
    fault = fault_of(lambda: to_harbor(Imported(parse(text))))
    assert fault is not None
    assert "line 1 has no form in Harbor" in fault.message
