"""Robot accounts in Harbor's words."""

from typing import Any

import pytest

from entrepot.rules.subjects import SubjectKind
from tests.faces.manage.harbor.yard import Yard
from tests.faces.registry.registry import basic

DAY = 86400
NOW = 1_800_000_000
PULL = {"resource": "repository", "action": "pull"}
PUSH = {"resource": "repository", "action": "push"}
SCAN = {"resource": "scan", "action": "create"}
OF_TEAM = {"kind": "project", "namespace": "team", "access": [PULL, PUSH, SCAN]}


def robot(**more: Any) -> dict[str, Any]:
    usual = {"name": "deploy", "level": "project", "duration": 30, "permissions": [OF_TEAM]}
    return {**usual, **more}


def on_system(*accesses: dict[str, str], namespace: str = "/") -> dict[str, Any]:
    return {"kind": "system", "namespace": namespace, "access": [*accesses]}


async def make(yard: Yard, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = await yard.ask("POST", "/robots", body, **more)
    assert answer.status == 201, answer.body
    made: dict[str, Any] = answer.json
    assert answer.header("Location") == f"/api/v2.0/robots/{made['id']}"
    return made


def place(made: dict[str, Any]) -> str:
    return f"/robots/{made['id']}"


async def test_one_of_a_project(yard: Yard) -> None:
    made = await make(yard, robot(description="for the pipeline"))
    assert set(made) == {"creation_time", "expires_at", "id", "name", "secret"}
    assert made["name"] == "robot$team+deploy"
    assert made["expires_at"] == NOW + 30 * DAY
    shown = await yard.get(place(made))
    assert shown == {
        "creation_time": "2027-01-15T08:00:00.000Z",
        "creator_ref": await yard.doors.house.management.numbers.one("user", "by-admin"),
        "creator_type": "local",
        "description": "for the pipeline",
        "disable": False,
        "duration": 30,
        "editable": True,
        "expires_at": NOW + 30 * DAY,
        "id": made["id"],
        "level": "project",
        "name": "robot$team+deploy",
        "permissions": [OF_TEAM],
        "update_time": "2027-01-15T08:00:00.000Z",
    }
    number = await yard.project_id()
    listed = await yard.get(f"/robots?q=Level%3Dproject%2CProjectID%3D{number}")
    assert [one["name"] for one in listed] == ["robot$team+ci", "robot$team+deploy"]
    assert listed[1] == shown
    login = {"Authorization": basic(made["name"], made["secret"])}
    assert (await yard.get(place(made), headers=login))["id"] == made["id"]
    assert await yard.refused("DELETE", place(made), headers=login) == 403
    await yard.do("DELETE", place(made))
    assert await yard.refused("GET", place(made)) == 404
    assert await yard.refused("GET", place(made), headers=login) == 401


async def test_one_of_the_system(yard: Yard) -> None:
    every = {"kind": "project", "namespace": "*", "access": [PULL]}
    makes = on_system({"resource": "project", "action": "create"})
    made = await make(yard, robot(level="system", duration=-1, permissions=[every, makes]))
    assert (made["name"], made["expires_at"]) == ("robot$deploy", -1)
    shown = await yard.get(place(made))
    assert shown["permissions"] == [every, makes]
    assert (shown["duration"], shown["level"]) == (-1, "system")
    assert [one["id"] for one in await yard.get("/robots")] == [made["id"]]
    assert await yard.get("/robots?q=Level%3Dsystem") == await yard.get("/robots")
    login = {"Authorization": basic(made["name"], made["secret"])}
    await yard.make("/projects", {"project_name": "made"}, headers=login)


async def test_one_is_changed(yard: Yard) -> None:
    made = await make(yard, robot())
    reads = {**OF_TEAM, "access": [{"resource": "tag", "action": "list"}]}
    yard.clock.seconds += 5
    body = robot(name=made["name"], duration=60, disable=True, permissions=[reads])
    await yard.do("PUT", place(made), body)
    shown = await yard.get(place(made))
    assert (shown["disable"], shown["permissions"]) == (True, [reads])
    assert (shown["duration"], shown["expires_at"]) == (60, NOW + 60 * DAY)
    assert shown["update_time"] > shown["creation_time"]
    await yard.do("PUT", place(made), robot(duration=-1))
    shown = await yard.get(place(made))
    assert (shown["duration"], shown["expires_at"], shown["disable"]) == (-1, -1, False)
    await yard.do("PUT", place(made), robot(duration=None))
    assert (await yard.get(place(made)))["duration"] == -1


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"level": "system"},
        {"permissions": [{**OF_TEAM, "namespace": "other"}]},
        {"permissions": []},
        {"duration": 0},
    ],
)
async def test_what_is_not_changed(yard: Yard, change: dict[str, Any]) -> None:
    made = await make(yard, robot())
    assert await yard.refused("PUT", place(made), robot(**change)) == 400
    assert (await yard.get(place(made)))["permissions"] == [OF_TEAM]


