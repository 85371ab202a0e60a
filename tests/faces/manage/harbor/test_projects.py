"""Projects in Harbor's words."""

from typing import Any

import pytest

from entrepot.faces.manage.harbor import projects
from entrepot.oci.name import RepositoryName
from entrepot.ports.grants import ACCESS_EPOCH, GrantRow
from entrepot.rules.permissions import Permission
from entrepot.rules.subjects import SubjectKind
from entrepot.settings import Settings, Storage
from tests.faces.manage.harbor.yard import ALICE, APP, Yard, open_yard
from tests.faces.registry.registry import basic

DEVELOPER = "developer of the project"
MAINTAINER = "projectAdmin of the project"
HAS_REPOSITORIES = "the project contains repositories, can not be deleted"
BAD_QUERY = 'the query string must contain "=" and the key/value cannot be empty'


async def names(yard: Yard, query: str, **more: Any) -> list[str]:
    return [one["name"] for one in await yard.get(f"/projects{query}", **more)]


async def test_a_project_is_made_shown_changed_and_deleted(yard: Yard) -> None:
    body = {"project_name": "acme", "metadata": {"public": "false", "auto_scan": None}}
    place = await yard.make("/projects", body)
    number = int(place.rpartition("/")[2])
    assert place == f"/projects/{number}"
    project = await yard.get(place)
    assert project == {
        "creation_time": "2027-01-15T08:00:00.000Z",
        "current_user_role_id": 1,
        "current_user_role_ids": [1],
        "cve_allowlist": {
            "creation_time": "0001-01-01T00:00:00.000Z",
            "id": number,
            "items": [],
            "project_id": number,
            "update_time": "0001-01-01T00:00:00.000Z",
        },
        "metadata": {"public": "false"},
        "name": "acme",
        "owner_id": await yard.doors.house.management.numbers.one("user", "by-admin"),
        "owner_name": "by-admin",
        "project_id": number,
        "repo_count": 0,
        "update_time": "2027-01-15T08:00:00.000Z",
    }
    assert await yard.get("/projects/acme") == project
    change = {
        "metadata": {"public": "true", "severity": "High", "proxy_speed_kb": "-1"},
        "cve_allowlist": {"items": [{"cve_id": "CVE-2024-1"}], "expires_at": 1},
    }
    await yard.do("PUT", place, change)
    project = await yard.get(place, who="anonymous")
    assert project["metadata"] == {"public": "true", "severity": "high"}
    assert project["cve_allowlist"]["items"] == [{"cve_id": "CVE-2024-1"}]
    assert project["current_user_role_ids"] is None
    assert "owner_name" not in project
    assert "current_user_role_id" not in project
    await yard.do("DELETE", place)
    assert await yard.refused("GET", place) == 404


async def test_where_it_is_told_to_be(yard: Yard) -> None:
    by_name = {"X-Resource-Name-In-Location": "true"}
    place = await yard.make("/projects", {"project_name": "acme", "public": True}, headers=by_name)
    assert place == "/projects/acme"
    assert (await yard.get(place))["metadata"] == {"public": "true"}


async def test_a_number_may_be_a_name(yard: Yard) -> None:
    number = int((await yard.make("/projects", {"project_name": "7777"})).rpartition("/")[2])
    as_name = {"X-Is-Resource-Name": "true"}
    assert await yard.refused("GET", "/projects/7777") == 404
    project = await yard.get("/projects/7777", headers=as_name)
    assert project["project_id"] == number
    assert await yard.refused("GET", f"/projects/{number}", headers=as_name) == 404


@pytest.mark.parametrize(
    "body, status",
    [
        ({"project_name": "team"}, 409),
        ({"project_name": "Bad Name"}, 400),
        ({}, 422),
        ({"project_name": 7}, 422),
        ({"project_name": "x", "registry_id": 1}, 412),
        ({"project_name": "x", "storage_limit": -2}, 400),
        ({"project_name": "x", "storage_limit": 1 << 64}, 400),
        ({"project_name": "x", "metadata": {"public": "perhaps"}}, 400),
        ({"project_name": "x", "metadata": {"severity": "dreadful"}}, 400),
        ({"project_name": "x", "metadata": {"retention_id": "1"}}, 400),
    ],
)
async def test_what_is_not_made(yard: Yard, body: dict[str, object], status: int) -> None:
    assert await yard.refused("POST", "/projects", body) == status
    assert "x" not in await names(yard, "")


