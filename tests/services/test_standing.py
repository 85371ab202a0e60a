"""What somebody is now."""

from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec
import pytest

from entrepot.ports.identity import Source
from entrepot.ports.people import Profile
from entrepot.ports.robots import Credential, CredentialKind, Robot, WorkloadRow
from entrepot.rules.access import Kind
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import Role
from tests.services.granting import Ground, open_ground

ROBOT = Robot(0, "robot$ci", "", "", ("10.0.0.0/8",), True, None, 1.0, "root", 5.0)
TOKEN = Credential(
    "tok", CredentialKind.TOKEN, "alice", "", b"h", "", ("10.0.0.0/8",), 1.0, None, None
)


@pytest.fixture
async def ground() -> AsyncIterator[Ground]:
    async with open_ground() as made:
        await made.people.add("alice", Role.GUEST)
        yield made


async def change(ground: Ground, robot: Robot) -> None:
    async with ground.catalog.begin(write=True) as tx:
        await tx.robots.change(robot)
        await tx.epochs.advance("access")


async def test_a_user_is_what_the_account_says(ground: Ground) -> None:
    standing = ground.people.gate.standing
    found = await standing.of(Kind.USER, "alice")
    assert found is not None
    assert (found.identity.name, found.identity.role) == ("alice", Role.GUEST)
    assert found.changed_at == ground.people.clock.now()
    await ground.people.accounts.change("alice", role=Role.ADMIN)
    found = await standing.of(Kind.USER, "alice")
    assert found is not None
    assert found.identity.role is Role.ADMIN
    assert await standing.of(Kind.USER, "bob") is None
    assert await standing.of(Kind.ROBOT, "alice") is None


async def test_who_is_switched_off_is_nobody(ground: Ground) -> None:
    profile = Profile("alice", Source.LOCAL, "alice", "", "", False, 1.0)
    async with ground.catalog.begin(write=True) as tx:
        await tx.profiles.put(profile)
        await tx.epochs.advance("access")
    assert await ground.people.gate.standing.of(Kind.USER, "alice") is None


async def test_a_robot_ends_when_it_expires_or_is_switched_off(ground: Ground) -> None:
    standing = ground.people.gate.standing
    async with ground.catalog.begin(write=True) as tx:
        await tx.robots.add(ROBOT)
    found = await standing.of(Kind.ROBOT, ROBOT.name)
    assert found is not None
    assert (found.changed_at, found.identity.role) == (5.0, None)
    assert [one.texts for one in found.identity.networks] == [("10.0.0.0/8",)]
    now = ground.people.clock.now()
    await change(ground, replace(ROBOT, expires_at=now + 10))
    assert await standing.of(Kind.ROBOT, ROBOT.name) is not None
    ground.people.clock.seconds += 10
    assert await standing.of(Kind.ROBOT, ROBOT.name) is None
    await change(ground, replace(ROBOT, enabled=False))
    assert await standing.of(Kind.ROBOT, ROBOT.name) is None


async def test_a_credential_narrows_its_owner_and_no_other(ground: Ground) -> None:
    standing, now = ground.people.gate.standing, ground.people.clock.now()
    limits = msgspec.json.encode([{"scope": "acme", "permissions": ["repository.pull"]}]).decode()
    async with ground.catalog.begin(write=True) as tx:
        await tx.credentials.add(replace(TOKEN, limits=limits, expires_at=now + 10))
    found = await standing.of(Kind.USER, "alice", "tok")
    assert found is not None
    identity = found.identity
    assert (identity.role, identity.credential) == (Role.GUEST, "tok")
    assert identity.limits is not None
    assert [(one.area, one.permissions) for one in identity.limits] == [
        ("acme", frozenset({Permission.PULL}))
    ]
    assert found.ends_at == now + 10
    assert [one.texts for one in identity.networks] == [("10.0.0.0/8",)]
    await ground.people.add("bob")
    assert await standing.of(Kind.USER, "bob", "tok") is None
    assert await standing.of(Kind.USER, "alice", "gone") is None
    ground.people.clock.seconds += 10
    assert await standing.of(Kind.USER, "alice", "tok") is None
    assert await standing.of(Kind.USER, "alice") is not None


async def test_a_workload_is_trusted_as_long_as_its_rule_is_there(ground: Ground) -> None:
    standing = ground.people.gate.standing
    async with ground.catalog.begin(write=True) as tx:
        await tx.workloads.put(WorkloadRow("ci", "https://ci", "{}", 7.0, "root"))
    found = await standing.of(Kind.WORKLOAD, "workload:ci:repo")
    assert found is not None
    assert (found.changed_at, found.identity.kind) == (7.0, Kind.WORKLOAD)
    assert await standing.of(Kind.WORKLOAD, "workload:no:repo") is None
