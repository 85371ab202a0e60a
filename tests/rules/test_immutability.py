"""Immutability (I8)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.rules.immutability import (
    RULES_MAX,
    Rule,
    deletion_refusal,
    document,
    harbor_document,
    parse,
    parse_rule,
    protects,
    refusal,
)

APP = RepositoryName("team/apps/web")
DIGESTS = [Digest.of(bytes([n])) for n in range(3)]
OLD, NEW = DIGESTS[:2]
V1 = Tag("v1")
PATTERNS = st.sampled_from(["", "*", "**", "v*", "apps/*", "apps/web", "{v1,dev}", "x"])
RULES = st.lists(
    st.builds(Rule, PATTERNS, PATTERNS, st.booleans(), st.booleans(), st.booleans()), max_size=3
)
SYSTEM = Tag(f"sha256-{'a' * 64}.sig")
TAGS = st.sampled_from([V1, Tag("dev"), Tag("latest"), SYSTEM])
HARBOR: dict[str, Any] = {
    "id": 3,
    "project_id": 1,
    "priority": 0,
    "disabled": False,
    "action": "immutable",
    "template": "immutable_template",
    "params": {},
    "tag_selectors": [{"kind": "doublestar", "decoration": "excludes", "pattern": "dev-*"}],
    "scope_selectors": {
        "repository": [
            {"kind": "doublestar", "decoration": "repoMatches", "pattern": "apps/**"},
            {"kind": "doublestar", "decoration": "repoMatches", "pattern": "none"},
        ]
    },
}


def move(rule: Rule, current: Digest | None, new: Digest | None, tag: Tag = V1) -> Fault | None:
    return refusal([rule], APP, tag, current=current, new=new)


def test_an_immutable_tag_neither_moves_nor_goes() -> None:
    for new, cure in ((NEW, "push under another tag"), (None, "keep it")):
        fault = move(Rule(tags="v*"), OLD, new)
        assert fault is not None
        assert fault.code is Code.PRECONDITION
        assert fault.message.startswith(
            "Failed to process request due to 'team/apps/web:v1' configured as immutable: " + cure
        )
        assert "'v*'" in fault.message


def test_the_same_digest_and_a_new_tag_pass() -> None:
    assert move(Rule(), OLD, OLD) is None
    assert move(Rule(), None, NEW) is None
    assert move(Rule(), None, None) is None


def test_a_rule_is_about_paths_below_the_project() -> None:
    assert protects([Rule(repositories="apps/web")], APP, V1)
    assert not protects([Rule(repositories="team/apps/web")], APP, V1)
    assert not protects([Rule(repositories="apps/web", repositories_excluded=True)], APP, V1)
    assert not protects([Rule(tags="v*", tags_excluded=True)], APP, V1)
    assert not protects([Rule(disabled=True)], APP, V1)


@pytest.mark.parametrize("suffix", ["", ".sig", ".att", ".sbom"])
def test_tags_that_hang_on_a_digest_are_exempt(suffix: str) -> None:
    assert move(Rule(), OLD, NEW, Tag(f"sha256-{'a' * 64}{suffix}")) is None


def test_a_manifest_with_one_immutable_tag_is_not_deleted() -> None:
    rules = [Rule(tags="v*")]
    assert deletion_refusal(rules, APP, [Tag("dev")], OLD) is None
    assert deletion_refusal(rules, APP, [], OLD) is None
    fault = deletion_refusal(rules, APP, [Tag("dev"), V1], OLD)
    assert fault is not None
    assert fault.detail["tag"] == "v1"


@given(RULES, st.lists(st.tuples(TAGS, st.none() | st.sampled_from(DIGESTS))))
def test_i8_a_protected_tag_never_changes_once_set(
    rules: list[Rule], wishes: list[tuple[Tag, Digest | None]]
) -> None:
    tags: dict[Tag, Digest] = {}
    first: dict[Tag, Digest] = {}
    for tag, new in wishes:
        if refusal(rules, APP, tag, current=tags.get(tag), new=new) is not None:
            assert protects(rules, APP, tag)
            continue
        if new is None:
            tags.pop(tag, None)
        else:
            tags[tag] = new
            first.setdefault(tag, new)
    for tag, digest in first.items():
        if protects(rules, APP, tag):
            assert tags[tag] == digest


@given(RULES, RULES, TAGS)
def test_more_rules_never_protect_less(one: list[Rule], two: list[Rule], tag: Tag) -> None:
    if protects(one, APP, tag):
        assert protects(one + two, APP, tag)
        assert protects(two + one, APP, tag)


@given(RULES)
def test_both_forms_are_read_back(rules: list[Rule]) -> None:
    assert parse(document(rules)) == tuple(rules)
    assert parse([harbor_document(rule, 1) for rule in rules]) == tuple(rules)


def test_harbors_rule_is_read_with_its_first_selectors() -> None:
    assert parse([HARBOR]) == (Rule("apps/**", "dev-*", tags_excluded=True),)
    assert parse_rule({"tag_selectors": []}) == Rule()


@pytest.mark.parametrize(
    "given",
    [
        {},
        "v*",
        [1],
        [{"tags": "v*"}],
        [{"tag": 1}],
        [{"tag": "{"}],
        [{**HARBOR, "tag_selectors": [{"decoration": "is", "pattern": "*"}]}],
        [{}] * (RULES_MAX + 1),
    ],
)
def test_what_is_no_document_is_refused(given: object) -> None:
    with pytest.raises(Fault) as caught:
        parse(given)
    assert caught.value.code is Code.REQUEST_INVALID
