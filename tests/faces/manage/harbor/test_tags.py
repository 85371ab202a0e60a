"""Tags of artifacts in Harbor's words."""

import pytest

from tests.faces.manage.harbor.pictures import push_image
from tests.faces.manage.harbor.yard import ALICE, Yard

BASE = "/projects/team/repositories/app/artifacts"


async def test_tags_newest_first(yard: Yard) -> None:
    digest = await push_image(yard, "a")
    for name in ("c", "b"):
        yard.clock.seconds += 10
        await yard.make(f"{BASE}/a/tags", {"name": name})
    tags = await yard.ask("GET", f"{BASE}/{digest}/tags")
    assert [one["name"] for one in tags.json] == ["b", "c", "a"]
    assert tags.header("X-Total-Count") == "3"
    assert (await yard.get(f"{BASE}/a"))["tags"] == tags.json
    by_name = await yard.get(f"{BASE}/a/tags?sort=name&page_size=2")
    assert [one["name"] for one in by_name] == ["a", "b"]
    assert [one["name"] for one in await yard.get(f"{BASE}/a/tags?q=name%3D~c")] == ["c"]
    assert len({one["id"] for one in tags.json}) == 3


async def test_which_tags_are_immutable(yard: Yard) -> None:
    await push_image(yard, "v1")
    await yard.make(f"{BASE}/v1/tags", {"name": "latest"})
    await yard.doors.house.policies.put("team", "immutability", [{"tag": "v*"}], ALICE)
    found = await yard.get(f"{BASE}/v1/tags?with_immutable_status=true&sort=name")
    assert [(one["name"], one["immutable"]) for one in found] == [("latest", False), ("v1", True)]
    got = await yard.get(f"{BASE}/v1?with_immutable_status=true")
    assert {one["name"]: one["immutable"] for one in got["tags"]} == {"latest": False, "v1": True}
    answer = await yard.ask("DELETE", f"{BASE}/v1/tags/v1")
    assert (answer.status, answer.code) == (412, "PRECONDITION")


async def test_a_tag_is_deleted_and_the_artifact_stays(yard: Yard) -> None:
    digest = await push_image(yard, "a")
    await yard.make(f"{BASE}/a/tags", {"name": "b"})
    assert await yard.refused("DELETE", f"{BASE}/a/tags/b", who="developer of the project") == 403
    await yard.do("DELETE", f"{BASE}/a/tags/b")
    assert await yard.refused("DELETE", f"{BASE}/a/tags/b") == 404
    await yard.do("DELETE", f"{BASE}/{digest}/tags/a")
    assert (await yard.get(f"{BASE}/{digest}"))["tags"] is None


async def test_a_tag_of_another_artifact(yard: Yard) -> None:
    await push_image(yard, "a", "one")
    await push_image(yard, "b", "two")
    assert await yard.refused("DELETE", f"{BASE}/a/tags/b") == 404
    answer = await yard.ask("POST", f"{BASE}/a/tags", {"name": "b"})
    assert (answer.status, answer.code) == (409, "CONFLICT")


@pytest.mark.parametrize(
    "path, body, who, status",
    [
        (f"{BASE}/a/tags", {"name": "no such"}, "admin", 400),
        (f"{BASE}/a/tags", {}, "admin", 400),
        (f"{BASE}/a/tags", {"name": "a"}, "admin", 409),
        (f"{BASE}/x/tags", {"name": "b"}, "admin", 404),
        (f"{BASE}/a/tags", {"name": "b"}, "guest of the project", 403),
        (f"{BASE}/a/tags", "b", "admin", 422),
    ],
)
async def test_tags_that_cannot_be_made(
    yard: Yard, path: str, body: object, who: str, status: int
) -> None:
    await push_image(yard, "a")
    assert await yard.refused("POST", path, body, who=who) == status
