"""Policies and quotas over HTTP."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from entrepot.faces.asgi import App
from entrepot.faces.manage.api import ROOT, api_app
from entrepot.faces.manage.policies import policy_routes, quota_routes
from entrepot.services.policies import PolicyService
from entrepot.services.quotas import QuotaService
from tests.faces.registry.client import Answer, call
from tests.services.house import HandClock
from tests.services.people import open_people


@dataclass
class Desk:
    """The application, as the operator sees it."""

    app: App

    async def ask(self, method: str, path: str, body: object = None) -> Answer:
        raw = json.dumps(body).encode() if body is not None else b""
        return await call(
            self.app, method, f"{ROOT}{path}", {"Content-Type": "application/json"}, raw
        )


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_people() as people:
        policies = PolicyService(people.catalog, HandClock())
        quotas = QuotaService(people.catalog, HandClock(), project_bytes=1000)
        routes = [*policy_routes(policies), *quota_routes(quotas)]
        yield Desk(api_app(routes, people.access, operator=True))


async def test_a_policy_is_put_shown_listed_and_removed(desk: Desk) -> None:
    path = "/projects/acme/policies/aliases"
    put = await desk.ask("PUT", path, {"document": {"minor": True}})
    assert put.status == 200
    assert put.json == {
        "project": "acme",
        "kind": "aliases",
        "document": {"minor": True},
        "changed_at": "2027-01-15T08:00:00Z",
        "changed_by": "operator",
    }
    assert (await desk.ask("GET", path)).json == put.json
    listed = await desk.ask("GET", "/projects/acme/policies")
    assert listed.json == {"items": [put.json], "next": None}
    assert (await desk.ask("DELETE", path)).status == 204
    assert (await desk.ask("GET", path)).status == 404


@pytest.mark.parametrize(
    "path, body, status",
    [
        ("/projects/acme/policies/aliases", {"document": {"patch": True}}, 400),
        ("/projects/acme/policies/aliases", {"minor": True}, 400),
        ("/projects/acme/policies/charm", {"document": {}}, 404),
        ("/projects/Ac%20me/policies/aliases", {"document": {}}, 400),
        ("/quotas/project/acme", {"limit_bytes": "ten"}, 400),
        ("/quotas/project/acme", {"limit_bytes": -2}, 400),
        ("/quotas/project/acme", {"limit": 1}, 400),
        ("/quotas/team/acme", {"limit_bytes": 1}, 404),
    ],
)
async def test_what_cannot_be_kept_is_refused(
    desk: Desk, path: str, body: object, status: int
) -> None:
    answer = await desk.ask("PUT", path, body)
    assert answer.status == status
    assert answer.json["detail"]


async def test_a_quota_is_set_shown_and_listed(desk: Desk) -> None:
    before = await desk.ask("GET", "/quotas/project/acme")
    assert (before.json["limit_bytes"], before.json["used_bytes"]) == (1000, 0)
    given = {"limit_bytes": "10KiB", "limit_manifests": 5}
    put = await desk.ask("PUT", "/quotas/project/acme", given)
    assert put.json == {
        "kind": "project",
        "name": "acme",
        "used_bytes": 0,
        "manifests": 0,
        "limit_bytes": 10240,
        "limit_manifests": 5,
    }
    assert (await desk.ask("GET", "/quotas/project/acme")).json == put.json
    await desk.ask("PUT", "/quotas/project/other", {"limit_bytes": -1})
    first = await desk.ask("GET", "/quotas?kind=project&limit=1")
    assert first.json == {"items": [put.json], "next": "acme"}
    second = await desk.ask("GET", "/quotas?kind=project&limit=1&after=acme")
    assert [one["limit_bytes"] for one in second.json["items"]] == [None]
    assert (await desk.ask("GET", "/quotas?kind=user")).json == {"items": [], "next": None}