async def test_bodies_that_are_none(yard: Yard) -> None:
    answer = await yard.ask("POST", "/projects", {}, headers={"Content-Type": "text/plain"})
    assert answer.status == 422


async def test_lists(yard: Yard) -> None:
    for name, public in (("beta", True), ("alpha", False), ("gamma", True)):
        await yard.make("/projects", {"project_name": name, "public": public})
    assert await names(yard, "") == ["alpha", "beta", "gamma", "other", "team"]
    assert await names(yard, "?q=name%3D~a%2Cpublic%3Dtrue") == ["beta", "gamma"]
    assert await names(yard, "?name=mm") == ["gamma"]
    assert await names(yard, "?public=false&sort=-name") == ["team", "other", "alpha"]
    assert await names(yard, "?owner=by-admin") == ["alpha", "beta", "gamma"]
    assert await names(yard, "?q=nosuch%3D1&sort=nosuch") == await names(yard, "")
    assert await names(yard, "?q=name%3D%7Bbeta+team%7D") == ["beta", "team"]
    answer = await yard.ask("GET", "/projects?page=2&page_size=2&q=public%3Dfalse")
    assert answer.header("X-Total-Count") == "3"
    assert answer.header("Link") == (
        '</api/v2.0/projects?page=1&page_size=2&q=public%3Dfalse>; rel="prev"'
    )
    bare = await yard.get("/projects?name=beta&with_detail=false")
    assert "metadata" not in bare[0]
    assert "owner_name" not in bare[0]
    assert bare[0]["cve_allowlist"]["items"] is None


async def test_each_sees_what_is_for_them(yard: Yard) -> None:
    await yard.make("/projects", {"project_name": "public", "public": True})
    assert await names(yard, "", who="anonymous") == ["public"]
    assert await names(yard, "?public=false", who="anonymous") == []
    assert await names(yard, "?public=true", who="anonymous") == ["public"]
    assert await names(yard, "", who=DEVELOPER) == ["public", "team"]
    assert await names(yard, "?public=false", who=DEVELOPER) == ["team"]
    assert await names(yard, "", who="robot") == ["public", "team"]
    assert await yard.refused("GET", "/projects/other", who=DEVELOPER) == 403
    assert await yard.refused("GET", "/projects/other", who="anonymous") == 401
    assert await yard.refused("GET", "/projects/nosuch", who=DEVELOPER) == 403
    mine = (await yard.get("/projects/team", who=DEVELOPER))["current_user_role_ids"]
    assert mine == [2]


@pytest.mark.parametrize(
    "query, status",
    [("?q=name", 400), ("?page_size=1000", 422), ("?page=x", 422)],
)
async def test_lists_that_are_refused(yard: Yard, query: str, status: int) -> None:
    assert await yard.refused("GET", f"/projects{query}") == status
    if status == 400:
        assert (await yard.ask("GET", f"/projects{query}")).message == BAD_QUERY


async def test_page_0_is_the_first(yard: Yard) -> None:
    answer = await yard.ask("GET", "/projects?page=0&page_size=1")
    assert answer.json[0]["name"] == "other"
    assert answer.header("Link") == '</api/v2.0/projects?page=2&page_size=1>; rel="next"'


async def test_whether_there_is_one(yard: Yard) -> None:
    for name, status in (("team", 200), ("nosuch", 404)):
        assert (await yard.ask("HEAD", f"/projects?project_name={name}")).status == status
    assert (await yard.ask("HEAD", "/projects")).status == 422
    # Whoever may make projects learns it anyway; a robot may not.
    assert (await yard.ask("HEAD", "/projects?project_name=other", who="user")).status == 200
    assert (await yard.ask("HEAD", "/projects?project_name=other", who="robot")).status == 404
    assert (await yard.ask("HEAD", "/projects?project_name=team", who="anonymous")).status == 401


async def test_one_that_holds_images_stays(yard: Yard) -> None:
    await yard.push("1")
    assert await yard.get("/projects/team/_deletable") == {"message": HAS_REPOSITORIES}
    assert await yard.get("/projects/other/_deletable") == {"deletable": True}
    answer = await yard.ask("DELETE", "/projects/team")
    assert (answer.status, answer.code) == (412, "PRECONDITION")
    assert answer.message == HAS_REPOSITORIES
    assert (await yard.get("/projects/team"))["repo_count"] == 1


