"""The directory of people, and the provider."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from entrepot.faces.manage.harbor.api import harbor_app
from entrepot.faces.manage.harbor.ldap import IMPORT_MAX, ldap_routes
from entrepot.faces.manage.harbor.members import member_routes
from entrepot.ports.identity import Person, Source, SourceFailed
from entrepot.services.people import PeopleService
from entrepot.services.welcoming import Welcomer
from tests.faces.manage.harbor.yard import Yard, open_yard
from tests.services.visitors import Said

URL = "ldaps://ldap.test"
ISSUER = "https://id.test"


class Directory:
    """A directory in which Carol is."""

    def __init__(self) -> None:
        self.fails = False

    async def authenticate(self, name: str, password: str) -> Person | None:
        return None if password else await self.look_up(name)

    async def look_up(self, name: str) -> Person | None:
        await self.check()
        if name not in ("carol", "by-user"):
            return None
        return Person(name, Source.LDAP, f"uid={name}", f"{name}@example.com", "Carol C.")

    async def check(self) -> None:
        if self.fails:
            raise SourceFailed("LDAP: ldap.test does not answer")

    async def close(self) -> None:
        """Nothing to close."""


@asynccontextmanager
async def open_directory() -> AsyncIterator[tuple[Yard, Directory]]:
    async with open_yard() as yard:
        house, directory, log = yard.doors.house, Directory(), Said()
        welcomer = Welcomer(yard.catalog, yard.clock)
        people = PeopleService(
            yard.catalog, yard.clock, directory=directory, welcomer=welcomer, log=log
        )
        routes = ldap_routes(people, (URL,), ISSUER)
        app = harbor_app(routes, house.access, house.management.numbers)
        yield replace(yard, app=app), directory


async def test_whether_it_answers() -> None:
    async with open_directory() as (yard, directory):
        for body in ({}, {"ldap_url": f"{URL}/"}):
            assert (await yard.ask("POST", "/ldap/ping", body)).json == {"success": True}
        assert (await yard.ask("POST", "/ldap/ping")).json == {"success": True}
        other = (await yard.ask("POST", "/ldap/ping", {"ldap_url": "ldap://10.0.0.1"})).json
        assert not other["success"]
        directory.fails = True
        found = (await yard.ask("POST", "/ldap/ping", {})).json
        assert found == {"success": False, "message": "LDAP: ldap.test does not answer"}


async def test_people_are_found_and_brought() -> None:
    async with open_directory() as (yard, directory):
        found = await yard.get("/ldap/users/search?username=carol")
        assert found == [
            {"email": "carol@example.com", "realname": "Carol C.", "username": "carol"}
        ]
        assert await yard.get("/ldap/users/search?username=nobody") == []
        assert await yard.get("/ldap/users/search") == []
        await yard.do("POST", "/ldap/users/import", {"ldap_uid_list": ["carol"]})
        assert await yard.doors.house.accounts.find("carol")
        answer = await yard.ask(
            "POST", "/ldap/users/import", {"ldap_uid_list": ["nobody", "by-user", "carol"]}
        )
        assert answer.status == 404
        assert [one["uid"] for one in answer.json] == ["nobody", "by-user"]
        many = {"ldap_uid_list": ["x"] * (IMPORT_MAX + 1)}
        assert await yard.refused("POST", "/ldap/users/import", many) == 400
        assert await yard.refused("GET", "/ldap/groups/search") == 412
        directory.fails = True
        assert await yard.refused("GET", "/ldap/users/search?username=carol") == 503
        one = {"ldap_uid_list": ["carol"]}
        assert await yard.refused("POST", "/ldap/users/import", one) == 503


async def test_where_there_is_none(yard: Yard) -> None:
    assert not (await yard.ask("POST", "/ldap/ping", {})).json["success"]
    assert await yard.refused("GET", "/ldap/users/search?username=x") == 412
    assert await yard.refused("GET", "/ldap/groups/search?groupname=x") == 412
    assert await yard.refused("POST", "/ldap/users/import", {"ldap_uid_list": ["x"]}) == 412
    assert await yard.refused("POST", "/system/oidc/ping", {"url": ISSUER}) == 400


async def test_the_provider_of_the_settings() -> None:
    async with open_directory() as (yard, _):
        await yard.do("POST", "/system/oidc/ping", {"url": f"{ISSUER}/", "verify_cert": True})
        assert await yard.refused("POST", "/system/oidc/ping", {"url": "http://10.0.0.1"}) == 400


async def test_people_of_the_directory_become_members() -> None:
    async with open_directory() as (opened, directory):
        house = opened.doors.house
        parts = house.management.tenancy.parts
        people = PeopleService(
            opened.catalog,
            opened.clock,
            directory=directory,
            welcomer=Welcomer(opened.catalog, opened.clock),
            log=Said(),
        )
        with_it = replace(parts, people=replace(parts.people, directory=people))
        app = harbor_app(member_routes(with_it), house.access, house.management.numbers)
        yard = replace(opened, app=app)
        body = {"role_id": 2, "member_user": {"username": "carol"}}
        place = await yard.make("/projects/team/members", body)
        assert (await yard.get(place))["entity_name"] == "carol"
        nobody = {"role_id": 2, "member_user": {"username": "nobody"}}
        assert await yard.refused("POST", "/projects/team/members", nobody) == 404
