"""Quotas of projects in Harbor's words."""

import pytest

from tests.faces.manage.harbor.yard import Yard


async def test_quotas_are_listed_shown_and_changed(yard: Yard) -> None:
    await yard.push("1")
    number = await yard.project_id()
    quota = await yard.get(f"/quotas/{number}")
    used = quota["used"]["storage"]
    assert used > 0
    assert quota == {
        "creation_time": "1970-01-01T00:00:00.000Z",
        "hard": {"storage": -1},
        "id": number,
        "ref": {"id": number, "name": "team", "owner_name": "admin"},
        "update_time": "1970-01-01T00:00:00.000Z",
        "used": {"storage": used},
    }
    await yard.do("PUT", f"/quotas/{number}", {"hard": {"storage": 10 * used}})
    changed = await yard.get(f"/quotas/{number}")
    assert changed["hard"] == {"storage": 10 * used}
    found = await yard.get("/quotas?sort=-used.storage")
    assert [one["ref"]["name"] for one in found] == ["team", "other"]
    assert found[0] == changed
    assert await yard.get(f"/quotas?reference=project&reference_id={number}") == [changed]
    assert await yard.get("/quotas?reference=project&reference_id=9999") == []
    assert await yard.get("/quotas?reference=user") == []
    await yard.do("PUT", f"/quotas/{number}", {"hard": {"storage": -1}})
    assert (await yard.get(f"/quotas/{number}"))["hard"] == {"storage": -1}


async def test_the_newest_first(yard: Yard) -> None:
    for name in ("b", "a"):
        yard.clock.seconds += 1
        await yard.make("/projects", {"project_name": name, "storage_limit": 5})
    answer = await yard.ask("GET", "/quotas/?page=1&page_size=2")
    assert [one["ref"]["name"] for one in answer.json] == ["a", "b"]
    assert answer.header("X-Total-Count") == "4"
    assert answer.json[0]["hard"] == {"storage": 5}


async def test_by_limits_of_projects_with_ledgers_and_without(yard: Yard) -> None:
    await yard.make("/projects", {"project_name": "small", "storage_limit": 5})
    await yard.make("/projects", {"project_name": "large", "storage_limit": 500})
    found = await yard.get("/quotas?sort=-hard.storage")
    limits = [one["hard"]["storage"] for one in found]
    assert [one["ref"]["name"] for one in found[:2]] == ["large", "small"]
    assert limits == [500, 5, -1, -1]
    found = await yard.get("/quotas?sort=hard.storage&page=2&page_size=2")
    assert [one["ref"]["name"] for one in found] == ["small", "large"]


@pytest.mark.parametrize(
    "body, status",
    [
        ({}, 400),
        ({"hard": {}}, 400),
        ({"hard": {"storage": 0}}, 400),
        ({"hard": {"storage": -2}}, 400),
        ({"hard": {"count": 5}}, 400),
        ({"hard": {"storage": "all"}}, 422),
    ],
)
async def test_what_is_refused(yard: Yard, body: dict[str, object], status: int) -> None:
    assert await yard.refused("PUT", f"/quotas/{await yard.project_id()}", body) == status


async def test_who_may_what(yard: Yard) -> None:
    path = f"/quotas/{await yard.project_id()}"
    body = {"hard": {"storage": 5}}
    for who, status in (("projectAdmin of the project", 403), ("anonymous", 401)):
        assert await yard.refused("GET", "/quotas", who=who) == status
        assert await yard.refused("PUT", path, body, who=who) == status
    assert await yard.refused("GET", "/quotas/9999") == 404
    assert await yard.refused("PUT", "/quotas/9999", body) == 404
