"""Attack: more rights by what is overlooked; tools/worlds looks for the rest."""

from collections.abc import AsyncIterator

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.grants import ACCESS_EPOCH, GrantRow
from entrepot.ports.identity import Source
from entrepot.rules.access import Kind
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import Role
from entrepot.rules.subjects import SubjectKind
from entrepot.services.authority import Acting
from entrepot.services.context import Caller
from entrepot.services.facts import GRANTS_MAX
from entrepot.services.founding import enter_project, find_place
from entrepot.services.grants import GrantService, Wanted
from entrepot.services.projects import ProjectService
from tests.services.people import PASSWORD, People, open_people

HELP_DESK = ("user.manage", "project.create")


@pytest.fixture
async def people() -> AsyncIterator[People]:
    """Mallory, who may manage users and has a project of her own, and bob."""
    async with open_people() as made:
        for name in ("mallory", "bob"):
            await made.add(name, Role.USER)
        await grant(made, "mallory", "*", permissions=HELP_DESK)
        await ProjectService(made.catalog, made.clock).create("mine", await acting(made, "mallory"))
        yield made


async def grant(
    people: People, user: str, area: str, role: str = "", permissions: tuple[str, ...] = ()
) -> None:
    async with people.catalog.begin(write=True) as tx:
        row = GrantRow(0, SubjectKind.USER, user, area, role, permissions, 0.0, "test")
        await tx.grants.add(row)
        await tx.epochs.advance(ACCESS_EPOCH)


async def acting(people: People, name: str) -> Acting:
    standing = await people.gate.standing.of(Kind.USER, name)
    assert standing is not None
    return Acting(standing.identity, Caller(name))


async def takes_over(people: People, victim: str) -> bool:
    """Whether mallory can set somebody's password."""
    by = (await acting(people, "mallory")).identity
    try:
        await people.accounts.change(victim, password=f"{PASSWORD} of mallory", by=by)
    except Fault as fault:
        if fault.code is not Code.DENIED:
            raise
        return False
    return True


async def test_who_manages_users_takes_over_none_above_them(people: People) -> None:
    assert await takes_over(people, "bob")
    await grant(people, "bob", "prod", "developer")
    assert not await takes_over(people, "bob")


async def test_a_right_buried_below_many_is_not_overlooked(people: People) -> None:
    """She gives bob all that a user may be given, and then he founds a project of his own."""
    by, grants = await acting(people, "mallory"), GrantService(people.catalog, people.clock)
    for count in range(GRANTS_MAX):
        wanted = Wanted(SubjectKind.USER, "bob", f"mine/x{count}", "limitedGuest")
        await grants.give(wanted, by)
    assert await takes_over(people, "bob")
    async with people.catalog.begin(write=True) as tx:
        place = await find_place(tx, RepositoryName("prod/app"))
        await enter_project(tx, place, Caller("bob", creates=True), 0.0)
    assert not await takes_over(people, "bob")
    with pytest.raises(Fault):
        await people.accounts.remove("bob", by=by.identity)


@pytest.mark.parametrize("kind", [SubjectKind.USER, SubjectKind.EVERYONE])
async def test_nobody_uses_up_what_others_may_give(people: People, kind: SubjectKind) -> None:
    """Who runs a project gives all that can be given there, and keeps others from giving."""
    subject = "bob" if kind is SubjectKind.USER else ""
    grants, mallory = GrantService(people.catalog, people.clock), await acting(people, "mallory")
    for count in range(GRANTS_MAX):
        await grants.give(Wanted(kind, subject, f"mine/x{count}", "limitedGuest"), mallory)
    with pytest.raises(Fault) as caught:
        await grants.give(Wanted(kind, subject, "mine/y", "limitedGuest"), mallory)
    assert caught.value.code is Code.DENIED
    await people.add("root", Role.ADMIN)
    root = await acting(people, "root")
    await ProjectService(people.catalog, people.clock).create("prod", root)
    await grants.give(Wanted(kind, subject, "prod", "limitedGuest"), root)


async def test_a_group_with_many_grants_is_not_entered_for_those_on_top(people: People) -> None:
    """As above, by a group: rows that no service counted, as an older version may have left."""
    async with people.catalog.begin(write=True) as tx:
        await tx.groups.enter("bob", "team", Source.LOCAL)
        for count in range(GRANTS_MAX):
            area = f"mine/x{count}"
            await tx.grants.add(
                GrantRow(0, SubjectKind.GROUP, "team", area, "guest", (), 0.0, "test")
            )
        row = GrantRow(0, SubjectKind.GROUP, "team", "prod", "developer", (), 0.0, "test")
        await tx.grants.add(row)
        await tx.epochs.advance(ACCESS_EPOCH)
    assert not await takes_over(people, "bob")


async def test_making_a_project_public_gives_pulls(people: People) -> None:
    """Who may change a project and not pull from it does not let everybody pull."""
    projects = ProjectService(people.catalog, people.clock)
    await people.add("root", Role.ADMIN)
    await projects.create("prod", await acting(people, "root"))
    await grant(people, "mallory", "prod", permissions=("project.update",))
    by = await acting(people, "mallory")
    with pytest.raises(Fault) as caught:
        await projects.change("prod", by, public=True)
    assert caught.value.code is Code.DENIED
    # What takes nothing of hers she may.
    await projects.change("prod", by, networks=("10.0.0.0/8",))
    await projects.change("prod", await acting(people, "root"), public=True)
    await projects.change("prod", by, public=False)


async def test_pushes_everywhere_are_not_a_right_to_found(people: People) -> None:
    await people.add("gil", Role.GUEST)
    await grant(people, "gil", "*", permissions=("repository.push",))
    gil = (await acting(people, "gil")).identity
    verdict = await people.access.require(gil, Permission.PUSH, RepositoryName("newp/app"))
    assert (verdict.founds, verdict.creates) == (False, False)
    async with people.catalog.begin(write=True) as tx:
        caller = Caller("gil", founds=verdict.founds, creates=verdict.creates)
        place = await find_place(tx, RepositoryName("newp/app"))
        await enter_project(tx, place, caller, 0.0)
        assert await tx.grants.page("newp", 0, 10) == []
    bob = (await acting(people, "bob")).identity
    verdict = await people.access.require(bob, Permission.PUSH, RepositoryName("other/app"))
    assert (verdict.founds, verdict.creates) == (True, True)
