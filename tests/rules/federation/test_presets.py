from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.federation.claims import claim, texts
from entrepot.rules.federation.patterns import check_pattern
from entrepot.rules.federation.presets import (
    GITHUB,
    GITHUB_ISSUER,
    GITLAB,
    GITLAB_ISSUER,
    KUBERNETES,
    OTHER,
    PRESETS,
    Preset,
    preset_of,
)
from tests import issuers

SENT = {
    "github": issuers.github_claims("https://i.example", audience="x", environment="prod"),
    "gitlab": issuers.gitlab_claims("https://i.example", audience="x"),
    "kubernetes": issuers.kubernetes_claims("https://i.example", audience="x"),
}


@pytest.mark.parametrize(
    "preset,conditions",
    [
        (GITHUB, {"repository": ["acme/web"]}),
        (GITHUB, {"repository": ["acme/*"]}),
        (GITHUB, {"repository": ["acme/web", "acme/api"], "ref": ["**"]}),
        (GITHUB, {"repository_owner": ["acme"]}),
        (GITHUB, {"repository_owner_id": ["65"]}),
        (GITHUB, {"repository_id": ["74"]}),
        (GITHUB, {"sub": ["repo:acme/web:ref:refs/heads/main"]}),
        (GITHUB, {"sub": ["repo:acme/*:environment:prod"]}),
        (GITHUB, {"sub": ["repo:acme@65/web@74:ref:**"]}),
        (GITLAB, {"project_path": ["acme/**"]}),
        (GITLAB, {"namespace_path": ["acme"]}),
        (GITLAB, {"namespace_id": ["72"]}),
        (GITLAB, {"sub": ["project_path:acme/**:ref_type:branch:ref:main"]}),
        (KUBERNETES, {"sub": ["system:serviceaccount:ci:*"]}),
        (KUBERNETES, {"/kubernetes.io/namespace": ["team-*"]}),
        (KUBERNETES, {"/kubernetes.io/serviceaccount/uid": ["a087d5a0"]}),
        (OTHER, {"sub": ["builder-*"]}),
        (OTHER, {"team": ["acme"], "iss": ["**"]}),
    ],
)
def test_narrow(preset: Preset, conditions: Mapping[str, Sequence[str]]) -> None:
    assert preset.narrows(conditions)


@pytest.mark.parametrize(
    "preset,conditions",
    [
        (GITHUB, {}),
        (GITHUB, {"ref": ["refs/heads/main"]}),
        (GITHUB, {"environment": ["production"], "event_name": ["push"]}),
        (GITHUB, {"job_workflow_ref": ["acme/ci/.github/workflows/x.yml@refs/heads/main"]}),
        (GITHUB, {"actor": ["octocat"]}),
        (GITHUB, {"repository": ["*/web"]}),
        (GITHUB, {"repository": ["acme*/web"]}),
        (GITHUB, {"repository": ["acme*"]}),
        (GITHUB, {"repository": ["**"]}),
        (GITHUB, {"repository": ["/web"]}),
        (GITHUB, {"repository": ["acme/web", "*/web"]}),
        (GITHUB, {"repository_owner": ["acme-*"]}),
        (GITHUB, {"repository_owner_id": ["6?"]}),
        (GITHUB, {"sub": ["repo:*/web:ref:refs/heads/main"]}),
        (GITHUB, {"sub": ["repo:acme*/web:ref:refs/heads/main"]}),
        (GITHUB, {"sub": ["repo:acme*"]}),
        (GITHUB, {"sub": ["repo:/x"]}),
        (GITHUB, {"sub": ["*"]}),
        (GITLAB, {"ref_protected": ["true"]}),
        (GITLAB, {"project_path": ["**/web"]}),
        (GITLAB, {"namespace_path": ["acme*"]}),
        (GITLAB, {"sub": ["project_path:acme*"]}),
        (GITLAB, {"user_login": ["root"]}),
        (KUBERNETES, {"sub": ["system:serviceaccount:*:builder"]}),
        (KUBERNETES, {"sub": ["system:serviceaccount:"]}),
        (KUBERNETES, {"/kubernetes.io/namespace": ["*"]}),
        (KUBERNETES, {"/kubernetes.io/serviceaccount/name": ["builder"]}),
        (OTHER, {}),
        (OTHER, {"sub": ["*"]}),
        (OTHER, {"iss": ["https://i.example"], "aud": ["x"]}),
    ],
)
def test_too_wide(preset: Preset, conditions: Mapping[str, Sequence[str]]) -> None:
    assert not preset.narrows(conditions)


@given(
    st.dictionaries(
        st.sampled_from(["ref", "environment", "actor", "job_workflow_ref", "event_name"]),
        st.lists(st.text("ab/*", min_size=1, max_size=6), min_size=1, max_size=2),
    )
)
def test_no_other_condition_narrows_a_rule_of_github(conditions: dict[str, list[str]]) -> None:
    assert not GITHUB.narrows(conditions)


@given(st.text("ab/*?:", min_size=1, max_size=8))
def test_a_narrow_repository_has_one_owner(pattern: str) -> None:
    if GITHUB.narrows({"repository": [pattern]}):
        owner = pattern.partition("/")[0]
        assert owner
        assert not set(owner) & set("*?")


@pytest.mark.parametrize("kind", [*SENT])
def test_the_claims_are_those_that_issuers_send(kind: str) -> None:
    for name in PRESETS[kind].claims:
        assert texts(claim(SENT[kind], name)), name


@pytest.mark.parametrize("preset", [*PRESETS.values()], ids=lambda one: one.kind)
def test_examples_are_narrow(preset: Preset) -> None:
    assert preset.narrows(preset.example)
    assert {*preset.example} <= {*preset.claims}
    for patterns in preset.example.values():
        for pattern in patterns:
            check_pattern(pattern)


def test_whose_rules_hold() -> None:
    assert preset_of("github", "https://github.acme.example/_services/token") is GITHUB
    assert preset_of("gitlab", "https://gitlab.acme.example") is GITLAB
    assert preset_of("other", GITHUB_ISSUER) is GITHUB
    assert preset_of("kubernetes", f"{GITHUB_ISSUER}/acme") is GITHUB
    assert preset_of("other", GITLAB_ISSUER) is GITLAB
    assert preset_of("other", "https://i.example") is OTHER
    assert preset_of("none", "https://i.example") is None
