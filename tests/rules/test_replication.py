"""What replication policies say."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code, Fault
from entrepot.rules.replication import (
    Direction,
    Field,
    Filter,
    Replication,
    Trigger,
    parse,
)


def test_what_is_left_out() -> None:
    assert parse({}) == Replication(
        Direction.PUSH, "", (), "", 1, Trigger.MANUAL, "", True, False, 0, False, False
    )


def test_all_that_can_be_said() -> None:
    assert parse(
        {
            "direction": "pull",
            "description": "nightly",
            "filters": [
                {"field": "name", "value": "acme/**"},
                {"field": "tag", "value": ["v*", "latest"], "exclude": True},
                {"field": "label", "value": ["ready"]},
                {"field": "kind", "value": "image"},
            ],
            "destination": {"namespace": "mirror/acme", "replaces": -1},
            "trigger": {"kind": "scheduled", "cron": "0 30 2 * * *"},
            "override": False,
            "deletion": True,
            "bandwidth_bytes": 1 << 20,
            "chunked": True,
            "single": True,
        }
    ) == Replication(
        Direction.PULL,
        "nightly",
        (
            Filter(Field.NAME, ("acme/**",)),
            Filter(Field.TAG, ("v*", "latest"), True),
            Filter(Field.LABEL, ("ready",)),
            Filter(Field.KIND, ("image",)),
        ),
        "mirror/acme",
        -1,
        Trigger.SCHEDULED,
        "0 30 2 * * *",
        False,
        True,
        1 << 20,
        True,
        True,
    )


@pytest.mark.parametrize(
    "document, told",
    [
        ([], "object"),
        ({"more": 1}, "more"),
        ({"direction": "both"}, "direction"),
        ({"description": "x" * 1025}, "description"),
        ({"filters": [{"field": "name", "value": "a"}] * 17}, "filters"),
        ({"filters": [{"field": "size", "value": "a"}]}, "size"),
        ({"filters": [{"field": "name", "value": "{a"}]}, "brace"),
        ({"filters": [{"field": "name", "value": ""}]}, "values"),
        ({"filters": [{"field": "name", "value": []}]}, "values"),
        ({"filters": [{"field": "kind", "value": "video"}]}, "chart"),
        ({"destination": {"namespace": "A"}}, "lower-case"),
        ({"destination": {"namespace": "a//b"}}, "lower-case"),
        ({"destination": {"replaces": -2}}, "replaces"),
        ({"trigger": {"kind": "scheduled"}}, "cron"),
        ({"trigger": {"kind": "scheduled", "cron": "soon"}}, "soon"),
        ({"trigger": {"kind": "manual", "cron": "@daily"}}, "cron"),
        ({"trigger": {"kind": "event"}, "direction": "pull"}, "schedule"),
        ({"bandwidth_bytes": -1}, "bandwidth"),
        ({"override": "yes"}, "override"),
    ],
)
def test_what_cannot_be_kept(document: object, told: str) -> None:
    with pytest.raises(Fault, match="replication document is not right") as caught:
        parse(document)
    assert caught.value.code is Code.REQUEST_INVALID
    assert told in caught.value.message


@given(
    st.dictionaries(
        st.sampled_from(["direction", "filters", "destination", "trigger", "override"]),
        st.none() | st.text() | st.lists(st.text()) | st.dictionaries(st.text(), st.text()),
    )
)
def test_anything_is_read_or_refused(document: dict[str, Any]) -> None:
    with suppress(Fault):
        parse(document)
