"""Retention documents: text or Harbor's rules, with a schedule."""

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.rules.retention.document import parse_document

HARBOR = {
    "algorithm": "or",
    "rules": [
        {
            "action": "retain",
            "template": "latestPushedK",
            "params": {"latestPushedK": 10},
            "tag_selectors": [
                {"kind": "doublestar", "decoration": "matches", "pattern": "v*", "extras": ""}
            ],
            "scope_selectors": {
                "repository": [{"kind": "doublestar", "decoration": "repoMatches", "pattern": "**"}]
            },
        }
    ],
    "trigger": {"kind": "Schedule", "settings": {"cron": "0 0 3 * * *"}},
}


def test_text_with_a_schedule() -> None:
    found = parse_document({"text": "keep 30d\nkeep n: 5", "schedule": "0 3 * * *"})
    assert len(found.policy.rules) == 2
    assert found.schedule == "0 3 * * *"


def test_harbors_rules() -> None:
    found = parse_document(HARBOR)
    assert [rule.count for rule in found.policy.rules] == [10]
    assert found.schedule == "0 0 3 * * *"


@pytest.mark.parametrize(
    "document",
    [
        [],
        "keep 30d",
        {},
        {"text": "keep everything please"},
        {"text": "keep 30d", "schedule": "sometimes"},
        {"text": "keep 30d", "other": 1},
        {"rules": "none"},
    ],
)
def test_what_is_wrong_is_said(document: object) -> None:
    with pytest.raises(Fault) as caught:
        parse_document(document)
    assert caught.value.code is Code.REQUEST_INVALID
    assert caught.value.message