async def test_a_secret_that_somebody_chose(yard: Yard) -> None:
    made = await make(yard, robot())
    answer = await yard.ask("PATCH", place(made), {"secret": "Made4Tests-only"})
    # It is not told again.
    assert (answer.status, answer.json) == (200, {})
    login = {"Authorization": basic(made["name"], "Made4Tests-only")}
    assert (await yard.get(place(made), headers=login))["id"] == made["id"]
    old = {"Authorization": basic(made["name"], made["secret"])}
    assert await yard.refused("GET", place(made), headers=old) == 401
    assert await yard.refused("PATCH", place(made), {"secret": "weak"}) == 400


async def test_lists_by_name_without_the_prefix(yard: Yard) -> None:
    await make(yard, robot(name="all", level="system", permissions=[OF_TEAM]))
    assert [one["name"] for one in await yard.get("/robots?q=name%3Dall")] == ["robot$all"]
    number = await yard.project_id()
    query = f"Level%3Dproject%2CProjectID%3D{number}%2Cname%3Dteam%2Bci"
    assert [one["name"] for one in await yard.get(f"/robots?q={query}")] == ["robot$team+ci"]


async def test_a_new_secret(yard: Yard) -> None:
    made = await make(yard, robot())
    old = {"Authorization": basic(made["name"], made["secret"])}
    found = (await yard.ask("PATCH", place(made), {"secret": ""})).json
    new = {"Authorization": basic(made["name"], found["secret"])}
    assert await yard.refused("GET", place(made), headers=old) == 401
    assert (await yard.get(place(made), headers=new))["id"] == made["id"]
    again = (await yard.ask("PATCH", place(made), {}, headers=new)).json
    assert again["secret"] not in ("", found["secret"])


async def test_a_secret_that_somebody_thought_out(yard: Yard) -> None:
    made = await make(yard, robot(secret="Ignored5here"))
    assert made["secret"] != "Ignored5here"
    chosen = "Purple4lanterns"
    answer = await yard.ask("PATCH", place(made), {"secret": chosen})
    assert (answer.status, answer.json) == (200, {})
    login = {"Authorization": basic(made["name"], chosen)}
    assert (await yard.get(place(made), headers=login))["id"] == made["id"]
    old = {"Authorization": basic(made["name"], made["secret"])}
    assert await yard.refused("GET", place(made), headers=old) == 401
    assert await yard.refused("PATCH", place(made), {"secret": "weak"}) == 400


@pytest.mark.parametrize(
    "change, status",
    [
        ({"name": "Bad+Name"}, 400),
        ({"name": None}, 400),
        ({"level": "galaxy"}, 400),
        ({"duration": 0}, 400),
        ({"duration": -2}, 400),
        ({"duration": 10**9}, 400),
        ({"permissions": []}, 400),
        ({"permissions": [OF_TEAM, OF_TEAM]}, 400),
        ({"permissions": [{**OF_TEAM, "access": []}]}, 400),
        ({"permissions": [{**OF_TEAM, "kind": "galaxy"}]}, 400),
        ({"permissions": [{**OF_TEAM, "namespace": "nosuch"}]}, 404),
        ({"permissions": [{**OF_TEAM, "access": [{"resource": "x", "action": "pull"}]}]}, 400),
        ({"permissions": [{**OF_TEAM, "access": [{**PULL, "effect": "deny"}]}]}, 400),
        ({"permissions": [on_system(PULL)]}, 400),
        ({"name": "ci"}, 409),
        ({"permissions": "all"}, 422),
    ],
)
async def test_what_is_not_made(yard: Yard, change: dict[str, Any], status: int) -> None:
    assert await yard.refused("POST", "/robots", robot(**change)) == status


