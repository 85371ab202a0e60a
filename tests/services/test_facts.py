"""What is read of who may do what, and how long it holds."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from entrepot.ports.grants import GrantRow
from entrepot.ports.robots import WorkloadRow
from entrepot.rules.access import Kind
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import BUILT_IN, Role
from entrepot.rules.subjects import SubjectKind
from entrepot.services.facts import all_of_user, rule_of
from tests.services.granting import ALICE, EVERYONE, GROUP, Ground, open_ground


@pytest.fixture
async def ground() -> AsyncIterator[Ground]:
    async with open_ground() as made:
        await made.projects.create("acme", ALICE, networks=("10.0.0.0/8",))
        await made.projects.create("other", ALICE, public=True)
        yield made


async def test_facts_are_of_one_project_and_the_registry(ground: Ground) -> None:
    await ground.group("web", "bob")
    await ground.give("bob", "guest", "acme")
    await ground.give("bob", "guest", "*")
    await ground.give("bob", "guest", "other")
    await ground.give("web", "developer", "acme/web/**", GROUP)
    await ground.give("", "limitedGuest", "acme", EVERYONE)
    facts = await ground.facts("bob", "acme")
    assert (facts.exists, facts.public, facts.networks.texts) == (True, False, ("10.0.0.0/8",))
    assert {(one.area, one.source) for one in facts.grants} == {
        ("acme", "role guest, given to user bob"),
        ("*", "role guest, given to user bob"),
        ("acme/web/**", "role developer, given to group web"),
        ("acme", "role limitedGuest, given to everyone"),
    }
    nobody = await ground.facts("", "acme", Kind.ANONYMOUS)
    assert [one.source for one in nobody.grants] == ["role limitedGuest, given to everyone"]
    registry = await ground.facts("bob", "")
    assert ([one.area for one in registry.grants], registry.exists) == (["*"], False)
    assert (await ground.facts("bob", "other")).public
    assert not (await ground.facts("bob", "none")).exists


async def test_a_robot_is_no_user_of_that_name(ground: Ground) -> None:
    row = GrantRow(0, SubjectKind.ROBOT, "robot$ci", "acme", "", ("repository.pull",), 1.0, "")
    async with ground.catalog.begin(write=True) as tx:
        await tx.grants.add(row)
    robot = await ground.facts("robot$ci", "acme", Kind.ROBOT)
    assert [one.permissions for one in robot.grants] == [{Permission.PULL}]
    assert (await ground.facts("robot$ci", "acme")).grants == ()


async def test_workloads_have_what_their_rule_gives(ground: Ground) -> None:
    document = {"grants": [{"scope": "acme", "role": "guest"}, {"scope": "*", "role": "gone"}]}
    rule = WorkloadRow("ci", "https://ci", msgspec.json.encode(document).decode(), 1.0, "root")
    async with ground.catalog.begin(write=True) as tx:
        await tx.workloads.put(rule)
    facts = await ground.facts("workload:ci:repo:x", "acme", Kind.WORKLOAD)
    assert [one.permissions for one in facts.grants] == [BUILT_IN["guest"], frozenset()]
    assert (await ground.facts("workload:other:x", "acme", Kind.WORKLOAD)).grants == ()
    assert (rule_of("workload:ci:a:b"), rule_of("workload:ci"), rule_of("ci")) == ("ci", "", "")


async def test_what_another_process_changes_is_seen(ground: Ground) -> None:
    assert not (await ground.facts("bob", "acme")).grants
    row = GrantRow(0, SubjectKind.USER, "bob", "acme", "guest", (), 1.0, "")
    async with ground.catalog.begin(write=True) as tx:
        await tx.grants.add(row)
        await tx.epochs.advance("access")
    assert (await ground.facts("bob", "acme")).grants


async def test_a_permission_of_a_later_version_is_not_given(ground: Ground) -> None:
    names = ("repository.pull", "repository.teleport")
    row = GrantRow(0, SubjectKind.USER, "bob", "acme", "", names, 1.0, "")
    async with ground.catalog.begin(write=True) as tx:
        await tx.grants.add(row)
    (grant,) = (await ground.facts("bob", "acme")).grants
    assert grant.permissions == {Permission.PULL}


async def test_all_of_a_user(ground: Ground) -> None:
    await ground.people.add("bob", Role.GUEST)
    await ground.group("web", "bob")
    await ground.give("web", "developer", "acme", GROUP)
    async with ground.catalog.begin() as tx:
        found = await all_of_user(tx, "bob")
        assert await all_of_user(tx, "eve") == ()
    assert [one.area for one in found] == ["*", "acme"]
