"""Settings of the registry over HTTP."""

from collections.abc import AsyncIterator

import pytest

from entrepot.faces.manage.api import ROOT
from entrepot.wiring import api_routes
from tests.faces.manage.curating import Club, open_club
from tests.faces.registry.client import call


@pytest.fixture
async def club() -> AsyncIterator[Club]:
    async with open_club() as made:
        yield made


async def test_settings_are_listed_set_and_reset(club: Club) -> None:
    found = (await club.ask("admin", "GET", "/settings")).json["items"]
    assert [one["name"] for one in found] == [
        "audit_keep_days",
        "banner",
        "project_bytes",
        "project_creation",
    ]
    put = await club.ask("admin", "PUT", "/settings/banner", {"value": "Back at noon"})
    assert put.json == {
        "name": "banner",
        "about": "what everyone is told on the pages; empty for nothing",
        "value": "Back at noon",
        "fixed_by": "",
        "changed_at": "2027-01-15T08:00:00Z",
        "changed_by": "by-admin",
    }
    # Who is not logged in is told, too.
    assert (await call(club.app, "GET", f"{ROOT}/banner")).json == {"banner": "Back at noon"}
    assert (await club.ask("admin", "GET", "/settings/banner")).json == put.json
    assert (await club.ask("admin", "DELETE", "/settings/banner")).status == 204
    assert (await club.ask("anonymous", "GET", "/banner")).json == {"banner": ""}
    assert (await club.ask("admin", "PUT", "/settings/banner", {"value": 1})).status == 400
    assert (await club.ask("admin", "GET", "/settings/none")).status == 404
    for method in ("GET", "PUT", "DELETE"):
        assert (
            await club.ask("maintainer", method, "/settings/banner", {"value": ""})
        ).status == 403


async def test_only_administrators_make_projects(club: Club) -> None:
    await club.ask("admin", "PUT", "/settings/project_creation", {"value": "admins"})
    assert (await club.ask("user", "POST", "/projects", {"name": "mine"})).status == 403
    assert (await club.ask("admin", "POST", "/projects", {"name": "theirs"})).status == 201
    await club.ask("admin", "DELETE", "/settings/project_creation")
    assert (await club.ask("user", "POST", "/projects", {"name": "mine"})).status == 201


async def test_every_route_is_described(club: Club) -> None:
    routes = api_routes(club.doors.house, operator=True)
    ours = ("/labels", "/remotes", "/replication", "/settings", "/repositories", "/banner")
    assert [one.path for one in routes if one.path.startswith(ours) and one.told is None] == []
