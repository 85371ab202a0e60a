"""Immutable tag rules under their numbers."""

from typing import Any

import pytest

from entrepot.oci.errors import Fault
from tests.faces.manage.harbor.yard import ALICE, Yard

BASE = "/projects/team/immutabletagrules"


def rule(tag: str = "v*", **more: Any) -> dict[str, Any]:
    return {
        "action": "immutable",
        "template": "immutable_template",
        "tag_selectors": [{"kind": "doublestar", "decoration": "matches", "pattern": tag}],
        "scope_selectors": {
            "repository": [{"kind": "doublestar", "decoration": "repoMatches", "pattern": "**"}]
        },
        **more,
    }


def number_of(place: str) -> int:
    return int(place.rpartition("/")[2])


async def test_rules_come_back_as_they_were_put(yard: Yard) -> None:
    places = [await yard.make(BASE, rule(tag)) for tag in ("v*", "release-*")]
    found = await yard.get(BASE)
    assert found == [
        {"id": number_of(place), **rule(tag)}
        for place, tag in zip(places, ("v*", "release-*"), strict=True)
    ]
    by_number = await yard.ask("GET", f"/projects/{await yard.project_id()}/immutabletagrules")
    assert (by_number.json, by_number.header("X-Total-Count")) == (found, "2")
    page = await yard.ask("GET", f"{BASE}?page=2&page_size=1")
    assert [one["id"] for one in page.json] == [number_of(places[1])]


async def test_a_rule_keeps_its_number(yard: Yard) -> None:
    first, second = await yard.make(BASE, rule("v*")), await yard.make(BASE, rule("x*"))
    await yard.do("PUT", first, rule("w*", id=number_of(first)))
    await yard.do("PUT", second, rule("x*", disabled=True))
    again = await yard.make(BASE, rule("v*"))
    found = {one["id"]: one for one in await yard.get(BASE)}
    assert [number_of(place) for place in (first, second, again)] == list(found)
    assert found[number_of(first)]["tag_selectors"][0]["pattern"] == "w*"
    assert found[number_of(second)]["disabled"] is True
    await yard.do("DELETE", first)
    assert number_of(first) not in [one["id"] for one in await yard.get(BASE)]


async def test_a_rule_holds(yard: Yard) -> None:
    place = await yard.make(BASE, rule("v*"))
    await yard.push("v1", "one")
    with pytest.raises(Fault, match="configured as immutable"):
        await yard.push("v1", "two")
    await yard.do("PUT", place, rule("v*", disabled=True))
    await yard.push("v1", "two")


async def test_rules_in_our_words_have_numbers(yard: Yard) -> None:
    policies = yard.doors.house.policies
    await policies.put("team", "immutability", [{"tag": "v*"}, {"tag": "w*"}], ALICE)
    first, second = await yard.get(BASE)
    assert first["id"] != second["id"]
    await yard.do("DELETE", f"{BASE}/{first['id']}")
    assert await yard.get(BASE) == [second]


@pytest.mark.parametrize(
    "body, status",
    [
        (rule("v*", tag_selectors=[]), 400),
        (rule("v*", scope_selectors={}), 400),
        (rule("{v*"), 400),
        (rule("v*", tag_selectors="v*"), 422),
        ({}, 400),
    ],
)
async def test_what_no_rule_can_be(yard: Yard, body: dict[str, Any], status: int) -> None:
    assert await yard.refused("POST", BASE, body) == status


async def test_rules_that_cannot_be_changed(yard: Yard) -> None:
    place = await yard.make(BASE, rule())
    assert await yard.refused("POST", BASE, rule()) == 409
    assert await yard.refused("PUT", place, rule(id=99)) == 400
    assert await yard.refused("PUT", f"{BASE}/99", rule(id=99)) == 404
    assert await yard.refused("DELETE", f"{BASE}/99") == 404
    assert await yard.refused("DELETE", place, who="guest of the project") == 403
    assert await yard.refused("GET", BASE, who="user") == 403
    for at in range(14):
        await yard.make(BASE, rule(f"x{at}"))
    assert await yard.refused("POST", BASE, rule("y")) == 400


async def test_a_rule_lies_where_the_caller_looks(yard: Yard) -> None:
    by_number = f"/projects/{await yard.project_id()}/immutabletagrules"
    place = await yard.make(by_number, rule())
    assert place.startswith(f"{by_number}/")
    await yard.do("PUT", place, rule("w*"))
    assert await yard.refused("GET", "/projects/nowhere/immutabletagrules") == 404
