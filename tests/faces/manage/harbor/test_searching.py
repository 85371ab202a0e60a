"""What is found by a word, and how much there is."""

from entrepot.oci.name import RepositoryName
from tests.faces.manage.harbor.yard import Yard


async def test_projects_and_repositories_are_found(yard: Yard) -> None:
    await yard.push("1")
    await yard.push("1", name=RepositoryName("other/webapp"))
    await yard.do("PUT", "/projects/other", {"metadata": {"public": "true"}})
    found = await yard.get("/search?q=app")
    assert found["project"] == []
    assert [one["repository_name"] for one in found["repository"]] == ["other/webapp", "team/app"]
    assert found["repository"][0] == {
        "artifact_count": 1,
        "project_id": await yard.project_id("other"),
        "project_name": "other",
        "project_public": True,
        "pull_count": 0,
        "repository_name": "other/webapp",
    }
    found = await yard.get("/search?q=team", who="guest of the project")
    assert [one["name"] for one in found["project"]] == ["team"]
    found = await yard.get("/search?q=", who="anonymous")
    assert [one["name"] for one in found["project"]] == ["other"]
    assert [one["repository_name"] for one in found["repository"]] == ["other/webapp"]


async def test_how_much_there_is(yard: Yard) -> None:
    await yard.push("1")
    await yard.push("1", name=RepositoryName("other/app"))
    await yard.do("PUT", "/projects/other", {"metadata": {"public": "true"}})
    found = await yard.get("/statistics")
    assert found.pop("total_storage_consumption") > 0
    assert found == {
        "private_project_count": 1,
        "private_repo_count": 1,
        "public_project_count": 1,
        "public_repo_count": 1,
        "total_project_count": 2,
        "total_repo_count": 2,
    }
    found = await yard.get("/statistics", who="user")
    assert (found["private_project_count"], found["public_repo_count"]) == (0, 1)
    assert (found["total_project_count"], found["total_storage_consumption"]) == (0, 0)
    assert await yard.refused("GET", "/statistics", who="anonymous") == 401
