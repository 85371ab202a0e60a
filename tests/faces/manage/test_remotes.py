"""Other registries and replication policies over HTTP."""

from collections.abc import AsyncIterator

import pytest

from entrepot.faces.manage.api import ROOT
from tests.faces.manage.curating import Club, open_club

HUB = {"name": "hub", "url": "https://hub.example/", "account": "ann", "secret": "correct horse"}


@pytest.fixture
async def club() -> AsyncIterator[Club]:
    async with open_club() as made:
        yield made


async def test_a_registry_from_beginning_to_end(club: Club) -> None:
    made = await club.ask("admin", "POST", "/remotes", HUB)
    path = f"/remotes/{made.json['id']}"
    assert made.status == 201
    assert made.header("Location") == f"{ROOT}{path}"
    assert made.json == {
        "id": made.json["id"],
        "name": "hub",
        "url": "https://hub.example",
        "kind": "oci",
        "description": "",
        "account": "ann",
        "insecure": False,
        "created_at": "2027-01-15T08:00:00Z",
        "changed_at": "2027-01-15T08:00:00Z",
    }
    assert (await club.ask("admin", "GET", path)).json == made.json
    assert (await club.ask("admin", "GET", "/remotes")).json == {"items": [made.json], "next": None}
    second = (await club.ask("admin", "POST", "/remotes", {**HUB, "name": "b"})).json
    page = (await club.ask("admin", "GET", "/remotes?limit=1")).json
    assert page == {"items": [made.json], "next": made.json["id"]}
    rest = (await club.ask("admin", "GET", f"/remotes?after={page['next']}")).json
    assert rest["items"] == [second]
    changed = await club.ask("admin", "PATCH", path, {"description": "the hub"})
    assert changed.json == {**made.json, "description": "the hub"}
    moved = await club.ask("admin", "PATCH", path, {"url": "https://evil.example"})
    assert moved.status == 400
    assert (await club.ask("admin", "POST", "/remotes", HUB)).status == 409
    assert (await club.ask("admin", "DELETE", path)).status == 204
    assert (await club.ask("admin", "GET", path)).status == 404
    for method, rest_of in (("GET", "/remotes"), ("POST", "/remotes/ping"), ("DELETE", path)):
        assert (await club.ask("maintainer", method, rest_of, HUB)).status == 403


async def test_whether_it_is_there(club: Club) -> None:
    # An address that no registry has: nothing is sent.
    nowhere = {"name": "x", "url": "http://169.254.169.254"}
    tried = await club.ask("admin", "POST", "/remotes/ping", nowhere)
    assert tried.json == {
        "ok": False,
        "reason": "169.254.169.254 is not asked: 169.254.169.254 is an address of no registry",
    }
    made = (await club.ask("admin", "POST", "/remotes", nowhere)).json
    pinged = await club.ask("admin", "POST", f"/remotes/{made['id']}/ping")
    assert pinged.json == tried.json
    assert (await club.ask("admin", "POST", "/remotes/99/ping")).status == 404


async def test_a_replication_policy_is_kept_and_not_run(club: Club) -> None:
    remote = (await club.ask("admin", "POST", "/remotes", HUB)).json["id"]
    body = {"name": "nightly", "remote": remote, "document": {"direction": "pull"}}
    made = await club.ask("admin", "POST", "/replication", body)
    path = f"/replication/{made.json['id']}"
    assert (made.status, made.header("Location")) == (201, f"{ROOT}{path}")
    assert made.json == {
        **body,
        "id": made.json["id"],
        "enabled": True,
        "created_at": "2027-01-15T08:00:00Z",
        "changed_at": "2027-01-15T08:00:00Z",
        "changed_by": "by-admin",
    }
    assert (await club.ask("admin", "GET", path)).json == made.json
    assert (await club.ask("admin", "GET", "/replication")).json["items"] == [made.json]
    changed = await club.ask("admin", "PUT", path, {**body, "enabled": False})
    assert changed.json["enabled"] is False
    wrong = {**body, "document": {"trigger": {"kind": "event"}, "direction": "pull"}}
    assert (await club.ask("admin", "PUT", path, wrong)).status == 400
    run = await club.ask("admin", "POST", f"{path}/run", {})
    assert run.status == 405
    assert "does not copy yet" in run.json["detail"]
    assert (await club.ask("admin", "DELETE", f"/remotes/{remote}")).status == 409
    assert (await club.ask("maintainer", "GET", "/replication")).status == 403
    assert (await club.ask("admin", "DELETE", path)).status == 204
    assert (await club.ask("admin", "GET", path)).status == 404
