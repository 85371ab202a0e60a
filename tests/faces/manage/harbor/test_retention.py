"""Retention policies in Harbor's words."""

from typing import Any

import pytest

from tests.faces.manage.harbor.yard import ALICE, APP, Yard

TAGS = {
    "kind": "doublestar",
    "decoration": "matches",
    "pattern": "v*",
    "extras": '{"untagged":false}',
}
REPOSITORIES = {"kind": "doublestar", "decoration": "repoMatches", "pattern": "**"}


def rule(template: str = "latestPushedK", count: int = 3, **more: Any) -> dict[str, Any]:
    return {
        "disabled": False,
        "action": "retain",
        "template": template,
        "params": {template: count},
        "tag_selectors": [TAGS],
        "scope_selectors": {"repository": [REPOSITORIES]},
        **more,
    }


async def policy(yard: Yard, *rules: dict[str, Any], cron: str = "0 0 0 * * *") -> dict[str, Any]:
    return {
        "algorithm": "or",
        "rules": [*rules],
        "trigger": {"kind": "Schedule", "settings": {"cron": cron}},
        "scope": {"level": "project", "ref": await yard.project_id()},
    }


async def test_a_policy_comes_back_as_it_was_put(yard: Yard) -> None:
    put = await policy(yard, rule(), rule("nDaysSinceLastPull", 9, disabled=True))
    place = await yard.make("/retentions", put)
    got = await yard.get(place)
    assert got.pop("id") == int(place.rpartition("/")[2])
    # Rules are numbered by their places, and Go leaves a zero out.
    assert "id" not in got["rules"][0]
    assert got["rules"][1].pop("id") == 1
    assert got == put


async def test_what_was_put_in_our_words(yard: Yard) -> None:
    policies = yard.doors.house.policies
    document = {"text": 'keep n: 5 where tag ~ "v*"', "schedule": "0 3 * * *"}
    await policies.put("team", "retention", document, ALICE)
    number = await yard.doors.house.management.numbers.one("retention", "team")
    got = await yard.get(f"/retentions/{number}")
    assert got["trigger"]["settings"]["cron"] == "0 3 * * *"
    assert got["rules"][0]["params"] == {"latestPushedK": 5}
    document = {"text": "delete where never pulled"}
    await policies.put("team", "retention", document, ALICE)
    answer = await yard.ask("GET", f"/retentions/{number}")
    assert (answer.status, answer.code) == (412, "PRECONDITION")
    assert "/api/entrepot/v1/projects/team/policies/retention" in answer.message


async def test_a_policy_is_changed_and_removed(yard: Yard) -> None:
    place = await yard.make("/retentions", await policy(yard, rule()))
    await yard.do("PUT", place, await policy(yard, cron=""))
    got = await yard.get(place)
    assert (got.get("rules", []), got["trigger"]["settings"]) == ([], {"cron": ""})
    await yard.do("DELETE", place)
    assert await yard.refused("GET", place) == 404
    assert await yard.refused("DELETE", place) == 404


async def test_one_policy_of_a_project(yard: Yard) -> None:
    await yard.make("/retentions", await policy(yard, rule()))
    answer = await yard.ask("POST", "/retentions", await policy(yard, rule()))
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert answer.message.startswith("project team already has retention policy 1")


@pytest.mark.parametrize(
    "change, status",
    [
        ({"scope": {"level": "project", "ref": 999}}, 400),
        ({"scope": {"level": "system", "ref": 1}}, 400),
        ({"scope": None}, 400),
        ({"rules": [rule("latestPushedK", at) for at in range(16)]}, 400),
        ({"rules": [rule("sometimes")]}, 400),
        ({"rules": [rule(), rule()]}, 409),
        ({"trigger": {"kind": "Schedule", "settings": {"cron": "now and then"}}}, 400),
        ({"rules": "all"}, 422),
    ],
)
async def test_what_no_policy_can_be(yard: Yard, change: dict[str, Any], status: int) -> None:
    body = await policy(yard, rule())
    assert await yard.refused("POST", "/retentions", {**body, **change}) == status


