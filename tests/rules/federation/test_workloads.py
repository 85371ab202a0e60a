from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code
from entrepot.rules.federation.presets import GITHUB_ISSUER
from entrepot.rules.federation.workloads import (
    CONDITIONS_MAX,
    PATTERNS_MAX,
    WorkloadRule,
    check_rule,
    match,
    subject_of,
)
from tests import issuers
from tests.oci.faults import code_of, fault_of

AUDIENCE = "https://registry.example"
RULE = WorkloadRule(
    "web",
    GITHUB_ISSUER,
    AUDIENCE,
    {"repository": ("acme/web",), "ref": ("refs/heads/main", "refs/tags/v*")},
    "github",
)


def github(**more: Any) -> dict[str, Any]:
    return issuers.github_claims(GITHUB_ISSUER, audience=AUDIENCE, **more)


def reason(rule: WorkloadRule, claims: dict[str, Any]) -> str:
    found = match([rule], claims)
    assert found.rules == ()
    assert found.misses[0].rule == rule.name
    return found.misses[0].reason


def test_a_rule_that_matches() -> None:
    check_rule(RULE)
    assert match([RULE], github()).rules == (RULE,)
    assert match([RULE], github(ref="refs/tags/v1.0")).rules == (RULE,)
    assert subject_of(RULE, github()) == "workload:web:repo:acme/web:ref:refs/heads/main"


def test_all_conditions_must_hold() -> None:
    assert "claim 'ref' is refs/heads/dev" in reason(RULE, github(ref="refs/heads/dev"))
    assert "claim 'repository' is evil/web" in reason(RULE, github(repository="evil/web"))


def test_other_tokens() -> None:
    assert "is made for" in reason(RULE, github() | {"aud": "https://other.example"})
    assert "is of https://evil.example" in reason(RULE, github() | {"iss": "https://evil.example"})
    assert "no claim 'ref'" in reason(RULE, github() | {"ref": None})
    for subject in (None, "", 7, "x" * 256):
        assert "'sub'" in reason(RULE, github() | {"sub": subject})
    assert "control characters" in reason(RULE, github() | {"sub": "a\nb"})


def test_a_rule_without_conditions_lets_nobody_in() -> None:
    assert "no condition" in reason(replace(RULE, conditions={}), github())


def test_which_of_many() -> None:
    other = replace(RULE, name="other", conditions={"repository": ("acme/api",)})
    wide = replace(RULE, name="wide", conditions={"repository": ("acme/*",)})
    found = match([RULE, other, wide], github())
    assert [rule.name for rule in found.rules] == ["web", "wide"]
    assert [miss.rule for miss in found.misses] == ["other"]


def test_reasons_are_one_line() -> None:
    assert reason(RULE, github() | {"ref": "a\nb\x1b[2J"}).isprintable()


def test_lists_and_numbers() -> None:
    claims = issuers.gitlab_claims("https://gitlab.example", audience=AUDIENCE)
    rule = WorkloadRule(
        "ops",
        "https://gitlab.example",
        AUDIENCE,
        {"project_path": ("acme/**",), "groups_direct": ("acme/ops",), "runner_id": ("1",)},
        "gitlab",
    )
    check_rule(rule)
    assert match([rule], claims).rules == (rule,)
    assert match([rule], claims | {"groups_direct": []}).rules == ()


def test_kubernetes() -> None:
    claims = issuers.kubernetes_claims("https://cluster.example", audience=AUDIENCE)
    rule = WorkloadRule(
        "builder",
        "https://cluster.example",
        AUDIENCE,
        {"/kubernetes.io/namespace": ("ci",), "/kubernetes.io/serviceaccount/name": ("builder",)},
        "kubernetes",
    )
    check_rule(rule)
    assert match([rule], claims).rules == (rule,)
    other = issuers.kubernetes_claims("https://cluster.example", audience=AUDIENCE, namespace="x")
    assert match([rule], other).rules == ()


