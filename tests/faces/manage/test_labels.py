"""Labels over HTTP."""

from collections.abc import AsyncIterator

import pytest

from entrepot.faces.manage import labels as module
from entrepot.faces.manage.api import ROOT
from tests.faces.manage.curating import Club, open_club

MAINTAINER, DEVELOPER, GUEST = (
    f"{role} of the project" for role in ("maintainer", "developer", "guest")
)
TEAM = "/projects/team/labels"


@pytest.fixture
async def club() -> AsyncIterator[Club]:
    async with open_club() as made:
        yield made


async def test_a_label_of_a_project(club: Club) -> None:
    made = await club.ask(MAINTAINER, "POST", TEAM, {"name": "ready", "color": "#00FF00"})
    assert made.status == 201
    assert made.header("Location") == f"{ROOT}{TEAM}/{made.json['id']}"
    assert made.json == {
        "id": made.json["id"],
        "project": "team",
        "name": "ready",
        "description": "",
        "color": "#00FF00",
        "created_at": "2027-01-15T08:00:00Z",
        "changed_at": "2027-01-15T08:00:00Z",
    }
    path = f"{TEAM}/{made.json['id']}"
    assert (await club.ask(MAINTAINER, "POST", TEAM, {"name": "ready"})).status == 409
    assert (await club.ask(DEVELOPER, "POST", TEAM, {"name": "x"})).status == 403
    changed = await club.ask(MAINTAINER, "PATCH", path, {"description": "may go out"})
    assert changed.json == {**made.json, "description": "may go out"}
    assert (await club.ask(GUEST, "GET", path)).json == changed.json
    found = (await club.ask(GUEST, "GET", f"{TEAM}?name=EAD")).json
    assert found == {"items": [changed.json], "next": None}
    assert (await club.ask(GUEST, "GET", f"{TEAM}?name=none")).json["items"] == []
    assert (await club.ask("user", "GET", TEAM)).status == 403
    # Of another project, or of all, it is not there.
    for other in (f"/labels/{made.json['id']}", f"/projects/other/labels/{made.json['id']}"):
        for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
            assert (await club.ask("admin", method, other, body)).status == 404
    assert (await club.ask(MAINTAINER, "DELETE", path)).status == 204
    assert (await club.ask(MAINTAINER, "DELETE", path)).status == 404


async def test_a_label_of_the_whole_registry(club: Club) -> None:
    assert (await club.ask(MAINTAINER, "POST", "/labels", {"name": "x"})).status == 403
    made = await club.ask("admin", "POST", "/labels", {"name": "good", "description": "x"})
    assert made.header("Location") == f"{ROOT}/labels/{made.json['id']}"
    assert (await club.ask("user", "GET", "/labels")).json["items"] == [made.json]
    assert (await club.ask("user", "GET", f"/labels/{made.json['id']}")).json == made.json
    assert (await club.ask("anonymous", "GET", "/labels")).status == 401
    for body in ({"name": "x", "color": "red"}, {"name": ""}, {"name": "x", "more": 1}):
        assert (await club.ask("admin", "POST", "/labels", body)).status == 400
    assert (await club.ask("admin", "GET", "/labels/x")).status == 400


async def test_labels_on_artifacts(club: Club, monkeypatch: pytest.MonkeyPatch) -> None:
    digest, far = await club.push("team/app", "v1"), await club.push("other/app", "v1")
    number = (await club.ask("admin", "POST", "/labels", {"name": "good"})).json["id"]
    path = f"/repositories/team%2Fapp/artifacts/{digest}/labels"
    assert (await club.ask(GUEST, "PUT", f"{path}/{number}", {})).status == 403
    for _ in range(2):
        assert (await club.ask(DEVELOPER, "PUT", f"{path}/{number}", {})).status == 204
    away = f"/repositories/other%2Fapp/artifacts/{far}/labels/{number}"
    assert (await club.ask("admin", "PUT", away, {})).status == 204
    assert [one["name"] for one in (await club.ask(GUEST, "GET", path)).json["items"]] == ["good"]
    places = f"/labels/{number}/artifacts"
    # Everybody sees what they may pull.
    team = {"repository": "team/app", "digest": digest}
    assert (await club.ask(GUEST, "GET", places)).json == {"items": [team], "next": None}
    every = (await club.ask("admin", "GET", places)).json["items"]
    assert every == [{"repository": "other/app", "digest": far}, team]
    monkeypatch.setattr(module, "STEP", 1)
    first = (await club.ask("admin", "GET", f"{places}?limit=1")).json
    assert first["items"] == every[:1]
    second = (await club.ask("admin", "GET", f"{places}?limit=1&after={first['next']}")).json
    assert second["items"] == every[1:]
    monkeypatch.setattr(module, "STEPS_MAX", 1)
    short = (await club.ask(GUEST, "GET", places)).json
    assert (short["items"], short["next"]) == ([], f"other/app@{far}")
    assert (await club.ask(DEVELOPER, "DELETE", f"{path}/{number}")).status == 204
    assert (await club.ask(DEVELOPER, "DELETE", f"{path}/{number}")).status == 404
    none = path.replace(digest[-4:], "0000")
    assert (await club.ask(DEVELOPER, "PUT", f"{none}/{number}", {})).status == 404
    assert (await club.ask(DEVELOPER, "PUT", f"{path}/999", {})).status == 404
