"""CloudEvents 1.0 (spec.md, JSON format)."""

import re

import msgspec
from hypothesis import given

from entrepot.oci.json import encode
from entrepot.rules.notifications.cloudevents import payload
from entrepot.rules.notifications.notice import Notice
from entrepot.rules.notifications.site import Site
from tests.rules.notifications.notices import PUSHED, SITE, TO, any_notice

_ATTRIBUTE = re.compile(r"[a-z0-9]{1,20}")


@given(any_notice)
def test_attributes_are_as_the_specification_has_them(notice: Notice) -> None:
    told = msgspec.json.decode(encode(payload(notice, SITE, TO)))
    assert told["specversion"] == "1.0"
    for name in ("id", "source", "type", "time"):
        assert told[name]
    assert all(_ATTRIBUTE.fullmatch(name) for name in told)
    assert told.get("subject") != ""
    assert told["data"]["sequence"] == notice.sequence


def test_the_same_event_has_the_same_name_and_no_other_has() -> None:
    once, again = payload(PUSHED, SITE, TO), payload(PUSHED, SITE, TO)
    assert (once["source"], once["id"]) == (again["source"], again["id"])
    other = msgspec.structs.replace(PUSHED, sequence=43)
    assert payload(other, SITE, TO)["id"] != once["id"]
    assert payload(PUSHED, Site(name="here"), TO)["source"] == "urn:entrepot:here"


def test_facts_do_not_hide_what_all_events_say() -> None:
    odd = msgspec.structs.replace(PUSHED, facts={"sequence": 0, "actor": "mallory", "x": 1})
    data = payload(odd, SITE, TO)["data"]
    assert (data["sequence"], data["actor"], data["x"]) == (42, "alice", 1)
