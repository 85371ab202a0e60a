"""Lists that the catalog cuts say what those cut in memory say."""

import pytest

from entrepot.faces.manage.harbor import projectlists, quotas, robots, users
from entrepot.ports.robots import Robot
from tests.faces.manage.harbor.yard import Yard

PATHS = [
    "/projects?",
    "/projects?q=name%3D~A%2Cpublic%3Dtrue",
    "/projects?q=name%3Dbeta",
    "/projects?owner=by-admin&public=false",
    "/projects?owner=admin",
    "/projects?sort=-name&page_size=2&page=2",
    "/projects?sort=-creation_time",
    "/projects?page=99",
    "/users?",
    "/users?username=BY-&sort=-username",
    "/users?email=example.com",
    "/users?q=username%3Dweb",
    "/users?page=2&page_size=5",
    "/users/search?username=in-",
    "/robots?",
    "/robots?sort=-name&page_size=2",
    "/robots?q=name%3Dr1",
    "/robots?q=name%3D~R",
    "/robots?q=name%3D~ob",
    "/quotas?",
    "/quotas?sort=name&page_size=2&page=2",
]
WHO = ("admin", "developer", "user", "developer of the project", "robot", "anonymous")


async def test_both_ways_are_alike(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, name in enumerate(("beta", "alpha", "gamma", "apex")):
        yard.clock.seconds += 1
        await yard.make("/projects", {"project_name": name, "public": number % 2 == 0})
    async with yard.catalog.begin(write=True) as tx:
        for name in ("r1", "r2", "probe"):
            row = Robot(0, f"robot${name}", "", "", (), True, None, 1.0, "by-admin", 1.0)
            assert await tx.robots.add(row)
    quick = {(who, path): await _asked(yard, who, path) for who in WHO for path in PATHS}
    for module in (projectlists, quotas, robots, users):
        monkeypatch.setattr(type(module.TABLE), "by", lambda *_: None)
    for (who, path), found in quick.items():
        assert await _asked(yard, who, path) == found, (who, path)
    assert {status for status, _, _, _ in quick.values()} == {200, 401, 403}


async def _asked(yard: Yard, who: str, path: str) -> tuple[int, str | None, str | None, object]:
    answer = await yard.ask("GET", path, who=who)
    total, link = answer.header("X-Total-Count"), answer.header("Link")
    return answer.status, total, link, answer.json
