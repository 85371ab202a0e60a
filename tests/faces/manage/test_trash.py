"""The trash over HTTP."""

import pytest

from entrepot.faces.manage.api import api_app
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.projects import Project
from tests.faces.manage.lifecycle import Lifecycle
from tests.faces.manage.test_users import problem
from tests.services.house import ALICE

NAME = RepositoryName("team/app")
OTHER = RepositoryName("team/other")
PATH = "/repositories/team%2Fapp"


async def test_a_deleted_manifest_is_listed_and_given_back(lifecycle: Lifecycle) -> None:
    one = await lifecycle.push("v", "one", NAME)
    _, raw = await lifecycle.house.pull.manifest(NAME, one)
    await lifecycle.house.deletion.delete(NAME, one, ALICE)
    (entry,) = (await lifecycle.get("/trash"))["items"]
    assert entry["purge_at"] == "2027-01-29T08:00:10Z"
    facts = {key: entry[key] for key in ("kind", "repository", "digest", "tags", "deleted_by")}
    assert facts == {
        "kind": "manifest",
        "repository": "team/app",
        "digest": one,
        "tags": ["v"],
        "deleted_by": "alice",
    }
    done = await lifecycle.ask("POST", "/trash/restore", {"ids": [entry["id"]]})
    assert (done.status, done.json) == (
        200,
        {
            "restored": [f"team/app@{one}"],
            "there": [],
            "tags": ["team/app:v"],
            "kept": [],
            "refused": [],
        },
    )
    assert (await lifecycle.house.pull.manifest(NAME, Tag("v")))[1] == raw
    again = await lifecycle.ask("POST", "/trash/restore", {"ids": [entry["id"]]})
    assert problem(again) == (404, "NOT_FOUND")


async def test_a_list_by_pages_and_by_what_it_is_about(lifecycle: Lifecycle) -> None:
    for number, name in enumerate((NAME, NAME, OTHER, RepositoryName("elsewhere/app"))):
        digest = await lifecycle.push("v", f"{number}", name)
        await lifecycle.house.deletion.delete(name, digest, ALICE)
    first = await lifecycle.get("/trash?limit=3")
    second = await lifecycle.get(f"/trash?limit=3&after={first['next']}")
    assert (len(first["items"]), len(second["items"]), second["next"]) == (3, 1, None)
    for query, count in (
        ("project=team", 3),
        ("repository=team/app", 2),
        ("repository=team/none", 0),
        ("batch=job:1", 0),
    ):
        assert len((await lifecycle.get(f"/trash?{query}"))["items"]) == count


async def test_a_repository_goes_and_comes_back_whole(lifecycle: Lifecycle) -> None:
    digests = {tag: await lifecycle.push(tag, tag, NAME) for tag in ("v", "w")}
    job = await lifecycle.start("DELETE", PATH)
    assert (job["state"], job["progress"]["deleted"]) == ("done", 2)
    assert (await lifecycle.get(f"{PATH}/tags"))["items"] == []
    batch = f"job:{job['id']}"
    job = await lifecycle.start("POST", "/trash/restore", {"batch": batch})
    assert job["progress"]["restored"] == 2
    found = (await lifecycle.get(f"{PATH}/tags"))["items"]
    assert {one["tag"]: one["digest"] for one in found} == digests


async def test_a_project_goes(lifecycle: Lifecycle) -> None:
    for name in (NAME, OTHER):
        await lifecycle.push("v", name, name)
    await lifecycle.start("DELETE", "/projects/team")
    for name in (NAME, OTHER):
        path = f"/repositories/{name.replace('/', '%2F')}/tags"
        assert (await lifecycle.get(path))["items"] == []


