"""What somebody holds, against what they would give."""

from collections.abc import AsyncIterator

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.ports.grants import GrantRow
from entrepot.rules.access import ANONYMOUS, Grant, Identity, Kind
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import BUILT_IN, Role
from entrepot.rules.subjects import SubjectKind
from entrepot.services.auditing import Act
from entrepot.services.authority import changed, check_may_give, held_by, named_grant
from tests.services.granting import ALICE, GROUP, ROOT, Ground, open_ground

PULL = frozenset({Permission.PULL})


@pytest.fixture
async def ground() -> AsyncIterator[Ground]:
    async with open_ground() as made:
        await made.projects.create("acme", ALICE)
        yield made


async def held(ground: Ground, identity: Identity) -> set[tuple[str, str]]:
    async with ground.catalog.begin() as tx:
        return {(one.area, one.source) for one in await held_by(tx, identity)}


async def test_all_is_held_by_account_in_person_and_by_groups(ground: Ground) -> None:
    await ground.group("web", "bob")
    await ground.give("web", "guest", "acme", GROUP)
    await ground.give("bob", "developer", "acme/web/**")
    assert await held(ground, Identity("bob", Role.USER, kind=Kind.USER)) == {
        ("*", "role user of the account, in the whole registry"),
        ("acme", "role guest, given to group web"),
        ("acme/web/**", "role developer, given to user bob"),
    }
    assert await held(ground, ANONYMOUS) == set()


async def test_a_robot_holds_its_own_and_not_a_users_of_that_name(ground: Ground) -> None:
    row = GrantRow(0, SubjectKind.ROBOT, "robot$ci", "acme", "guest", (), 1.0, "root")
    async with ground.catalog.begin(write=True) as tx:
        await tx.grants.add(row)
    robot = Identity("robot$ci", kind=Kind.ROBOT)
    assert await held(ground, robot) == {("acme", "role guest, given to robot robot$ci")}
    assert await held(ground, Identity("robot$ci", kind=Kind.USER)) == set()


async def test_a_token_of_the_registry_gives_nothing(ground: Ground) -> None:
    async with ground.catalog.begin() as tx:
        await check_may_give(tx, ROOT.identity, [Grant("*", PULL)])
        shown = Identity("root", Role.ADMIN, grants=(), kind=Kind.USER)
        with pytest.raises(Fault) as caught:
            await check_may_give(tx, shown, [Grant("acme", PULL)])
    assert caught.value.code is Code.DENIED
    assert "by a token" in caught.value.message


async def test_a_grant_by_name(ground: Ground) -> None:
    await ground.roles.put("mine", ("repository.pull",), "", ROOT)
    async with ground.catalog.begin() as tx:
        built_in = await named_grant(tx, "acme", "guest", ())
        assert built_in.permissions == BUILT_IN["guest"]
        assert (await named_grant(tx, "*", "mine", ())).permissions == PULL
        assert (await named_grant(tx, "acme/app", "", ("repository.pull",))).permissions == PULL


async def test_a_change_is_logged_and_makes_all_look_again(ground: Ground) -> None:
    before = await ground.epoch()
    async with ground.catalog.begin(write=True) as tx:
        await changed(tx, ROOT, 2.0, Act("role.changed", "mine"))
    assert await ground.epoch() == before + 1
    assert (await ground.log())[-1] == "root role.changed mine"