async def test_whose_policy_it_is(yard: Yard) -> None:
    body, guest = await policy(yard, rule()), "guest of the project"
    assert await yard.refused("POST", "/retentions", body, who=guest) == 403
    assert await yard.refused("POST", "/retentions", body, who="anonymous") == 401
    place = await yard.make("/retentions", body, who="maintainer of the project")
    assert (await yard.get(place, who=guest))["rules"]
    assert await yard.refused("GET", place, who="user") == 403
    assert await yard.refused("PUT", place, body, who=guest) == 403
    other = {**body, "scope": {"level": "project", "ref": await yard.project_id("other")}}
    assert await yard.refused("PUT", place, other) == 404
    assert len((await yard.get("/retentions/metadatas", who=guest))["templates"]) == 5


async def test_a_run_and_what_it_came_to(yard: Yard) -> None:
    for at in range(4):
        await yard.push(f"v{at}", f"{at}")
    place = await yard.make("/retentions", await policy(yard, rule(count=1)))
    runs = f"{place}/executions"
    dry = await yard.make(runs, {"dry_run": True})
    await yard.work()
    task = (await yard.get(f"{dry}/tasks"))[0]
    assert (task["repository"], task["total"], task["retained"]) == ("app", 4, 1)
    log = await yard.ask("GET", f"{dry}/tasks/{task['id']}")
    assert log.header("Content-Type") == "text/plain; charset=utf-8"
    assert log.body.count(b"would delete sha256:") == 3
    wet = await yard.make(runs, {"dry_run": False})
    await yard.work()
    found = await yard.get(runs)
    assert [f"{runs}/{one['id']}" for one in found] == [wet, dry]
    assert [one.get("dry_run") for one in found] == [None, True]
    shown = ("status", "trigger", "policy_id")
    assert {key: found[0][key] for key in shown} == {
        "status": "Success",
        "trigger": "MANUAL",
        "policy_id": 1,
    }
    async with yard.catalog.begin() as tx:
        repository = await tx.repositories.find(APP)
        assert repository is not None
        assert await tx.tags.page(repository.id, "", 9) == ["v3"]


async def test_a_run_is_stopped(yard: Yard) -> None:
    place = await yard.make("/retentions", await policy(yard, rule()))
    run = await yard.make(f"{place}/executions", {})
    assert await yard.refused("POST", f"{place}/executions", {}) == 409
    assert await yard.refused("PATCH", run, {"action": "go"}) == 400
    await yard.do("PATCH", run, {"action": "stop"})
    assert (await yard.get(f"{place}/executions"))[0]["status"] == "Stopped"
    await yard.do("PATCH", run, {"action": "stop"})
    assert await yard.get(f"{run}/tasks") == []
    assert await yard.refused("GET", f"{run}/tasks/1") == 404


async def test_runs_that_there_are_not(yard: Yard) -> None:
    place = await yard.make("/retentions", await policy(yard, rule()))
    assert await yard.refused("POST", "/retentions/99/executions", {}) == 404
    gc = await yard.make("/system/gc/schedule", {"schedule": {"type": "Manual"}})
    number = gc.rpartition("/")[2]
    assert await yard.refused("GET", f"{place}/executions/{number}/tasks") == 404
    assert await yard.refused("GET", f"{place}/executions/99/tasks") == 404


async def test_a_project_that_was_removed_gets_no_policy(yard: Yard) -> None:
    body = await policy(yard, rule())
    await yard.do("DELETE", "/projects/team")
    assert await yard.refused("POST", "/retentions", body) == 400
    path = "/projects/team/immutabletagrules"
    selectors = {"tag_selectors": [TAGS], "scope_selectors": {"repository": [REPOSITORIES]}}
    assert await yard.refused("POST", path, selectors) == 404
    assert await yard.refused("GET", path) == 404
