"""Custom roles: what they hold is what all have who have them."""

from collections.abc import AsyncIterator, Awaitable

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import Role
from entrepot.services import roles as module
from tests.services.granting import ALICE, ROOT, Ground, acting, open_ground


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


async def test_a_role_changes_for_all_who_have_it(ground: Ground) -> None:
    row = await ground.roles.put(
        "puller", ("repository.pull", "history.read", "repository.pull"), "x" * 300, ROOT
    )
    assert row.permissions == ("history.read", "repository.pull")
    assert len(row.description) == 200
    await ground.give("bob", "puller", "acme", by=ALICE)
    assert await ground.may("bob", Permission.PULL, "acme/app")
    await ground.roles.put("puller", ("history.read",), "", ROOT)
    assert not await ground.may("bob", Permission.PULL, "acme/app")
    assert [one.name for one in await ground.roles.page("", 10)] == ["puller"]
    assert (await ground.roles.find("puller")).permissions == ("history.read",)
    log = [line.split()[1] for line in await ground.log()]
    assert log[1:] == ["role.created", "grant.created", "role.changed"]


async def test_a_role_that_somebody_has_stays(ground: Ground) -> None:
    await ground.roles.put("puller", ("repository.pull",), "", ROOT)
    grant = await ground.give("bob", "puller", "acme")
    assert "user bob has role puller on acme" in await refused(
        ground.roles.remove("puller", ROOT), Code.CONFLICT
    )
    await ground.grants.take(grant.id, ROOT)
    await ground.roles.remove("puller", ROOT)
    await refused(ground.roles.remove("puller", ROOT), Code.NOT_FOUND)
    await refused(ground.roles.find("puller"), Code.NOT_FOUND)


async def test_nobody_makes_or_narrows_a_role_that_is_above_them(ground: Ground) -> None:
    keeper = acting("keeper", Role.GUEST)
    await ground.roles.put("reader", ("repository.pull",), "", keeper)
    await refused(ground.roles.put("writer", ("repository.push",), "", keeper), Code.DENIED)
    await ground.roles.put("writer", ("repository.push",), "", ROOT)
    await refused(ground.roles.put("writer", ("repository.pull",), "", keeper), Code.DENIED)
    assert (await ground.roles.find("writer")).permissions == ("repository.push",)


@pytest.mark.parametrize(
    "name, permissions",
    [
        ("admin", ("repository.pull",)),
        ("projectAdmin", ("repository.pull",)),
        ("a b", ("repository.pull",)),
        ("", ("repository.pull",)),
        ("mine", ()),
        ("mine", ("repository.fly",)),
        ("mine", ("repository.pull",) * 65),
    ],
)
async def test_what_is_no_role(ground: Ground, name: str, permissions: tuple[str, ...]) -> None:
    await refused(ground.roles.put(name, permissions, "", ROOT), Code.REQUEST_INVALID)


async def test_there_are_not_too_many(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROLES_MAX", 1)
    await ground.roles.put("one", ("repository.pull",), "", ROOT)
    await refused(ground.roles.put("two", ("repository.pull",), "", ROOT), Code.DENIED)
    await ground.roles.put("one", ("repository.push",), "", ROOT)
