"""Replication policies in Harbor's words."""

from typing import Any

import pytest

from tests.faces.manage.harbor.yard import Yard

BASE = "/replication/policies"
FILTERS = [
    {"type": "name", "value": "team/**"},
    {"type": "tag", "value": "v*", "decoration": "excludes"},
    {"type": "label", "value": ["good"], "decoration": "matches"},
    {"type": "resource", "value": "image"},
]


async def registry(yard: Yard) -> int:
    body = {"name": "hub", "url": "https://hub.example.com", "type": "docker-registry"}
    return int((await yard.make("/registries", body)).rpartition("/")[2])


def policy(number: int, **more: Any) -> dict[str, Any]:
    return {
        "name": "p",
        "description": "nightly",
        "src_registry": None,
        "dest_registry": {"id": number},
        "dest_namespace": "mirror",
        "dest_namespace_replace_count": 1,
        "trigger": {"type": "scheduled", "trigger_settings": {"cron": "0 0 2 * * *"}},
        "filters": FILTERS,
        "deletion": True,
        "override": True,
        "enabled": True,
        "speed": 512,
        "copy_by_chunk": False,
        "single_active_replication": True,
        **more,
    }


async def test_a_policy_comes_back_as_it_was_put(yard: Yard) -> None:
    number = await registry(yard)
    place = await yard.make(BASE, policy(number))
    got = await yard.get(place)
    assert got["dest_registry"]["id"] == number
    assert (got["src_registry"]["id"], got["src_registry"]["name"]) == (0, "Local")
    given = policy(number)
    for key in ("src_registry", "dest_registry"):
        given.pop(key)
    assert {key: got[key] for key in given} == given
    assert await yard.get(f"{BASE}?name=p") == [got]
    assert await yard.get(f"{BASE}?q=name%3Dx") == []


async def test_a_policy_is_changed_and_removed(yard: Yard) -> None:
    number = await registry(yard)
    place = await yard.make(BASE, policy(number))
    pull = {"name": "pull", "src_registry": {"id": number}, "trigger": {"type": "manual"}}
    await yard.do("PUT", place, {**pull, "filters": [{"type": "", "value": ""}], "speed": -1})
    got = await yard.get(place)
    assert (got["src_registry"]["id"], got["dest_registry"]["id"]) == (number, 0)
    assert (got["trigger"], got["filters"], got["speed"]) == ({"type": "manual"}, None, 0)
    assert (got["dest_namespace_replace_count"], "enabled" in got) == (-1, False)
    await yard.do("DELETE", place)
    assert await yard.refused("GET", place) == 404
    assert await yard.refused("DELETE", place) == 404
    assert await yard.refused("PUT", place, policy(number)) == 404


async def test_nothing_is_copied_yet(yard: Yard) -> None:
    place = await yard.make(BASE, policy(await registry(yard)))
    number = int(place.rpartition("/")[2])
    runs = "/replication/executions"
    answer = await yard.ask("POST", runs, {"policy_id": number})
    assert (answer.status, answer.code) == (412, "PRECONDITION")
    assert await yard.refused("POST", runs, {"policy_id": 99}) == 404
    assert await yard.get(f"{runs}?policy_id={number}") == []
    for method, path in (
        ("GET", f"{runs}/1"),
        ("PUT", f"{runs}/1"),
        ("GET", f"{runs}/1/tasks"),
        ("GET", f"{runs}/1/tasks/1/log"),
    ):
        assert await yard.refused(method, path) == 404


@pytest.mark.parametrize(
    "change, status",
    [
        ({"dest_registry": None}, 400),
        ({"src_registry": {"id": 1}}, 400),
        ({"dest_registry": {"id": 99}}, 404),
        ({"trigger": {"type": "sometimes"}}, 400),
        ({"trigger": {"type": "scheduled"}}, 400),
        ({"filters": [{"type": "color", "value": "red"}]}, 400),
        ({"filters": [{"type": "tag", "value": "v", "decoration": "likes"}]}, 400),
        ({"name": ""}, 400),
        ({"dest_namespace": "UPPER"}, 400),
        ({"filters": "all"}, 422),
    ],
)
async def test_what_no_policy_can_be(yard: Yard, change: dict[str, object], status: int) -> None:
    number = await registry(yard)
    assert await yard.refused("POST", BASE, policy(number, **change)) == status


async def test_one_policy_of_a_name(yard: Yard) -> None:
    number = await registry(yard)
    await yard.make(BASE, policy(number))
    assert await yard.refused("POST", BASE, policy(number)) == 409
