"""Repositories that explain themselves, over HTTP."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest

from entrepot.faces.manage import repositories as module
from entrepot.oci.json import encode
from tests.faces.manage.curating import Club, open_club

MAINTAINER, DEVELOPER, GUEST = (
    f"{role} of the project" for role in ("maintainer", "developer", "guest")
)
PATH = "/repositories/team%2Fapp"
_KEY = "org.opencontainers.image."


@pytest.fixture
async def club() -> AsyncIterator[Club]:
    async with open_club() as made:
        yield made


async def test_a_repository_tells_of_itself(club: Club) -> None:
    await club.push("team/app", "v1", annotations={f"{_KEY}description": "An app"})
    found = await club.ask(GUEST, "GET", PATH)
    assert found.json == {
        "name": "team/app",
        "project": "team",
        "description": "An app",
        "source_url": "",
        "maintainers": [],
        "has_readme": False,
        "changed_at": None,
        "changed_by": "",
        "labels": {f"{_KEY}description": "An app"},
        "counts": {
            "artifacts": 1,
            "tags": 1,
            "pulls": 0,
            "pulled_at": None,
            "pushed_at": "2027-01-15T08:00:00Z",
        },
    }
    assert (await club.ask(GUEST, "PATCH", PATH, {"description": "x"})).status == 403
    body = {"description": "Ours", "readme": "# Hi <b>", "maintainers": ["Ann"]}
    changed = await club.ask(MAINTAINER, "PATCH", PATH, body)
    assert changed.json["description"] == "Ours"
    assert changed.json["has_readme"] is True
    assert changed.json["changed_by"] == "in-maintainer"
    assert (await club.ask("user", "GET", PATH)).status == 403
    assert (await club.ask("admin", "GET", "/repositories/none")).status == 404
    wrong = {"source_url": "javascript:x"}
    assert (await club.ask(MAINTAINER, "PATCH", PATH, wrong)).status == 400


async def test_a_readme_as_it_was_written_and_as_html(club: Club) -> None:
    await club.push("team/app", "v1")
    text = "# Hi <b>\n" + '"' * 60_000
    assert (await club.ask(MAINTAINER, "PATCH", PATH, {"readme": text})).status == 200
    raw = await club.ask(GUEST, "GET", f"{PATH}/readme")
    assert raw.body == text.encode()
    assert raw.header("Content-Type") == "text/markdown; charset=utf-8"
    html = await club.ask(GUEST, "GET", f"{PATH}/readme?as=html")
    assert html.body.startswith(b"<h1>Hi &lt;b&gt;</h1>")
    assert "sandbox" in (html.header("Content-Security-Policy") or "")
    assert html.header("X-Content-Type-Options") == "nosniff"
    assert (await club.ask(GUEST, "GET", f"{PATH}/readme?as=pdf")).status == 400


async def test_an_image_tells_how_it_was_made_and_is_used(club: Club) -> None:
    config = encode({"os": "linux", "architecture": "amd64", "history": [{"created_by": "USER x"}]})
    digest = await club.push("team/app", "v1", config)
    for reference in ("v1", quote(digest)):
        path = f"{PATH}/artifacts/{reference}"
        found = (await club.ask(GUEST, "GET", f"{path}/dockerfile")).json
        assert (found["digest"], found["platform"]) == (digest, "linux/amd64")
        assert found["dockerfile"].endswith("USER x\n")
        assert found["history"][0]["created_by"] == "USER x"
    lines = (await club.ask(GUEST, "GET", f"{PATH}/artifacts/v1/usage")).json["items"]
    assert lines[0] == {"client": "docker", "command": "docker pull registry.test:5000/team/app:v1"}
    assert (await club.ask(GUEST, "GET", f"{PATH}/artifacts/v2/usage")).status == 404


async def test_lists_show_what_one_may_see(club: Club, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("team/a", "team/b", "other/a", "app"):
        await club.push(name, "v1")
    await club.ask("", "PATCH", "/repositories/team%2Fa", {"description": "the first"})

    async def names(who: str, query: str = "") -> tuple[list[str], object]:
        answer = await club.ask(who, "GET", f"/repositories{query}")
        assert answer.status == 200, answer.body
        return [one["name"] for one in answer.json["items"]], answer.json["next"]

    assert await names("admin") == (["app", "other/a", "team/a", "team/b"], None)
    assert await names(GUEST) == (["team/a", "team/b"], None)
    assert await names("user") == ([], None)
    assert await names("admin", "?project=team") == (["team/a", "team/b"], None)
    assert await names("admin", "?project=library") == (["app"], None)
    assert await names("admin", "?limit=2") == (["app", "other/a"], "other/a")
    assert await names("admin", "?limit=2&after=other/a") == (["team/a", "team/b"], None)
    assert await names("admin", "?project=team&after=team/a") == (["team/b"], None)
    monkeypatch.setattr(module, "STEP", 1)
    monkeypatch.setattr(module, "STEPS_MAX", 2)
    assert await names(GUEST) == ([], "other/a")
    found = (await club.ask("admin", "GET", "/repositories?project=team")).json["items"]
    assert found[0] == {"name": "team/a", "project": "team", "description": "the first"}
