"""Groups of users, and what being in one is worth."""

from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.ports.identity import Source
from entrepot.rules.access import Identity, Kind
from entrepot.rules.roles import DEVELOPER, Role
from entrepot.rules.subjects import SubjectKind
from entrepot.services.facts import all_of_user
from entrepot.services.grants import GrantService, Wanted
from entrepot.services.groups import DESCRIPTION_MAX, NAME_MAX, OF_USER_MAX, GroupService
from entrepot.services.projects import ProjectService
from tests.services.machines import ROOT, acting
from tests.services.people import People, open_people

BY = acting(ROOT)
ALICE = acting(Identity("alice", Role.USER, kind=Kind.USER))


@pytest.fixture
async def people() -> AsyncIterator[People]:
    async with open_people() as made:
        await made.add("alice", Role.USER)
        await ProjectService(made.catalog, made.clock).create("acme", BY)
        yield made


@pytest.fixture
def groups(people: People) -> GroupService:
    return GroupService(people.catalog, people.clock)


async def grant(people: People, group: str = "dev") -> None:
    wanted = Wanted(SubjectKind.GROUP, group, "acme", DEVELOPER)
    await GrantService(people.catalog, people.clock).give(wanted, BY)


async def refused(doing: Awaitable[Any]) -> Code:
    with pytest.raises(Fault) as caught:
        await doing
    return caught.value.code


async def rights(people: People, name: str = "alice") -> set[str]:
    async with people.catalog.begin() as tx:
        return {one.area for one in await all_of_user(tx, name) if one.area != "*"}


async def test_members_have_what_the_group_was_granted(
    people: People, groups: GroupService
) -> None:
    made = await groups.make("dev", "who writes it", BY)
    assert (await groups.find("dev"), await groups.page("", 10)) == (made, [made])
    await grant(people)
    await groups.enter("dev", "alice", BY)
    await groups.enter("dev", "alice", BY)
    assert await groups.members("dev", "", 10) == [("alice", Source.LOCAL)]
    assert await groups.of("alice") == [("dev", Source.LOCAL)]
    assert await rights(people) == {"acme"}
    await groups.leave("dev", "alice", BY)
    assert await rights(people) == set()


async def test_a_group_goes_with_its_grants(people: People, groups: GroupService) -> None:
    await groups.make("dev", "", BY)
    await grant(people)
    await groups.enter("dev", "alice", BY)
    await groups.remove("dev", BY)
    await groups.make("dev", "", BY)
    await groups.enter("dev", "alice", BY)
    assert await rights(people) == set()


async def test_attack_adding_to_a_group_above_oneself(people: People, groups: GroupService) -> None:
    await groups.make("dev", "", BY)
    await groups.enter("dev", "alice", ALICE)
    await groups.leave("dev", "alice", ALICE)
    await grant(people)
    assert await refused(groups.enter("dev", "alice", ALICE)) is Code.DENIED
    await groups.enter("dev", "bob", BY)
    assert await refused(groups.leave("dev", "bob", ALICE)) is Code.DENIED
    assert await refused(groups.remove("dev", ALICE)) is Code.DENIED
    assert await groups.members("dev", "", 10) == [("bob", Source.LOCAL)]


async def test_members_of_a_directory_are_taken_out_there(
    people: People, groups: GroupService
) -> None:
    await groups.make("dev", "", BY)
    async with people.catalog.begin(write=True) as tx:
        await tx.groups.enter("alice", "dev", Source.LDAP)
    assert await refused(groups.leave("dev", "alice", BY)) is Code.CONFLICT
    await groups.enter("dev", "alice", BY)
    await groups.leave("dev", "alice", BY)
    assert await groups.of("alice") == [("dev", Source.LDAP)]


async def test_what_there_is_not(groups: GroupService) -> None:
    for doing in (
        groups.find("dev"),
        groups.describe("dev", "", BY),
        groups.remove("dev", BY),
        groups.enter("dev", "alice", BY),
        groups.leave("dev", "alice", BY),
    ):
        assert await refused(doing) is Code.NOT_FOUND
    await groups.make("dev", "", BY)
    assert await refused(groups.leave("dev", "alice", BY)) is Code.NOT_FOUND
    assert await refused(groups.make("dev", "", BY)) is Code.CONFLICT


@pytest.mark.parametrize("name", ["", "x" * (NAME_MAX + 1), " dev", "a\nb", "\x00"])
async def test_names_that_are_none(name: str, groups: GroupService) -> None:
    assert await refused(groups.make(name, "", BY)) is Code.REQUEST_INVALID


async def test_descriptions_and_users_that_are_none(groups: GroupService) -> None:
    await groups.make("CN=Admins, of Á", "", BY)
    long = "x" * (DESCRIPTION_MAX + 1)
    assert await refused(groups.make("dev", long, BY)) is Code.REQUEST_INVALID
    await groups.make("dev", "", BY)
    assert (await groups.describe("dev", "who writes it", BY)).description == "who writes it"
    assert await refused(groups.enter("dev", "robot$ci", BY)) is Code.REQUEST_INVALID


async def test_nobody_is_in_too_many(people: People, groups: GroupService) -> None:
    await groups.make("dev", "", BY)
    async with people.catalog.begin(write=True) as tx:
        for number in range(OF_USER_MAX):
            await tx.groups.enter("alice", f"g{number}", Source.LDAP)
    assert await refused(groups.enter("dev", "alice", BY)) is Code.DENIED


async def test_each_change_is_told_once(people: People, groups: GroupService) -> None:
    await groups.make("dev", "", BY)
    async with people.catalog.begin() as tx:
        before = await tx.audit.last()
        epoch = await tx.epochs.find("access")
    await groups.enter("dev", "alice", BY)
    await groups.enter("dev", "alice", BY)
    await groups.leave("dev", "alice", BY)
    async with people.catalog.begin() as tx:
        assert await tx.audit.last() == before + 2
        assert await tx.epochs.find("access") == epoch + 2
