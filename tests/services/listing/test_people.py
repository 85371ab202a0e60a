"""Pages of people, machines and grants."""

import pytest

from entrepot.ports.accounts import Account
from entrepot.ports.catalog import Catalog
from entrepot.ports.grants import GrantRow
from entrepot.ports.listing import By, GrantsWhere, Named, UsersWhere
from entrepot.rules.roles import Role
from entrepot.rules.subjects import SubjectKind
from entrepot.services.listing.service import ListingService
from entrepot.services.listing.spans import Span
from tests.adapters.catalog.rows import NOW


async def add(catalog: Catalog, *names: str) -> None:
    async with catalog.begin(write=True) as tx:
        for number, name in enumerate(names):
            await tx.accounts.add(Account(name, Role.USER, "", NOW - number, NOW))


async def give(catalog: Catalog, *names: str, role: str = "guest") -> None:
    async with catalog.begin(write=True) as tx:
        for name in names:
            row = GrantRow(0, SubjectKind.USER, name, "acme", role, (), NOW, "root")
            assert await tx.grants.add(row) is not None


async def test_a_page_is_cut_out_of_all_that_there_are(
    catalog: Catalog, listing: ListingService
) -> None:
    await add(catalog, "c", "b", "a")
    page = await listing.users(UsersWhere(), Span(1, 1))
    assert ([one.name for one in page.rows], page.total) == (["b"], 3)
    page = await listing.users(UsersWhere(), Span(0, 2, By.CREATED, descending=True))
    assert ([one.name for one in page.rows], page.total) == (["c", "b"], 3)
    await add(catalog, "d")
    assert (await listing.users(UsersWhere(Named(part="D")), Span())).total == 1
    assert (await listing.users(UsersWhere(), Span())).total == 4


async def test_what_nobody_changed_is_not_walked_for_again(
    catalog: Catalog, listing: ListingService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(catalog, "a", "b")
    async with catalog.begin() as tx:
        rows = type(tx.lists.users)
    walks = 0
    walk = rows.keys

    async def counted(self: object, where: UsersWhere, by: By) -> object:
        nonlocal walks
        walks += 1
        return await walk(self, where, by)  # type: ignore[arg-type]

    monkeypatch.setattr(rows, "keys", counted)
    for offset in (0, 1, 2):
        await listing.users(UsersWhere(), Span(offset, 1))
    assert walks == 1
    await add(catalog, "c")
    await listing.users(UsersWhere(), Span())
    assert walks == 2


async def test_members_and_how_many_have_what(catalog: Catalog, listing: ListingService) -> None:
    await give(catalog, "bob", "alice")
    await give(catalog, "carol", role="developer")
    page = await listing.grants(GrantsWhere("acme", whole=True), Span(0, 2))
    assert ([one.subject for one in page.rows], page.total) == (["bob", "alice"], 3)
    page = await listing.grants(GrantsWhere("acme", whole=True), Span(0, 9, By.NAME))
    assert [one.subject for one in page.rows] == ["alice", "bob", "carol"]
    assert sorted(await listing.sorts_of_grants("acme")) == [("developer", (), 1), ("guest", (), 2)]