@pytest.mark.parametrize(
    "changed,message",
    [
        ({"name": ""}, "name"),
        ({"name": "Web"}, "name"),
        ({"name": "a:b"}, "name"),
        ({"name": "-a"}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"kind": "none", "issuer": "https://i.example"}, "say github, gitlab"),
        ({"issuer": "http://i.example"}, "issuer"),
        ({"issuer": "http://127.0.0.1.evil.example"}, "issuer"),
        ({"issuer": "https://i.example/?x"}, "issuer"),
        ({"issuer": "https://i.example/#x"}, "issuer"),
        ({"issuer": "https://" + "x" * 600}, "issuer"),
        ({"issuer": ""}, "issuer"),
        ({"audience": ""}, "audience"),
        ({"audience": "x" * 300}, "audience"),
        ({"audience": "a\nb"}, "audience"),
        ({"conditions": {}}, "strangers"),
        ({"conditions": {"ref": ("refs/heads/main",)}}, "strangers"),
        ({"kind": "other", "conditions": {"sub": ("repo:*",)}}, "strangers"),
        ({"conditions": {"repository": ()}}, "1 to"),
        ({"conditions": {"repository": ("a/b",) * (PATTERNS_MAX + 1)}}, "1 to"),
        ({"conditions": {"repository": ("",)}}, "is empty"),
        ({"conditions": {"": ("x",)}}, "claim"),
        ({"conditions": {"x" * 300: ("x",)}}, "claim"),
        ({"conditions": {f"c{n}": ("x",) for n in range(CONDITIONS_MAX + 1)}}, "conditions"),
    ],
)
def test_rules_that_are_refused(changed: dict[str, Any], message: str) -> None:
    wrong = replace(RULE, **changed)
    assert code_of(lambda: check_rule(wrong)) is Code.REQUEST_INVALID
    fault = fault_of(lambda: check_rule(wrong))
    assert fault is not None
    assert message in fault.message
    assert fault.message.isprintable()


@pytest.mark.parametrize(
    "issuer", ["https://i.example", "http://127.0.0.1:8080", "http://localhost/x", "http://[::1]:1"]
)
def test_issuers(issuer: str) -> None:
    check_rule(replace(RULE, issuer=issuer))


NAMES = st.sampled_from(["acme", "acme-evil", "evil", "acmeevil"])
PATTERN = st.builds(
    lambda *parts: "".join(parts),
    NAMES,
    st.sampled_from(["/", "*", "**", "?", ""]),
    st.sampled_from(["", "web", "*", "**/web", "/web"]),
)


@given(PATTERN, NAMES, st.sampled_from(["web", "api", "x"]))
def test_a_rule_that_passes_lets_no_stranger_in(pattern: str, owner: str, name: str) -> None:
    """Whatever a rule's pattern, the owner of what it lets in is the one that it spells out."""
    rule = replace(RULE, conditions={"repository": (pattern,)})
    if fault_of(lambda: check_rule(rule)) is not None:
        return
    if match([rule], github(repository=f"{owner}/{name}")).rules:
        assert pattern.startswith(f"{owner}/")


@given(
    st.sampled_from([issuers.github_claims, issuers.gitlab_claims, issuers.kubernetes_claims]),
    st.dictionaries(
        st.sampled_from(["repository", "ref", "sub", "groups_direct", "none"]),
        st.lists(st.text("ab/*", min_size=1, max_size=5), min_size=1, max_size=3).map(tuple),
        min_size=1,
    ),
    st.data(),
)
def test_more_conditions_let_in_no_more(
    shape: Callable[..., dict[str, Any]], conditions: dict[str, tuple[str, ...]], data: Any
) -> None:
    claims = shape("https://i.example", audience=AUDIENCE)
    claims["ref"] = data.draw(st.text("ab/", max_size=4))
    rule = WorkloadRule("x", "https://i.example", AUDIENCE, conditions)
    less = dict(conditions)
    less.pop(data.draw(st.sampled_from(sorted(less))))
    if match([rule], claims).rules and less:
        assert match([replace(rule, conditions=less)], claims).rules
