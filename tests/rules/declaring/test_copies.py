"""Replication as a file says it, and as it is kept."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.declaring.copies import entry_of, policy_of
from entrepot.rules.replication import parse

FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "dest_namespace": st.sampled_from(["", "shop", "a/b"]),
        "trigger": st.sampled_from(
            [{"type": "manual"}, {"type": "scheduled", "cron": "0 1 * * *"}, {"type": "event"}]
        ),
        "description": st.sampled_from(["", "why"]),
        "repositories": st.sampled_from(["", "web/**", "api"]),
        "tags": st.sampled_from(["", "v*"]),
        "override": st.booleans(),
    },
)


@given(FIELDS, st.booleans())
def test_an_entry_comes_back_with_its_defaults(fields: dict[str, Any], enabled: bool) -> None:
    policy = parse(policy_of("shop", fields))
    found = entry_of(policy, "cloud", enabled=enabled)
    assert found is not None
    project, entry = found
    assert project == "shop"
    assert entry["registry"] == "cloud"
    assert entry["enabled"] is enabled
    assert {name: entry[name] for name in fields} == fields
    assert parse(policy_of("shop", entry)) == policy


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"direction": "pull", "filters": [{"field": "name", "value": "shop/**"}]},
        {"filters": [{"field": "name", "value": "shop/**", "exclude": True}]},
        {"filters": [{"field": "name", "value": ["shop/a", "shop/b"]}]},
        {"filters": [{"field": "name", "value": "**"}]},
        {"filters": [{"field": "name", "value": "sh*/x"}]},
        {
            "filters": [
                {"field": "name", "value": "shop/**"},
                {"field": "label", "value": "fast"},
            ]
        },
        {"filters": [{"field": "name", "value": "shop/**"}], "deletion": True},
        {"filters": [{"field": "name", "value": "shop/**"}], "bandwidth_bytes": 9},
        {"filters": [{"field": "name", "value": "shop/**"}], "destination": {"replaces": -1}},
    ],
    ids=range(10),
)
def test_what_an_entry_cannot_say_is_no_projects(document: dict[str, Any]) -> None:
    assert entry_of(parse(document), "cloud", enabled=True) is None
