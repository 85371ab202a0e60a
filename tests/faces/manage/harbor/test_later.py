"""What this version has not, said truthfully."""

import pytest

from tests.faces.manage.harbor.pictures import push_image
from tests.faces.manage.harbor.yard import Yard

ONE = "/projects/team/repositories/app/artifacts/v1"
POLICIES = "/projects/team/preheat/policies"


async def test_nothing_scans(yard: Yard) -> None:
    await push_image(yard, "v1")
    answer = await yard.ask("POST", f"{ONE}/scan", {"scan_type": "vulnerability"})
    assert (answer.status, answer.code) == (412, "PRECONDITION")
    assert answer.message == f"no available scanner for project: {await yard.project_id()}"
    assert await yard.refused("POST", f"{ONE}/scan/stop") == 412
    assert await yard.refused("GET", f"{ONE}/scan/1/log") == 404
    assert await yard.refused("POST", "/projects/team/repositories/app/artifacts/x/scan") == 404


@pytest.mark.parametrize(
    "path, found",
    [
        ("/export/cve/executions", {"items": []}),
        ("/p2p/preheat/providers", []),
        ("/p2p/preheat/instances", []),
        (POLICIES, []),
        ("/projects/team/preheat/providers", []),
    ],
)
async def test_there_is_nothing(yard: Yard, path: str, found: object) -> None:
    assert await yard.get(path) == found


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("POST", "/export/cve", 412),
        ("GET", "/export/cve/execution/1", 404),
        ("GET", "/export/cve/download/1", 404),
        ("GET", "/icons/sha256:1", 404),
        ("POST", "/p2p/preheat/instances", 412),
        ("POST", "/p2p/preheat/instances/ping", 412),
        ("GET", "/p2p/preheat/instances/x", 404),
        ("PUT", "/p2p/preheat/instances/x", 404),
        ("DELETE", "/p2p/preheat/instances/x", 404),
        ("POST", POLICIES, 412),
        ("GET", f"{POLICIES}/x", 404),
        ("POST", f"{POLICIES}/x", 404),
        ("PUT", f"{POLICIES}/x", 404),
        ("DELETE", f"{POLICIES}/x", 404),
        ("GET", f"{POLICIES}/x/executions", 404),
        ("GET", f"{POLICIES}/x/executions/1", 404),
        ("PATCH", f"{POLICIES}/x/executions/1", 404),
        ("GET", f"{POLICIES}/x/executions/1/tasks", 404),
        ("GET", f"{POLICIES}/x/executions/1/tasks/1/logs", 404),
    ],
)
async def test_it_is_said_that_there_is_nothing(
    yard: Yard, method: str, path: str, status: int
) -> None:
    body: object = {} if method in ("POST", "PUT", "PATCH") else None
    assert await yard.refused(method, path, body) == status
    assert await yard.refused(method, path, body, who="anonymous") == 401
