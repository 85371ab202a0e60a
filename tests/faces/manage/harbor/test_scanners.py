"""There are no scanners, and nothing says otherwise."""

import pytest

from tests.faces.manage.harbor.yard import Yard


async def test_lists_are_empty(yard: Yard) -> None:
    for path in ("/scanners", "/projects/team/scanner/candidates", "/security/vul"):
        answer = await yard.ask("GET", path)
        assert (answer.json, answer.header("X-Total-Count")) == ([], "0")
    assert await yard.get("/projects/team/scanner") == {}
    assert (await yard.get("/security/summary"))["total_vuls"] == 0
    assert (await yard.get("/scans/all/metrics"))["total"] == 0
    assert await yard.get("/system/scanAll/schedule") == {}


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("POST", "/scanners", 412),
        ("POST", "/scanners/ping", 412),
        ("GET", "/scanners/x", 404),
        ("PATCH", "/scanners/x", 404),
        ("DELETE", "/scanners/x", 404),
        ("PUT", "/projects/team/scanner", 412),
        ("PUT", "/projects/nosuch/scanner", 404),
        ("POST", "/system/scanAll/stop", 412),
    ],
)
async def test_none_can_be_used(yard: Yard, method: str, path: str, status: int) -> None:
    assert await yard.refused(method, path) == status
    assert await yard.refused(method, path, who="anonymous") == 401


async def test_never_is_a_schedule(yard: Yard) -> None:
    path = "/system/scanAll/schedule"
    never = {"schedule": {"type": "None", "cron": ""}}
    await yard.do("PUT", path, never)
    assert await yard.make(path, never) == path
    daily = {"schedule": {"type": "Daily", "cron": "0 0 0 * * *"}}
    for method in ("POST", "PUT"):
        assert await yard.refused(method, path, daily) == 412
        assert await yard.refused(method, path, never, who="maintainer") == 403
