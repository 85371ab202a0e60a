"""Configurations in Harbor's words: what is fixed, what can be changed."""

import pytest

from entrepot.settings import Quota, Settings, Storage
from tests.faces.manage.harbor.yard import Yard, open_yard

PATH = "/configurations"


async def test_what_the_settings_say() -> None:
    settings = Settings(storage=Storage(read_only=True), quota=Quota(project_bytes=5))
    async with open_yard(settings) as yard:
        found = await yard.get(PATH)
    assert found["auth_mode"] == {"editable": False, "value": "db_auth"}
    assert found["read_only"] == {"editable": False, "value": True}
    assert found["storage_per_project"] == {"editable": False, "value": 5}
    assert found["robot_name_prefix"] == {"editable": False, "value": "robot$"}
    assert not any("password" in name or "secret" in name for name in found)


async def test_the_banner(yard: Yard) -> None:
    await yard.do("PUT", PATH, {"banner_message": "Down at noon", "read_only": False})
    assert (await yard.get(PATH))["banner_message"] == {"editable": True, "value": "Down at noon"}
    assert (await yard.get("/systeminfo", who="anonymous"))["banner_message"] == "Down at noon"
    assert await yard.refused("PUT", PATH, {"banner_message": "x" * 5000}) == 400
    await yard.do("PUT", PATH, {"banner_message": ""})
    assert (await yard.get("/systeminfo"))["banner_message"] == ""


async def test_limits_of_new_projects(yard: Yard) -> None:
    await yard.do("PUT", PATH, {"storage_per_project": 5})
    assert (await yard.get(PATH))["storage_per_project"] == {"editable": True, "value": 5}
    await yard.do("PUT", PATH, {"storage_per_project": -1})
    assert (await yard.get(PATH))["storage_per_project"] == {"editable": True, "value": -1}


async def test_who_makes_projects(yard: Yard) -> None:
    name = "project_creation_restriction"
    await yard.do("PUT", PATH, {name: "adminonly"})
    assert (await yard.get("/systeminfo"))[name] == "adminonly"
    assert await yard.refused("POST", "/projects", {"project_name": "x"}, who="user") == 403
    await yard.make("/projects", {"project_name": "y"})
    await yard.do("PUT", PATH, {name: "everyone"})
    await yard.make("/projects", {"project_name": "x"}, who="user")
    assert await yard.refused("PUT", PATH, {name: "nobody"}) == 400


async def test_what_stays_may_be_said(yard: Yard) -> None:
    items = await yard.get(PATH)
    same = {name: item["value"] for name, item in items.items()}
    await yard.do("PUT", PATH, {**same, "nosuch": 1, "ldap_url": None})
    assert await yard.get(PATH) == items


@pytest.mark.parametrize(
    "body, words",
    [
        ({"read_only": True}, "storage.read_only"),
        ({"auth_mode": "ldap_auth"}, "ldap.url and oidc.issuer"),
        ({"self_registration": True}, "nothing to change"),
        ({"ldap_search_password": "x"}, "ldap.bind_password"),
        ({"token_expiration": "5"}, "auth.token_seconds"),
        ({"banner_message": 7}, "banner_message"),
    ],
)
async def test_what_is_fixed(yard: Yard, body: dict[str, object], words: str) -> None:
    answer = await yard.ask("PUT", PATH, {**body})
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert words in answer.message
    assert next(iter(body)) in answer.message


async def test_who_may_what(yard: Yard) -> None:
    for who, status in (("maintainer", 403), ("anonymous", 401)):
        assert await yard.refused("GET", PATH, who=who) == status
        assert await yard.refused("PUT", PATH, {}, who=who) == status
    assert await yard.refused("PUT", PATH, []) == 422
