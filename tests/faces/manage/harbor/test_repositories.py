"""Repositories in Harbor's words."""

import pytest

from entrepot.oci.name import RepositoryName
from entrepot.services import removal
from tests.faces.manage.harbor.yard import ALICE, Yard

BASE = "/projects/team/repositories"
WEB = RepositoryName("team/a/web")
OTHER = RepositoryName("other/app")


async def test_repositories_of_a_project(yard: Yard) -> None:
    await yard.push("1", "one")
    await yard.push("2", "two")
    await yard.push("1", "one", WEB)
    await yard.push("1", "one", OTHER)
    found = await yard.get(BASE)
    assert found[1] == {
        "id": found[1]["id"],
        "project_id": await yard.project_id(),
        "name": "team/app",
        "artifact_count": 2,
        "pull_count": 0,
        "creation_time": "2027-01-15T08:00:00.000Z",
        "update_time": "2027-01-15T08:00:10.000Z",
    }
    # The newest first, unless it is said.
    assert [one["name"] for one in found] == ["team/a/web", "team/app"]
    by_name = await yard.get(f"{BASE}?sort=-name&page_size=1")
    assert [one["name"] for one in by_name] == ["team/app"]
    some = await yard.ask("GET", f"{BASE}?q=name%3D~web")
    assert ([one["name"] for one in some.json], some.header("X-Total-Count")) == (
        ["team/a/web"],
        "1",
    )
    everything = await yard.get("/repositories?q=name=~app")
    assert {one["name"] for one in everything} == {"team/app", "other/app"}


async def test_who_sees_repositories(yard: Yard) -> None:
    await yard.push("1", "one")
    await yard.push("1", "one", OTHER)
    guest = "guest of the project"
    assert [one["name"] for one in await yard.get("/repositories", who=guest)] == ["team/app"]
    assert await yard.get("/repositories", who="anonymous") == []
    assert await yard.refused("GET", BASE, who="user") == 403
    assert await yard.refused("GET", BASE, who="anonymous") == 401
    assert await yard.refused("GET", f"{BASE}/app", who="user") == 403
    assert await yard.refused("GET", "/projects/nosuch/repositories") == 404
    await yard.doors.house.gate.projects.change("team", yard.acting, public=True)
    assert [one["name"] for one in await yard.get(BASE, who="anonymous")] == ["team/app"]


async def test_a_description(yard: Yard) -> None:
    await yard.push("1", "one", WEB)
    place = f"{BASE}/a%252Fweb"
    assert "description" not in await yard.get(place)
    await yard.do("PUT", place, {"description": "The shop"})
    assert (await yard.get(place))["description"] == "The shop"
    assert (await yard.get(f"{BASE}/a%2Fweb"))["name"] == "team/a/web"
    await yard.do("PUT", place, {"description": None})
    assert "description" not in await yard.get(place)
    assert await yard.refused("PUT", place, {"description": "x"}, who="guest of the project") == 403
    assert await yard.refused("PUT", f"{BASE}/nosuch", {"description": "x"}) == 404


async def test_a_repository_is_deleted_into_the_trash(yard: Yard) -> None:
    one = await yard.push("1", "one")
    await yard.push("2", "two")
    assert await yard.refused("DELETE", f"{BASE}/app", who="guest of the project") == 403
    await yard.do("DELETE", f"{BASE}/app")
    assert await yard.refused("GET", f"{BASE}/app") == 404
    assert await yard.refused("DELETE", f"{BASE}/app") == 404
    assert await yard.get(BASE) == []
    trash = yard.doors.house.upkeep.trash
    entries = await trash.page()
    assert one in [entry.digest for entry in entries]
    assert len({entry.batch for entry in entries}) == 1
    await trash.restore([entry.id for entry in entries], ALICE)
    assert (await yard.get(f"{BASE}/app"))["artifact_count"] == 2


async def test_what_is_immutable_stays(yard: Yard) -> None:
    await yard.push("1", "one")
    await yard.push("v2", "two")
    policies = yard.doors.house.policies
    await policies.put("team", "immutability", [{"tag": "v*"}], ALICE)
    answer = await yard.ask("DELETE", f"{BASE}/app")
    assert (answer.status, answer.code) == (412, "PRECONDITION")
    assert "immutable" in answer.message
    assert (await yard.get(f"{BASE}/app"))["artifact_count"] == 2


async def test_a_large_repository_goes_by_a_job(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "MANIFESTS_MAX", 1)
    await yard.push("1", "one")
    await yard.push("2", "two")
    answer = await yard.ask("DELETE", f"{BASE}/app")
    # Nobody works here: so long no client waits.
    assert (answer.status, answer.body) == (202, b"")
    assert await yard.refused("DELETE", f"{BASE}/app") == 409
    await yard.work()
    assert await yard.refused("GET", f"{BASE}/app") == 404