async def test_what_is_left_in_the_trash_goes_too(yard: Yard) -> None:
    digest = await yard.push("1")
    await yard.doors.house.registry.deletion.delete(APP, digest, ALICE)
    assert await yard.doors.house.upkeep.trash.page(project="team")
    # Who may delete the project and not what is in its trash does not get round it.
    scopes = (Permission.PROJECT_DELETE.value, Permission.PROJECT_READ.value)
    row = GrantRow(0, SubjectKind.USER, "by-user", "team", "", scopes, 0.0, "")
    async with yard.catalog.begin(write=True) as tx:
        assert await tx.grants.add(row)
        await tx.epochs.advance(ACCESS_EPOCH)
    assert await yard.refused("DELETE", "/projects/team", who="user") == 403
    await yard.do("DELETE", "/projects/team", who=MAINTAINER)
    assert await yard.refused("GET", "/projects/team") == 404
    assert not await yard.doors.house.upkeep.trash.page(project="team")


async def test_too_much_in_the_trash(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    for tag in ("1", "2", "3"):
        digest = await yard.push(tag, tag)
        await yard.doors.house.registry.deletion.delete(APP, digest, ALICE)
    monkeypatch.setattr(projects, "TRASH_MAX", 2)
    assert await yard.refused("DELETE", "/projects/team") == 412
    assert len(await yard.doors.house.upkeep.trash.page(project="team")) == 3


async def test_figures(yard: Yard) -> None:
    await yard.push("1")
    found = await yard.get("/projects/team/summary")
    used = found["quota"]["used"]["storage"]
    assert used > 0
    assert found == {
        "repo_count": 1,
        "project_admin_count": 1,
        "maintainer_count": 1,
        "developer_count": 1,
        "guest_count": 1,
        "limited_guest_count": 1,
        "quota": {"hard": {"storage": -1}, "used": {"storage": used}},
    }
    assert await yard.get("/projects/team/summary", who="limitedGuest of the project") == {
        "repo_count": 1
    }


async def test_a_limit_of_storage(yard: Yard) -> None:
    await yard.make("/projects", {"project_name": "small", "storage_limit": 1000})
    await yard.make("/projects", {"project_name": "wide", "storage_limit": -1})
    # Who sets no quotas is given the usual one.
    body = {"project_name": "mine", "storage_limit": 1000}
    await yard.make("/projects", body, who="user")
    for name, most in (("small", 1000), ("wide", -1), ("mine", -1)):
        assert (await yard.get(f"/projects/{name}/summary"))["quota"]["hard"]["storage"] == most


async def test_who_may_what(yard: Yard) -> None:
    new = {"project_name": "new"}
    assert await yard.refused("POST", "/projects", new, who="anonymous") == 401
    assert await yard.refused("POST", "/projects", new, who="robot") == 403
    assert await yard.refused("DELETE", "/projects/library", who=DEVELOPER) == 403
    public = {"metadata": {"public": "true"}}
    assert await yard.refused("PUT", "/projects/team", public, who=DEVELOPER) == 403
    await yard.do("PUT", "/projects/team", public, who=MAINTAINER)
    assert await yard.refused("GET", "/projects", who="bearer token") == 401
    wrong = {"Authorization": basic("by-admin", "wrong")}
    assert await yard.refused("GET", "/projects", headers=wrong) == 401


async def test_library_stays_with_what_is_in_its_trash(yard: Yard) -> None:
    await yard.doors.house.gate.projects.ensure_library()
    name = RepositoryName("library/app")
    digest = await yard.push("1", name=name)
    assert await yard.refused("DELETE", "/projects/library") == 412
    await yard.doors.house.registry.deletion.delete(name, digest, ALICE)
    assert await yard.refused("DELETE", "/projects/library") == 403
    assert await yard.doors.house.upkeep.trash.page(project="library")


@pytest.mark.parametrize("storage", [Storage(read_only=True), Storage(delete=False)])
async def test_where_nothing_is_deleted(storage: Storage) -> None:
    async with open_yard(Settings(storage=storage)) as yard:
        assert await yard.refused("DELETE", "/projects/team") == 405
        assert (await yard.get("/projects/team"))["name"] == "team"