async def test_an_access_is_named_that_there_is_not(yard: Yard) -> None:
    given = {**OF_TEAM, "access": [{"resource": "helm-chart", "action": "read"}]}
    answer = await yard.ask("POST", "/robots", robot(permissions=[given]))
    assert "helm-chart:read" in answer.message


async def test_one_that_was_changed_in_our_words(yard: Yard) -> None:
    made = await make(yard, robot())
    await yard.doors.grant(SubjectKind.ROBOT, made["name"], "team/web/**", "guest")
    found = (await yard.get(place(made)))["permissions"]
    assert found == [
        {
            "access": [PULL, PUSH],
            "kind": "project",
            "namespace": "team",
        },
        {
            "access": [
                {"action": "list", "resource": "member"},
                {"action": "list", "resource": "tag-retention"},
                {"action": "read", "resource": "project"},
                {"action": "read", "resource": "quota"},
                {"action": "list", "resource": "repository"},
                PULL,
            ],
            "kind": "project",
            "namespace": "team/web/**",
        },
    ]


async def test_one_made_disabled(yard: Yard) -> None:
    made = await make(yard, robot(disable=True))
    assert (await yard.get(place(made)))["disable"] is True
    login = {"Authorization": basic(made["name"], made["secret"])}
    assert await yard.refused("GET", place(made), headers=login) == 401


@pytest.mark.parametrize(
    "query",
    [
        "Level%3Dgalaxy",
        "Level%3Dproject",
        "Level%3Dproject%2CProjectID%3Dx",
        "Level%3Dproject%2CProjectID%3D~1",
    ],
)
async def test_lists_that_are_refused(yard: Yard, query: str) -> None:
    assert await yard.refused("GET", f"/robots?q={query}") == 400


async def test_who_may_what(yard: Yard) -> None:
    made = await make(yard, robot(level="system"))
    number = await yard.project_id()
    of_team = f"/robots?q=Level%3Dproject%2CProjectID%3D{number}"
    keeper = "projectAdmin of the project"
    assert await yard.get(of_team, who="maintainer of the project")
    assert await yard.refused("GET", of_team, who="developer of the project") == 403
    assert await yard.refused("GET", "/robots", who=keeper) == 403
    assert await yard.refused("GET", place(made), who=keeper) == 403
    assert await yard.refused("GET", "/robots/9999", who=keeper) == 403
    assert await yard.refused("GET", "/robots", who="anonymous") == 401
    assert await yard.refused("POST", "/robots", robot(level="system"), who=keeper) == 403
    body = robot(name="second")
    assert await yard.refused("POST", "/robots", body, who="maintainer of the project") == 403
    own = await make(yard, body, who=keeper)
    await yard.do("DELETE", place(own), who=keeper)
    elsewhere = robot(permissions=[{**OF_TEAM, "namespace": "other"}])
    assert await yard.refused("POST", "/robots", elsewhere, who=keeper) == 403


async def test_what_there_is_to_give(yard: Yard) -> None:
    found = await yard.get("/permissions")
    assert {"resource": "repository", "action": "pull"} in found["project"]
    assert {"resource": "user", "action": "create"} in found["system"]
    assert "system" not in await yard.get("/permissions", who="user")
    whole = {"kind": "project", "namespace": "team", "access": found["project"]}
    made = await make(yard, robot(permissions=[whole]))
    assert (await yard.get(place(made)))["permissions"] == [whole]
    system = {"kind": "system", "namespace": "/", "access": found["system"]}
    made = await make(yard, robot(name="all", level="system", permissions=[system]))
    assert (await yard.get(place(made)))["permissions"] == [system]
