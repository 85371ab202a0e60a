"""Grants are given by those who have what they give."""

from collections.abc import AsyncIterator, Awaitable

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.ports.grants import GrantRow
from entrepot.rules.access import Grant
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import Role
from entrepot.rules.subjects import SubjectKind
from entrepot.services import grants as module
from entrepot.services.grants import Wanted
from tests.services.granting import (
    ALICE,
    BOB,
    EVERYONE,
    GROUP,
    ROOT,
    USER,
    Ground,
    acting,
    open_ground,
)


@pytest.fixture
async def ground() -> AsyncIterator[Ground]:
    async with open_ground() as made:
        await made.projects.create("acme", ALICE)
        yield made


async def refused(call: Awaitable[object], code: Code) -> str:
    with pytest.raises(Fault) as caught:
        await call
    assert caught.value.code is code, caught.value
    return caught.value.message


async def test_a_grant_is_given_counts_and_is_taken(ground: Ground) -> None:
    row = await ground.give("bob", "developer", "acme", by=ALICE)
    assert await ground.grants.find(row.id) == row
    assert await ground.may("bob", Permission.PUSH, "acme/app")
    assert not await ground.may("bob", Permission.DELETE, "acme/app")
    await ground.grants.take(row.id, ALICE)
    assert not await ground.may("bob", Permission.PUSH, "acme/app")
    assert (await ground.log())[-2:] == [
        "alice grant.created user bob",
        "alice grant.removed user bob",
    ]
    await refused(ground.grants.take(row.id, ALICE), Code.NOT_FOUND)


async def test_a_pattern_reaches_no_further(ground: Ground) -> None:
    await ground.give("bob", "developer", "acme/web/**", by=ALICE)
    assert await ground.may("bob", Permission.PUSH, "acme/web/app")
    assert not await ground.may("bob", Permission.PULL, "acme/app")


async def test_groups_and_everyone(ground: Ground) -> None:
    await refused(ground.give("web", "guest", "acme", GROUP), Code.NOT_FOUND)
    await ground.group("web", "bob")
    await ground.give("web", "guest", "acme", GROUP, by=ALICE)
    assert await ground.may("bob", Permission.PULL, "acme/app")
    assert not await ground.may("eve", Permission.PULL, "acme/app")
    await ground.give("", "limitedGuest", "acme", EVERYONE, by=ALICE)
    assert await ground.may("eve", Permission.PULL, "acme/app")
    assert await ground.may("", Permission.PULL, "acme/app")
    assert not await ground.may("", Permission.PUSH, "acme/app")


async def test_nobody_gives_what_they_lack(ground: Ground) -> None:
    await ground.give("bob", "maintainer", "acme")
    assert "cannot give" in await refused(
        ground.give("eve", "projectAdmin", "acme", by=BOB), Code.DENIED
    )
    await ground.give("eve", "maintainer", "acme/web/**", by=BOB)
    for role, scope in (("guest", "*"), ("guest", "library")):
        await ground.projects.ensure_library()
        await refused(ground.give("eve", role, scope, by=BOB), Code.DENIED)


async def test_what_narrows_the_giver_narrows_what_they_give(ground: Ground) -> None:
    limits = (Grant("acme", frozenset({Permission.PULL, Permission.GRANT_MANAGE})),)
    narrow = acting("root", Role.ADMIN, limits=limits)
    only_pull = Wanted(USER, "bob", "acme", permissions=("repository.pull",))
    await ground.grants.give(only_pull, narrow)
    await refused(ground.give("bob", "developer", "acme", by=narrow), Code.DENIED)
    await refused(ground.give("bob", "guest", "acme", by=acting(grants=())), Code.DENIED)


async def test_nobody_takes_from_those_above_them(ground: Ground) -> None:
    await ground.give("bob", "maintainer", "acme")
    (own, _) = await ground.grants.page("acme", 0, 10)
    await refused(ground.grants.take(own.id, BOB), Code.DENIED)
    assert await ground.may("alice", Permission.DELETE, "acme/app")


async def test_what_a_robot_has_is_changed_with_the_robot(ground: Ground) -> None:
    row = GrantRow(0, SubjectKind.ROBOT, "robot$ci", "acme", "guest", (), 1.0, "root")
    async with ground.catalog.begin(write=True) as tx:
        grant_id = await tx.grants.add(row)
    assert grant_id is not None
    await refused(ground.grants.take(grant_id, ROOT), Code.UNSUPPORTED)
    await refused(ground.give("robot$ci", "guest", "acme", SubjectKind.ROBOT), Code.REQUEST_INVALID)


