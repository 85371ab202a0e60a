"""The audit log in Harbor's words."""

from typing import Any
from urllib.parse import quote

import pytest

from entrepot.services.auditing import Act, record
from entrepot.services.context import Caller
from tests.faces.manage.harbor.yard import Yard

LINES = (
    ("alice", "manifest.published", "team", "team/app:1"),
    ("bob", "manifest.deleted", "team", "team/app:1"),
    ("alice", "manifest.published", "library", "app:1"),
    ("", "repository.pull", "other", "other/app"),
    ("alice", "robot.created", "other", "robot$other+ci"),
)


async def write(yard: Yard) -> None:
    for actor, operation, project, resource in LINES:
        async with yard.catalog.begin(write=True) as tx:
            act = Act(operation, resource, project, result="denied" if not actor else "done")
            await record(tx, Caller(actor), yard.clock.now(), act)
        yard.clock.seconds += 60


async def found(yard: Yard, query: str, **more: Any) -> list[tuple[str, str]]:
    answer = await yard.get(f"/auditlog-exts?{quote(query, safe='=&%~,')}", **more)
    return [(one["username"], one["resource"]) for one in answer]


async def test_a_line(yard: Yard) -> None:
    await write(yard)
    (line,) = await yard.get("/auditlog-exts?page_size=1")
    assert line == {
        "id": line["id"],
        "op_time": "2027-01-15T08:04:00.000Z",
        "operation": "create",
        "operation_description": "create robot: robot$other+ci",
        "operation_result": True,
        "resource": "robot$other+ci",
        "resource_type": "robot",
        "username": "alice",
    }
    (old,) = await yard.get("/audit-logs?page_size=1")
    left = {"operation_result", "operation_description"}
    assert old == {key: value for key, value in line.items() if key not in left}
    refused = (await yard.get("/auditlog-exts?page_size=2"))[1]
    assert (refused["username"], refused["operation_result"]) == ("anonymous", False)


@pytest.mark.parametrize(
    "query, lines",
    [
        ("q=username=bob", [("bob", "team/app:1")]),
        ("q=username=~bo", [("bob", "team/app:1")]),
        ("q=operation=delete", [("bob", "team/app:1")]),
        ("q=resource_type=robot", [("alice", "robot$other+ci")]),
        ("q=resource=~library", [("alice", "library/app:1")]),
        ("q=operation=pull,resource_type=artifact", [("anonymous", "other/app")]),
        ("q=op_time=[2027-01-15 08:01:00~2027-01-15 08:01:59]", [("bob", "team/app:1")]),
        ("q=username=alice&sort=op_time&page_size=1", [("alice", "team/app:1")]),
        ("q=username=alice&page_size=1&page=2", [("alice", "library/app:1")]),
        ("q=operation={pull delete}", [("anonymous", "other/app"), ("bob", "team/app:1")]),
    ],
)
async def test_lines_that_are_asked_for(
    yard: Yard, query: str, lines: list[tuple[str, str]]
) -> None:
    await write(yard)
    assert await found(yard, query) == lines


async def test_lines_of_a_project(yard: Yard) -> None:
    await write(yard)
    admin = "projectAdmin of the project"
    logs = await yard.ask("GET", "/projects/team/logs", who=admin)
    assert logs.header("X-Total-Count") == "2"
    assert [one["operation"] for one in logs.json] == ["delete", "create"]
    exts = await yard.get("/projects/team/auditlog-exts?q=operation%3Dcreate", who=admin)
    assert [one["operation_description"] for one in exts] == ["create artifact: team/app:1"]
    assert await yard.refused("GET", "/projects/team/logs", who="guest of the project") == 403
    assert await yard.refused("GET", "/projects/nosuch/logs") == 404
    number = await yard.project_id("other")
    by_number = await found(yard, f"q=project_id={number}")
    assert by_number == [("alice", "robot$other+ci"), ("anonymous", "other/app")]


async def test_each_reads_what_is_theirs(yard: Yard) -> None:
    await write(yard)
    admin = "projectAdmin of the project"
    mine = [("bob", "team/app:1"), ("alice", "team/app:1")]
    assert await found(yard, "", who=admin) == mine
    answer = await yard.ask("GET", "/auditlog-exts?page_size=1&page=2", who=admin)
    assert answer.header("X-Total-Count") == "2"
    assert await found(yard, "", who="user") == []
    assert await yard.refused("GET", "/audit-logs", who="anonymous") == 401


async def test_lists_that_are_refused(yard: Yard) -> None:
    assert await yard.refused("GET", "/auditlog-exts?q=username") == 400
    assert await yard.refused("GET", "/auditlog-exts?q=op_time%3D[now~]") == 400
    path = "/auditlog-exts?q=resource%3D~a&page=2000&page_size=100"
    assert await yard.refused("GET", path) == 400
    events = await yard.get("/auditlog-exts/events")
    assert {"event_type": "create_artifact"} in events