@pytest.mark.parametrize("how", ["ids", "batch", "due"])
async def test_what_is_purged_is_gone(lifecycle: Lifecycle, how: str) -> None:
    one = await lifecycle.push("v", "one", NAME)
    job = await lifecycle.start("DELETE", PATH)
    entries = (await lifecycle.get("/trash"))["items"]
    if how == "ids":
        ids = [entry["id"] for entry in entries]
        done = await lifecycle.ask("POST", "/trash/purge", {"ids": ids})
        assert (done.status, done.json) == (200, {"purged": 2, "left_behind": 0})
    elif how == "batch":
        job = await lifecycle.start("POST", "/trash/purge", {"batch": f"job:{job['id']}"})
        assert job["progress"]["purged"] == 2
    else:
        early = await lifecycle.start("POST", "/trash/purge", {"all_due": True})
        assert early["progress"]["purged"] == 0
        lifecycle.house.clock.seconds += 14 * 86400
        job = await lifecycle.start("POST", "/trash/purge", {"all_due": True})
        assert job["progress"]["purged"] == 2
    assert (await lifecycle.get("/trash"))["items"] == []
    (then,) = (await lifecycle.get(f"{PATH}/tags?at=2027-01-15T08:00:05Z"))["items"]
    assert (then["digest"], then["standing"]) == (one, "gone")


@pytest.mark.parametrize(
    "path,body",
    [
        ("/trash/restore", {}),
        ("/trash/restore", {"ids": []}),
        ("/trash/restore", {"ids": [1], "batch": "job:1"}),
        ("/trash/restore", {"ids": ["1"]}),
        ("/trash/restore", {"ids": list(range(257))}),
        ("/trash/restore", {"batch": ""}),
        ("/trash/purge", {}),
        ("/trash/purge", {"ids": [1], "all_due": True}),
        ("/trash/purge", {"batch": "b", "all_due": True}),
    ],
    ids=str,
)
async def test_bad_bodies_are_told_why(lifecycle: Lifecycle, path: str, body: object) -> None:
    assert problem(await lifecycle.ask("POST", path, body)) == (400, "REQUEST_INVALID")


@pytest.mark.parametrize(
    "method,path,body",
    [
        ("POST", "/trash/restore", {"ids": [99]}),
        ("POST", "/trash/restore", {"batch": "job:99"}),
        ("POST", "/trash/purge", {"ids": [99]}),
        ("POST", "/trash/purge", {"batch": "job:99"}),
        ("DELETE", "/repositories/team%2Fnone", None),
        ("DELETE", "/projects/none", None),
    ],
)
async def test_what_there_is_not(
    lifecycle: Lifecycle, method: str, path: str, body: object
) -> None:
    assert problem(await lifecycle.ask(method, path, body))[0] == 404
    assert (await lifecycle.get("/jobs"))["items"] == []


async def test_where_nobody_may_delete_nothing_goes(lifecycle: Lifecycle) -> None:
    await lifecycle.push("v", "one", NAME)
    await lifecycle.policies.put("team", "retention", {"text": "keep n: 1"}, ALICE)
    app = api_app(
        lifecycle.upkeep.routes(operator=True, deletes=False),
        lifecycle.people.access,
        operator=True,
    )
    back = {"repository": "team/app", "at": "2027-01-01"}
    for method, path, body in (
        ("DELETE", PATH, None),
        ("DELETE", "/projects/team", None),
        ("POST", "/trash/purge", {"all_due": True}),
        ("POST", "/projects/team/retention/run", {}),
        ("POST", "/rollback", back),
    ):
        answer = await lifecycle.ask(method, path, body, app=app)
        assert problem(answer) == (405, "UNSUPPORTED")
    assert (await lifecycle.get("/jobs"))["items"] == []
    plan = await lifecycle.ask("POST", "/rollback", {**back, "dry_run": True}, app=app)
    assert plan.status == 200


async def test_a_project_in_which_nothing_lies_goes_itself(lifecycle: Lifecycle) -> None:
    async with lifecycle.house.catalog.begin(write=True) as tx:
        await tx.projects.add(
            Project("team", public=False, networks=(), created_at=1.0, created_by="alice")
        )
    await lifecycle.push("v", "one", NAME)
    await lifecycle.start("DELETE", "/projects/team")
    kept = await lifecycle.ask("DELETE", "/projects/team")
    assert (kept.status, "still in the trash" in kept.json["detail"]) == (409, True)
    ids = [entry["id"] for entry in (await lifecycle.get("/trash"))["items"]]
    await lifecycle.ask("POST", "/trash/purge", {"ids": ids})
    assert (await lifecycle.ask("DELETE", "/projects/team")).status == 204
    assert (await lifecycle.ask("DELETE", "/projects/team")).status == 404