@pytest.mark.parametrize(
    "wanted, code",
    [
        (Wanted(USER, "b ob", "acme", "guest"), Code.REQUEST_INVALID),
        (Wanted(USER, "robot$ci", "acme", "guest"), Code.REQUEST_INVALID),
        (Wanted(EVERYONE, "bob", "acme", "guest"), Code.REQUEST_INVALID),
        (Wanted(EVERYONE, "", "*", "guest"), Code.REQUEST_INVALID),
        (Wanted(USER, "bob", "none", "guest"), Code.NOT_FOUND),
        (Wanted(USER, "bob", "acme/", "guest"), Code.REQUEST_INVALID),
        (Wanted(USER, "bob", "**", "guest"), Code.NOT_FOUND),
        (Wanted(USER, "bob", "acme", "king"), Code.REQUEST_INVALID),
        (Wanted(USER, "bob", "acme", "admin"), Code.REQUEST_INVALID),
        (Wanted(USER, "bob", "acme"), Code.REQUEST_INVALID),
        (Wanted(USER, "bob", "acme", "guest", ("repository.pull",)), Code.REQUEST_INVALID),
        (Wanted(USER, "bob", "acme", "", ("repository.fly",)), Code.REQUEST_INVALID),
        (Wanted(USER, "bob", "acme", "", ("repository.pull",) * 65), Code.REQUEST_INVALID),
    ],
    ids=str,
)
async def test_what_is_no_grant(ground: Ground, wanted: Wanted, code: Code) -> None:
    before = await ground.log()
    assert await refused(ground.grants.give(wanted, ROOT), code)
    assert await ground.log() == before


async def test_the_same_is_given_once_and_not_too_much(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ground.give("bob", "guest", "acme")
    await refused(ground.give("bob", "guest", "acme"), Code.CONFLICT)
    monkeypatch.setattr(module, "GRANTS_MAX", 1)
    assert "already" in await refused(ground.give("bob", "developer", "acme"), Code.DENIED)


async def test_the_grant_of_a_role_that_is_gone_can_be_taken(ground: Ground) -> None:
    await ground.roles.put("puller", ("repository.pull",), "", ROOT)
    row = await ground.give("bob", "puller", "acme")
    async with ground.catalog.begin(write=True) as tx:
        await tx.roles.remove("puller")
    await ground.grants.take(row.id, ALICE)


async def test_lists_of_a_project_and_of_a_subject(ground: Ground) -> None:
    rows = [await ground.give("bob", role, "acme") for role in ("guest", "developer")]
    everywhere = await ground.give("bob", "guest", "*")
    assert await ground.grants.page("acme", rows[0].id, 10) == rows[1:]
    assert await ground.grants.page("*", 0, 10) == [everywhere]
    assert await ground.grants.of(USER, "bob") == [*rows, everywhere]


async def test_a_grant_gives_another_role(ground: Ground) -> None:
    row = await ground.give("bob", "guest", "acme", by=ALICE)
    changed = await ground.grants.change(row.id, "developer", ALICE)
    assert (changed.id, changed.scope, changed.role) == (row.id, "acme", "developer")
    assert await ground.grants.find(row.id) == changed
    assert await ground.may("bob", Permission.PUSH, "acme/app")
    assert (await ground.log())[-1] == "alice grant.changed user bob"
    other = await ground.give("bob", "guest", "acme", by=ALICE)
    await refused(ground.grants.change(other.id, "developer", ALICE), Code.CONFLICT)
    await refused(ground.grants.change(row.id, "nosuch", ALICE), Code.REQUEST_INVALID)
    await refused(ground.grants.change(9999, "guest", ALICE), Code.NOT_FOUND)
    assert await ground.grants.find(other.id) == other


async def test_nobody_changes_what_gives_more_than_they_have(ground: Ground) -> None:
    await ground.give("bob", "maintainer", "acme")
    above = await ground.give("eve", "projectAdmin", "acme")
    below = await ground.give("eve", "guest", "acme")
    await refused(ground.grants.change(above.id, "guest", BOB), Code.DENIED)
    await refused(ground.grants.change(below.id, "projectAdmin", BOB), Code.DENIED)
    await ground.grants.change(below.id, "developer", BOB)
