"""Time travel over HTTP."""

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.manage.history import instant
from entrepot.oci.name import RepositoryName
from entrepot.rules.moments import parse_moment
from tests.faces.manage.lifecycle import Lifecycle
from tests.faces.manage.test_users import problem

NAME = RepositoryName("team/app")
PATH = "/repositories/team%2Fapp"


def at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


@given(st.floats(min_value=1e9, max_value=4e9, allow_nan=False))
def test_what_a_move_is_shown_with_is_never_before_it(seconds: float) -> None:
    assert parse_moment(instant(seconds), 0.0) >= seconds
    assert parse_moment(instant(seconds), 0.0) - seconds < 1e-5


async def test_moves_newest_first_by_pages(lifecycle: Lifecycle) -> None:
    one = await lifecycle.push("v", "one", NAME)
    two = await lifecycle.push("v", "two", NAME)
    three = await lifecycle.push("w", "three", NAME)
    first = await lifecycle.get(f"{PATH}/history?limit=2")
    assert [(m["tag"], m["before"], m["after"]) for m in first["items"]] == [
        ("w", None, three),
        ("v", one, two),
    ]
    assert first["items"][0]["actor"] == "alice"
    assert first["items"][0]["at"] == "2027-01-15T08:00:20Z"
    second = await lifecycle.get(f"{PATH}/history?limit=2&before={first['next']}")
    assert [(m["tag"], m["after"]) for m in second["items"]] == [("v", one)]
    assert second["next"] is None
    only = await lifecycle.get(f"{PATH}/history?tag=w")
    assert [m["after"] for m in only["items"]] == [three]


async def test_tags_at_a_moment(lifecycle: Lifecycle) -> None:
    begin = lifecycle.house.clock.seconds
    one = await lifecycle.push("v", "one", NAME)
    two = await lifecycle.push("v", "two", NAME)
    await lifecycle.push("w", "three", NAME)
    then = at(begin + 5)
    found = await lifecycle.get(f"{PATH}/tags?at={quote(then)}")
    assert [(t["tag"], t["digest"], t["standing"]) for t in found["items"]] == [("v", one, "here")]
    assert (await lifecycle.get(f"{PATH}/tags/v?at={quote(then)}"))["digest"] == one
    assert (await lifecycle.get(f"{PATH}/tags/v"))["digest"] == two
    assert (await lifecycle.get(f"{PATH}/tags/v?at=25s+ago"))["digest"] == one
    changes = await lifecycle.get(f"{PATH}/diff?from={quote(then)}")
    assert [(c["tag"], c["change"]) for c in changes["items"]] == [("v", "moved"), ("w", "added")]
    early = await lifecycle.ask("GET", f"{PATH}/tags/w?at={quote(then)}")
    assert problem(early) == (404, "MANIFEST_UNKNOWN")


@pytest.mark.parametrize(
    "path,status",
    [
        ("/repositories/team%2Fnone/history", 404),
        ("/repositories/team/app/history", 404),
        ("/repositories/Team%2Fapp/history", 400),
        (f"{PATH}/history?before=x", 400),
        (f"{PATH}/history?limit=0", 400),
        (f"{PATH}/history?tag=-", 400),
        (f"{PATH}/tags?at=yesterday", 400),
        (f"{PATH}/tags/%ff", 400),
        (f"{PATH}/diff", 400),
        (f"{PATH}/diff?from=never", 400),
        ("/rollback", 400),
        ("/rollback?at=now", 400),
        ("/rollback?at=now&project=team&repository=team/app", 400),
        ("/rollback?at=now&project=team&tag=v", 400),
        ("/rollback?at=2999-01-01&project=team", 400),
        ("/rollback?at=now&project=none", 404),
        ("/rollback?at=now&repository=team/app&tag=never", 404),
    ],
)
async def test_bad_questions_are_told_why(lifecycle: Lifecycle, path: str, status: int) -> None:
    await lifecycle.push("v", "one", NAME)
    assert problem(await lifecycle.ask("GET", path))[0] == status


async def test_a_tag_goes_back_at_once(lifecycle: Lifecycle) -> None:
    one = await lifecycle.push("v", "one", NAME)
    then = at(lifecycle.house.clock.seconds - 5)
    two = await lifecycle.push("v", "two", NAME)
    body = {"repository": "team/app", "tag": "v", "at": then}
    plan = await lifecycle.ask("POST", "/rollback", {**body, "dry_run": True})
    step = {
        "repository": "team/app",
        "tag": "v",
        "action": "move",
        "before": two,
        "after": one,
        "refusal": "",
    }
    assert plan.json["items"] == [step]
    assert (await lifecycle.get(f"{PATH}/tags/v"))["digest"] == two
    done = await lifecycle.ask("POST", "/rollback", body)
    assert (done.status, done.json["items"]) == (200, [step])
    assert (await lifecycle.get(f"{PATH}/tags/v"))["digest"] == one
    again = await lifecycle.ask("POST", "/rollback", body)
    assert (again.status, again.json["items"]) == (200, [])


async def test_a_plan_that_was_shown_leaves_alone_what_moved_since(lifecycle: Lifecycle) -> None:
    then = at(lifecycle.house.clock.seconds + 5)
    await lifecycle.push("v", "one", NAME)
    await lifecycle.push("v", "two", NAME)
    await lifecycle.push("w", "two", NAME)
    query = f"/rollback?repository=team/app&at={quote(then)}"
    plan = await lifecycle.get(query)
    assert [(s["tag"], s["action"]) for s in plan["items"]] == [("v", "move"), ("w", "remove")]
    three = await lifecycle.push("v", "three", NAME)
    shown = await lifecycle.get(f"{query}&through={plan['through']}")
    assert ["asked for" in s["refusal"] for s in shown["items"]] == [True, False]
    body = {"repository": "team/app", "at": plan["at"], "through": plan["through"]}
    job = await lifecycle.start("POST", "/rollback", body)
    assert (job["state"], job["progress"]["removed"], job["progress"]["refused"]) == ("done", 1, 1)
    found = await lifecycle.get(f"{PATH}/tags")
    assert [(t["tag"], t["digest"]) for t in found["items"]] == [("v", three)]


async def test_a_project_goes_back_with_manifests_from_the_trash(lifecycle: Lifecycle) -> None:
    one = await lifecycle.push("v", "one", NAME)
    then = at(lifecycle.house.clock.seconds)
    lifecycle.house.clock.seconds += 10
    await lifecycle.start("DELETE", PATH)
    assert (await lifecycle.get(f"{PATH}/tags"))["items"] == []
    plan = await lifecycle.get(f"/rollback?project=team&at={quote(then)}")
    assert [(s["action"], s["after"]) for s in plan["items"]] == [("restore", one)]
    job = await lifecycle.start("POST", "/rollback", {"project": "team", "at": then})
    assert job["progress"]["restored"] == 1
    assert (await lifecycle.get(f"{PATH}/tags/v"))["digest"] == one
