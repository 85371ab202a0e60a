"""Metadata of projects, one by one."""

import pytest

from tests.faces.manage.harbor.yard import Yard

BASE = "/projects/team/metadatas"


async def test_metadata_is_kept_changed_and_removed(yard: Yard) -> None:
    assert await yard.get(BASE) == {"public": "false"}
    await yard.do("POST", f"{BASE}/", {"auto_scan": "1"})
    assert await yard.get(f"{BASE}/") == {"auto_scan": "true", "public": "false"}
    assert await yard.refused("POST", BASE, {"auto_scan": "true"}) == 409
    await yard.do("PUT", f"{BASE}/auto_scan", {"auto_scan": "false"})
    assert await yard.get(f"{BASE}/auto_scan") == {"auto_scan": "false"}
    await yard.do("DELETE", f"{BASE}/auto_scan")
    assert await yard.get(f"{BASE}/auto_scan") == {}
    await yard.do("DELETE", f"{BASE}/auto_scan")


async def test_public_is_the_projects(yard: Yard) -> None:
    await yard.do("PUT", f"{BASE}/public", {"public": "true"})
    assert await yard.get(f"{BASE}/public", who="anonymous") == {"public": "true"}
    await yard.do("DELETE", f"{BASE}/public")
    assert await yard.refused("GET", BASE, who="anonymous") == 401


async def test_the_retention_policy_has_its_number(yard: Yard) -> None:
    place = await yard.make(
        "/retentions",
        {
            "algorithm": "or",
            "rules": [],
            "scope": {"level": "project", "ref": await yard.project_id()},
            "trigger": {"kind": "Schedule", "settings": {"cron": ""}},
        },
    )
    number = place.rpartition("/")[2]
    assert (await yard.get(BASE))["retention_id"] == number
    await yard.do("PUT", "/projects/team", {"metadata": {"retention_id": number}})
    assert await yard.refused("PUT", "/projects/team", {"metadata": {"retention_id": "99"}}) == 400


async def test_what_was_said_of_a_project_of_before_is_forgotten(yard: Yard) -> None:
    await yard.make("/projects", {"project_name": "acme", "metadata": {"auto_scan": "true"}})
    await yard.do("DELETE", "/projects/acme")
    yard.clock.seconds += 1
    await yard.make("/projects", {"project_name": "acme"})
    assert await yard.get("/projects/acme/metadatas") == {"public": "false"}


@pytest.mark.parametrize(
    "body, status",
    [
        ({}, 422),
        ([], 422),
        ({"auto_scan": True}, 422),
        ({"auto_scan": "maybe"}, 400),
        ({"severity": "dreadful"}, 400),
        ({"nosuch": "1"}, 400),
        ({"auto_scan": "true", "prevent_vul": "true"}, 400),
    ],
)
async def test_what_is_refused(yard: Yard, body: object, status: int) -> None:
    assert await yard.refused("POST", BASE, body) == status
    assert await yard.get(BASE) == {"public": "false"}


async def test_who_may_what(yard: Yard) -> None:
    body = {"auto_scan": "true"}
    assert await yard.refused("POST", BASE, body, who="developer of the project") == 403
    # Options are policy, which maintainers change; whether it is public is not.
    await yard.do("POST", BASE, body, who="maintainer of the project")
    public = {"public": "true"}
    path = f"{BASE}/public"
    assert await yard.refused("PUT", path, public, who="maintainer of the project") == 403
    assert await yard.refused("DELETE", path, who="maintainer of the project") == 403
    assert await yard.refused("PUT", f"{BASE}/auto_scan", body, who="anonymous") == 401
    assert await yard.refused("GET", "/projects/other/metadatas", who="guest of the project") == 403
    assert await yard.refused("POST", "/projects/nosuch/metadatas", body) == 404
