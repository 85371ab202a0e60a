"""Grants, custom roles and counters of changes in the catalog."""

import sqlite3
from dataclasses import replace

import pytest

from entrepot.adapters.catalog import ddl, sql
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.grants import ACCESS_EPOCH, GrantRow, RoleRow
from entrepot.ports.identity import Source
from entrepot.rules.subjects import SubjectKind
from tests.adapters.catalog.rows import NOW

USER, GROUP, ROBOT, EVERYONE = SubjectKind


def grant(kind: SubjectKind, subject: str, scope: str, role: str = "developer") -> GrantRow:
    return GrantRow(0, kind, subject, scope, role, (), NOW, "root")


async def add(tx: Tx, row: GrantRow) -> GrantRow:
    number = await tx.grants.add(row)
    assert number is not None
    return replace(row, id=number)


async def advance_and_fail(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        await tx.epochs.advance(ACCESS_EPOCH)
        raise LookupError


async def test_a_grant_is_added_once(catalog: Catalog) -> None:
    row = replace(grant(USER, "alice", "acme/web/**", ""), permissions=("a.b", "c.d"))
    async with catalog.begin(write=True) as tx:
        made = await add(tx, row)
        assert await tx.grants.add(replace(row, created_by="bob")) is None
        for other in (
            replace(row, role="guest"),
            replace(row, scope="acme"),
            replace(row, subject="bob"),
            replace(row, subject_kind=ROBOT),
        ):
            await add(tx, other)
    async with catalog.begin() as tx:
        assert await tx.grants.find(made.id) == made
        assert await tx.grants.find(made.id + 99) is None


async def test_an_id_is_never_used_twice(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        first = await add(tx, grant(USER, "alice", "acme"))
        assert await tx.grants.remove(first.id)
        assert not await tx.grants.remove(first.id)
        assert (await add(tx, grant(USER, "alice", "acme"))).id > first.id


async def test_what_a_user_has_about_a_project(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        wanted = [
            await add(tx, row)
            for row in (
                grant(USER, "alice", "*"),
                grant(USER, "alice", "acme"),
                grant(USER, "alice", "acme/web/**"),
                grant(GROUP, "web", "acme"),
                grant(GROUP, "web", "*"),
                grant(GROUP, "ops", "acme/x"),
                grant(EVERYONE, "", "acme"),
                grant(EVERYONE, "", "*"),
            )
        ]
        for row in (
            grant(USER, "alice", "other"),
            grant(USER, "alice", "acme2/web/**"),
            grant(USER, "bob", "acme"),
            grant(USER, "web", "acme"),
            grant(GROUP, "alice", "acme"),
            grant(GROUP, "others", "acme"),
            grant(GROUP, "web", "other"),
            grant(ROBOT, "alice", "acme"),
            grant(EVERYONE, "", "other/**"),
        ):
            await add(tx, row)
        # Two who say so do not make it two grants.
        await tx.groups.enter("alice", "web", Source.LOCAL)
        await tx.groups.enter("alice", "web", Source.LDAP)
        await tx.groups.enter("alice", "ops", Source.OIDC)
        await tx.groups.enter("bob", "others", Source.OIDC)
    async with catalog.begin() as tx:
        found = await tx.grants.of_user("alice", "acme")
        assert sorted(found, key=lambda row: row.id) == wanted
        nobody = await tx.grants.of_user("", "acme")
        assert {row.id for row in nobody} == {row.id for row in wanted[-2:]}
        everywhere = await tx.grants.of_user("alice", "*")
        assert {row.scope for row in everywhere} == {"*"}
        assert len(everywhere) == 3


async def test_a_user_of_many_groups(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        for number in range(200):
            await tx.groups.enter("alice", f"g{number}", Source.LDAP)
            await add(tx, grant(GROUP, f"g{number}", "acme"))
            await add(tx, grant(GROUP, f"h{number}", "acme"))
        found = await tx.grants.of_user("alice", "acme")
    assert {row.subject for row in found} == {f"g{number}" for number in range(200)}
    assert len(found) == 200


def test_what_a_user_has_is_looked_up_and_not_searched_for() -> None:
    raw = sqlite3.connect(":memory:")
    for text in ddl.SQLITE:
        raw.execute(text)
    values = {"user_name": "alice", "project": "acme"}
    plan = raw.execute(f"EXPLAIN QUERY PLAN {sql.GRANTS_OF_USER.sqlite}", values).fetchall()
    raw.close()
    steps = [row[3] for row in plan if row[3].startswith(("SCAN", "SEARCH"))]
    assert len(steps) == 4
    # Each goes down an index by all that it knows: no step reads the grants to all groups.
    assert [step.partition("(")[2] for step in steps if "grants" in step] == [
        "subject_kind=? AND subject=? AND project=?)"
    ] * 3
    assert [step.partition("(")[2] for step in steps if "memberships" in step] == ["user_name=?)"]


async def test_those_of_one_subject_come_oldest_first(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        rows = [await add(tx, grant(GROUP, "web", scope)) for scope in ("z", "*", "a/b", "m")]
        await add(tx, grant(USER, "web", "a"))
        await add(tx, grant(GROUP, "web2", "a"))
        assert await tx.grants.of_subject(GROUP, "web", 9) == rows
        assert await tx.grants.of_subject(GROUP, "web", 2) == rows[:2]
        assert await tx.grants.forget(GROUP, "web") == 4
        assert await tx.grants.forget(GROUP, "web") == 0
        assert len(await tx.grants.of_subject(USER, "web", 9)) == 1
        assert len(await tx.grants.of_subject(GROUP, "web2", 9)) == 1


async def test_those_about_one_project(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        rows = [
            await add(tx, grant(USER, f"u{n}", scope))
            for n, scope in enumerate(["acme", "acme/web/**", "acme", "acme/x"])
        ]
        registry = await add(tx, grant(USER, "u", "*"))
        other = await add(tx, grant(USER, "u", "acme2"))
        assert await tx.grants.page("acme", 0, 9) == rows
        assert await tx.grants.page("acme", rows[0].id, 2) == rows[1:3]
        assert await tx.grants.page("*", 0, 9) == [registry]
        assert await tx.grants.forget_project("acme") == 4
        assert await tx.grants.page("acme", 0, 9) == []
        assert await tx.grants.page("acme2", 0, 9) == [other]
        assert await tx.grants.page("*", 0, 9) == [registry]


async def test_whether_a_role_is_named(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        assert await tx.roles.granted("tester") is None
        row = await add(tx, grant(USER, "alice", "acme", "tester"))
        await add(tx, grant(USER, "alice", "acme", "guest"))
        assert await tx.roles.granted("tester") == row


async def test_roles(catalog: Catalog) -> None:
    names = ["Tester", "a", "b"]
    async with catalog.begin(write=True) as tx:
        assert await tx.roles.find("a") is None
        for name in reversed(names):
            await tx.roles.put(RoleRow(name, ("x.y",), "", NOW))
        newer = RoleRow("a", ("x.y", "z.ä"), "Ä", NOW + 1)
        await tx.roles.put(newer)
        assert await tx.roles.find("a") == newer
        assert [row.name for row in await tx.roles.page("", 9)] == names
        assert await tx.roles.page("Tester", 1) == [newer]
        assert await tx.roles.remove("a")
        assert not await tx.roles.remove("a")
        assert await tx.roles.find("b") == RoleRow("b", ("x.y",), "", NOW)


async def test_an_epoch_goes_with_its_transaction(catalog: Catalog) -> None:
    async with catalog.begin(write=True) as tx:
        assert await tx.epochs.find(ACCESS_EPOCH) == 0
        await tx.epochs.advance(ACCESS_EPOCH)
        await tx.epochs.advance(ACCESS_EPOCH)
        await tx.epochs.advance("other")
    with pytest.raises(LookupError):
        await advance_and_fail(catalog)
    async with catalog.begin() as tx:
        assert await tx.epochs.find(ACCESS_EPOCH) == 2
        assert await tx.epochs.find("other") == 1
