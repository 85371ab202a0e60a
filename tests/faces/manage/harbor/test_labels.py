"""Labels in Harbor's words."""

from typing import Any

import pytest

from tests.faces.manage.harbor.yard import Yard


async def mine(yard: Yard, name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "scope": "p", "project_id": await yard.project_id(), **more}


async def test_a_label_of_the_registry(yard: Yard) -> None:
    body = {"name": "l1", "scope": "g", "color": "#FFFFFF", "description": "one"}
    place = await yard.make("/labels", body)
    got = await yard.get(place)
    assert got == {
        "id": int(place.rpartition("/")[2]),
        "creation_time": "2027-01-15T08:00:00.000Z",
        "update_time": "2027-01-15T08:00:00.000Z",
        **body,
    }
    assert await yard.get("/labels?scope=g", who="user") == [got]
    yard.clock.seconds += 1
    await yard.do("PUT", place, {**body, "name": "l2", "description": ""})
    changed = await yard.get(place)
    assert (changed["name"], "description" in changed) == ("l2", False)
    assert changed["update_time"] == "2027-01-15T08:00:01.000Z"
    await yard.do("DELETE", place)
    assert await yard.refused("GET", place) == 404
    assert await yard.refused("DELETE", place) == 404


async def test_labels_of_a_project(yard: Yard) -> None:
    maintainer, number = "maintainer of the project", await yard.project_id()
    for name in ("web", "db", "webb"):
        await yard.make("/labels", await mine(yard, name), who=maintainer)
        yard.clock.seconds += 1
    path = f"/labels?scope=p&project_id={number}"
    found = await yard.ask("GET", path)
    assert [one["name"] for one in found.json] == ["webb", "db", "web"]
    assert (found.json[0]["scope"], found.json[0]["project_id"]) == ("p", number)
    by_name = await yard.ask("GET", f"{path}&name=web&sort=name&page_size=1")
    assert [one["name"] for one in by_name.json] == ["web"]
    assert by_name.header("X-Total-Count") == "2"
    assert await yard.get("/labels?scope=g") == []


async def test_whose_labels_they_are(yard: Yard) -> None:
    guest, number = "guest of the project", await yard.project_id()
    place = await yard.make("/labels", await mine(yard, "web"))
    path = f"/labels?scope=p&project_id={number}"
    assert len(await yard.get(path, who=guest)) == 1
    assert await yard.refused("GET", path, who="user") == 403
    assert await yard.refused("GET", place, who="user") == 403
    assert await yard.refused("GET", "/labels?scope=g", who="anonymous") == 401
    assert await yard.refused("PUT", place, {"name": "x"}, who=guest) == 403
    assert await yard.refused("DELETE", place, who=guest) == 403
    assert await yard.refused("POST", "/labels", await mine(yard, "x"), who=guest) == 403
    body = {"name": "x", "scope": "g"}
    assert await yard.refused("POST", "/labels", body, who="maintainer of the project") == 403


@pytest.mark.parametrize(
    "color, shown", [(None, "#FFFFFF"), ("", "false"), ("false", "false"), ("#00ff00", "#00ff00")]
)
async def test_colors(yard: Yard, color: str | None, shown: str) -> None:
    place = await yard.make("/labels", {"name": "l", "scope": "g", "color": color})
    assert (await yard.get(place))["color"] == shown
    await yard.do("PUT", place, {"name": "l", "color": "false"})
    assert (await yard.get(place))["color"] == "false"


@pytest.mark.parametrize(
    "body, status",
    [
        ({"name": "", "scope": "g"}, 400),
        ({"name": "l", "scope": "x"}, 400),
        ({"name": "l"}, 400),
        ({"name": "l", "scope": "p"}, 400),
        ({"name": "l", "scope": "p", "project_id": 999}, 404),
        ({"name": "l", "scope": "g", "color": "red"}, 400),
        ({"name": 7}, 422),
        ({"name": "l", "scope": "p", "project_id": 2**70}, 422),
    ],
)
async def test_what_no_label_can_be(yard: Yard, body: dict[str, object], status: int) -> None:
    assert await yard.refused("POST", "/labels", body) == status


async def test_lists_that_there_are_not(yard: Yard) -> None:
    await yard.make("/labels", {"name": "l", "scope": "g"})
    assert await yard.refused("POST", "/labels", {"name": "l", "scope": "g"}) == 409
    for query, status in (("", 400), ("scope=x", 400), ("scope=p", 400)):
        assert await yard.refused("GET", f"/labels?{query}") == status
    assert await yard.refused("GET", "/labels?scope=p&project_id=999") == 404
