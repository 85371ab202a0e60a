"""Paths and pages as Harbor's clients write them."""

import pytest

from tests.faces.manage.harbor.yard import Yard


async def test_a_slash_at_the_end_changes_nothing(yard: Yard) -> None:
    assert await yard.get("/quotas/?page=1&page_size=100") == await yard.get("/quotas")


async def test_a_page_of_nothing_is_as_large_as_can_be(yard: Yard) -> None:
    for number in range(12):
        body = {"name": f"label-{number:02}", "scope": "g"}
        await yard.make("/labels", body)
    found = await yard.ask("GET", "/labels?scope=g&page=0&page_size=0&q=&sort=")
    assert len(found.json) == 12
    assert found.header("Link") is None
    assert len(await yard.get("/labels?scope=g")) == 10


@pytest.mark.parametrize("query", ["page_size=101", "page_size=-1", "page_size=x", "page=-1"])
async def test_pages_that_are_none(yard: Yard, query: str) -> None:
    assert await yard.refused("GET", f"/labels?scope=g&{query}") == 422


async def test_a_project_by_number_or_name(yard: Yard) -> None:
    number = await yard.project_id()
    assert (await yard.get(f"/projects/{number}"))["name"] == "team"
    by_number = {"X-Is-Resource-Name": "false"}
    assert (await yard.get(f"/projects/{number}", headers=by_number))["name"] == "team"
    by_name = {"X-Is-Resource-Name": "true"}
    assert (await yard.get("/projects/team", headers=by_name))["project_id"] == number
    assert await yard.refused("GET", f"/projects/{number}", headers=by_name) == 404


@pytest.mark.parametrize("what", ["immutabletagrules", "webhook/policies", "members", "logs"])
@pytest.mark.parametrize("project", ["nowhere", "999"])
async def test_what_a_project_has_that_is_not_there(yard: Yard, project: str, what: str) -> None:
    assert await yard.refused("GET", f"/projects/{project}/{what}") == 404
    assert await yard.refused("GET", f"/projects/{project}/{what}", who="user") in (403, 404)


async def test_who_is_nobody_does_not_learn_what_numbers_there_are(yard: Yard) -> None:
    for number in (await yard.project_id(), 999):
        path = f"/projects/{number}/members"
        assert await yard.refused("GET", path, who="anonymous") == 401
