"""Other registries in Harbor's words."""

from dataclasses import dataclass, field

import pytest

from entrepot.ports.remotes import Login, Reached
from tests.faces.manage.harbor.yard import Yard

BODY = {
    "name": "hub",
    "url": "https://hub.example.com/",
    "type": "docker-registry",
    "insecure": False,
    "credential": {"type": "basic", "access_key": "bob", "access_secret": "s3cret"},
    "ca_certificate": "",
}


async def login(yard: Yard, number: int) -> Login:
    return await yard.doors.house.management.premises.remotes.login(number)


async def test_a_registry(yard: Yard) -> None:
    place = await yard.make("/registries", BODY)
    number = int(place.rpartition("/")[2])
    got = await yard.get(place)
    assert got == {
        "id": number,
        "name": "hub",
        "type": "docker-registry",
        "url": "https://hub.example.com",
        "creation_time": "2027-01-15T08:00:00.000Z",
        "update_time": "2027-01-15T08:00:00.000Z",
        "credential": {"type": "basic", "access_key": "bob", "access_secret": "*****"},
    }
    other = await yard.make("/registries", {**BODY, "name": "harbor", "type": "harbor"})
    found = await yard.ask("GET", "/registries?q=name%3D~ha")
    assert ([one["id"] for one in found.json], found.header("X-Total-Count")) == (
        [int(other.rpartition("/")[2])],
        "1",
    )
    assert [one["name"] for one in await yard.get("/registries?name=hub")] == ["hub"]
    assert await yard.refused("POST", "/registries", BODY) == 409
    await yard.do("DELETE", place)
    assert await yard.refused("GET", place) == 404
    assert await yard.refused("DELETE", place) == 404


async def test_a_registry_is_changed(yard: Yard) -> None:
    place = await yard.make("/registries", BODY)
    number = int(place.rpartition("/")[2])
    await yard.do("PUT", place, {"description": "ours", "access_secret": "*****"})
    assert (await yard.get(place))["description"] == "ours"
    assert (await login(yard, number)).secret == "s3cret"
    await yard.do("PUT", place, {"access_secret": "n3w"})
    assert (await login(yard, number)).secret == "n3w"
    # What was given for one server is not shown to another.
    await yard.do("PUT", place, {"url": "https://elsewhere.example.com"})
    assert await login(yard, number) == Login("https://elsewhere.example.com", "bob", "")
    assert await yard.refused("PUT", place, {"url": "nowhere"}) == 400
    assert await yard.refused("PUT", "/registries/99", {}) == 404


async def test_a_registry_that_a_policy_names_stays(yard: Yard) -> None:
    place = await yard.make("/registries", BODY)
    number = int(place.rpartition("/")[2])
    await yard.make("/replication/policies", {"name": "p", "dest_registry": {"id": number}})
    answer = await yard.ask("DELETE", place)
    assert (answer.status, answer.code) == (412, "PRECONDITION")


@dataclass
class Elsewhere:
    """Another registry, which answers as the test says."""

    reached: Reached
    asked: list[Login] = field(default_factory=list)

    async def ping(self, login: Login) -> Reached:
        self.asked.append(login)
        return self.reached


@pytest.mark.parametrize("reached, status", [(Reached(True), 200), (Reached(False, "no"), 400)])
async def test_a_registry_is_asked(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, reached: Reached, status: int
) -> None:
    elsewhere = Elsewhere(reached)
    remotes = yard.doors.house.management.premises.remotes
    monkeypatch.setattr(remotes, "_registry", elsewhere)
    place = await yard.make("/registries", BODY)
    kept = {"id": int(place.rpartition("/")[2]), "url": "https://else.example.com"}
    new = {"type": "harbor", "url": "https://h.example.com", "access_key": "eve"}
    for body in (kept, new):
        assert (await yard.ask("POST", "/registries/ping", body)).status == status
    # What is kept is asked where it was kept for, whatever else is said.
    assert [(login.url, login.account, login.secret) for login in elsewhere.asked] == [
        ("https://hub.example.com", "bob", "s3cret"),
        ("https://h.example.com", "eve", ""),
    ]
    assert await yard.refused("POST", "/registries/ping", {}) == 400


async def test_what_registries_can(yard: Yard) -> None:
    place = await yard.make("/registries", {**BODY, "type": "quay"})
    info = await yard.get(f"{place}/info")
    assert (info["type"], info["supported_triggers"]) == (
        "quay",
        ["manual", "scheduled", "event_based"],
    )
    assert (await yard.get("/registries/0/info"))["type"] == "harbor"
    adapters = await yard.get("/replication/adapters")
    assert "docker-registry" in adapters
    assert list(await yard.get("/replication/adapterinfos")) == adapters


@pytest.mark.parametrize(
    "change, status",
    [
        ({"type": "shop"}, 400),
        ({"type": None}, 400),
        ({"name": ""}, 400),
        ({"url": "ftp://x"}, 400),
        ({"ca_certificate": "-----BEGIN CERTIFICATE-----"}, 412),
        ({"credential": "bob"}, 422),
    ],
)
async def test_what_no_registry_can_be(yard: Yard, change: dict[str, object], status: int) -> None:
    assert await yard.refused("POST", "/registries", {**BODY, **change}) == status


async def test_for_administrators_alone(yard: Yard) -> None:
    for path in ("/registries", "/replication/adapters", "/replication/policies"):
        assert await yard.refused("GET", path, who="projectAdmin of the project") == 403
