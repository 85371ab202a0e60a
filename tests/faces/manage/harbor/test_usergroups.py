"""Groups of users in Harbor's words."""

import pytest

from entrepot.ports.notes import OF_GROUP
from tests.faces.manage.harbor.yard import Yard

WEB = {"group_name": "web", "group_type": 1, "ldap_group_dn": "cn=web,dc=example,dc=com"}


async def test_a_group_is_made_shown_and_removed(yard: Yard) -> None:
    place = await yard.make("/usergroups", WEB)
    number = int(place.rpartition("/")[2])
    assert await yard.get(place) == {"id": number, **WEB}
    assert await yard.get("/usergroups") == [{"id": number, **WEB}]
    await yard.do("PUT", place, {"group_name": "web"})
    assert await yard.refused("PUT", place, {"group_name": "internet"}) == 412
    await yard.do("DELETE", place)
    assert await yard.refused("GET", place) == 404
    # One that is made anew, in our own words, has nothing of the one before.
    yard.clock.seconds += 1
    async with yard.catalog.begin(write=True) as tx:
        await tx.notes.put(OF_GROUP, "web", '{"made":1,"type":1,"dn":"cn=web"}')
    assert await yard.make("/usergroups", {"group_name": "web"}) == place
    assert await yard.get(place) == {"id": number, "group_name": "web", "group_type": 2}


async def test_a_dn_names_a_group(yard: Yard) -> None:
    place = await yard.make(
        "/usergroups", {"ldap_group_dn": "CN=Night Shift,OU=g", "group_type": 1}
    )
    assert (await yard.get(place))["group_name"] == "Night Shift"


async def test_lists_and_searches(yard: Yard) -> None:
    for name in ("web", "webmail", "ops"):
        await yard.make("/usergroups", {"group_name": name, "group_type": 2})

    async def names(path: str, who: str = "admin") -> list[str]:
        return [one["group_name"] for one in await yard.get(path, who=who)]

    assert await names("/usergroups") == ["ops", "web", "webmail"]
    assert await names("/usergroups?group_name=web") == ["web", "webmail"]
    assert await names("/usergroups?ldap_group_dn=cn%3Dops%2Cdc%3Dx") == ["ops"]
    assert await names("/usergroups/search?groupname=mail") == ["webmail"]
    assert await names("/usergroups/search?groupname=web", "user") == ["web"]
    answer = await yard.ask("GET", "/usergroups?page_size=1&page=2")
    assert answer.header("X-Total-Count") == "3"
    assert await yard.refused("GET", "/usergroups/search") == 422


@pytest.mark.parametrize(
    "body, status",
    [({"group_name": "web"}, 409), ({}, 400), ({"group_name": "x", "group_type": 9}, 400)],
)
async def test_what_is_not_made(yard: Yard, body: dict[str, object], status: int) -> None:
    await yard.make("/usergroups", WEB)
    assert await yard.refused("POST", "/usergroups", body) == status


async def test_who_may_what(yard: Yard) -> None:
    place = await yard.make("/usergroups", WEB)
    for method, path, body in (
        ("GET", "/usergroups", None),
        ("GET", place, None),
        ("PUT", place, WEB),
        ("DELETE", place, None),
        ("POST", "/usergroups", WEB),
    ):
        assert await yard.refused(method, path, body, who="user") == 403
        assert await yard.refused(method, path, body, who="anonymous") == 401
