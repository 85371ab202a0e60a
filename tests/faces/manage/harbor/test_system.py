"""What the registry tells of itself."""

from pathlib import Path

import pytest

from entrepot.settings import Server, Settings, Storage
from tests.faces.manage.harbor.yard import Yard, open_yard


async def test_ping(yard: Yard) -> None:
    answer = await yard.ask("GET", "/ping", who="anonymous")
    assert (answer.status, answer.body) == (200, b"Pong")
    assert answer.header("Content-Type") == "text/plain"


async def test_facts_for_everyone_and_for_who_logged_in(yard: Yard) -> None:
    general = await yard.get("/systeminfo", who="anonymous")
    assert general == {
        "auth_mode": "db_auth",
        "banner_message": "",
        "oidc_provider_name": "",
        "primary_auth_mode": False,
        "self_registration": False,
    }
    host = {"Host": "registry.test:5000"}
    found = await yard.get("/systeminfo", who="user", headers=host)
    assert general.items() <= found.items()
    assert found["registry_url"] == "registry.test:5000"
    assert found["current_time"] == "2027-01-15T08:00:00.000Z"
    assert (found["has_ca_root"], found["read_only"]) == (False, False)


async def test_health(yard: Yard) -> None:
    found = await yard.get("/health", who="anonymous")
    assert found["status"] == "healthy"
    assert [one["name"] for one in found["components"]] == [
        "core",
        "database",
        "jobservice",
        "registry",
    ]


async def test_an_unwell_store(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_token: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(yard.doors.house.upkeep.base.store, "begin", fail)
    found = await yard.get("/health", who="anonymous")
    assert found["status"] == "unhealthy"
    component = found["components"][-1]
    assert (component["name"], component["status"]) == ("registry", "unhealthy")
    assert "No space left" in component["error"]


async def test_volumes(tmp_path: Path) -> None:
    async with open_yard(Settings(storage=Storage(data=str(tmp_path)))) as yard:
        (volume,) = (await yard.get("/systeminfo/volumes"))["storage"]
        assert 0 < volume["free"] <= volume["total"]
        assert await yard.refused("GET", "/systeminfo/volumes", who="user") == 403
    async with open_yard(Settings(storage=Storage(data=str(tmp_path / "none")))) as yard:
        assert (await yard.get("/systeminfo/volumes"))["storage"] == [{"free": 0, "total": 0}]


async def test_the_authority_that_clients_must_trust(tmp_path: Path) -> None:
    settings = Settings(server=Server(tls="auto"), storage=Storage(data=str(tmp_path)))
    async with open_yard(settings) as yard:
        assert await yard.refused("GET", "/systeminfo/getcert", who="anonymous") == 404
        (tmp_path / "tls").mkdir()
        (tmp_path / "tls" / "server.crt").write_bytes(b"-----BEGIN")
        answer = await yard.ask("GET", "/systeminfo/getcert", who="anonymous")
        assert answer.body == b"-----BEGIN"
        assert answer.header("Content-Disposition") == "attachment; filename=ca.crt"
        assert (await yard.get("/systeminfo", who="user"))["has_ca_root"] is True


async def test_where_clients_need_none(yard: Yard) -> None:
    assert await yard.refused("GET", "/systeminfo/getcert", who="anonymous") == 404
