"""Questions about others, answered as they are now."""

from collections.abc import AsyncIterator

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.grants import GrantRow
from entrepot.ports.robots import Robot, WorkloadRow
from entrepot.rules.access import ANONYMOUS, Identity, Kind, Policy
from entrepot.rules.areas import REGISTRY, Target
from entrepot.rules.explaining import Explanation, Obstacle
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import Role
from entrepot.rules.subjects import SubjectKind
from entrepot.services.explaining import ExplainService, kind_of, read_question
from entrepot.wiring.gate import Terms, assemble_gate
from tests.services.granting import ALICE, GROUP, Ground, open_ground

WEB = Target.of(RepositoryName("acme/web"))


@pytest.fixture
async def ground() -> AsyncIterator[Ground]:
    async with open_ground() as made:
        await made.people.add("alice", Role.USER)
        await made.people.add("bob", Role.USER)
        await made.projects.create("acme", ALICE)
        yield made


def service(ground: Ground) -> ExplainService:
    gate = ground.people.gate
    clock = ground.people.clock
    return ExplainService(ground.catalog, clock, standing=gate.standing, access=gate.access)


async def ask(ground: Ground, who: str, action: str, on: str, *address: str) -> Explanation:
    return await service(ground).answer(read_question(who, action, on, *address))


async def test_users_as_they_are_now(ground: Ground) -> None:
    assert (await ask(ground, "alice", "push", "acme/web")).allowed
    found = await ask(ground, "bob", "push", "acme/web")
    assert (found.allowed, found.obstacle) == (False, Obstacle.GRANT)
    await ground.give("bob", "developer", "acme")
    assert (await ask(ground, "bob", "push", "acme/web")).allowed
    await ground.people.accounts.remove("bob")
    found = await ask(ground, "bob", "push", "acme/web")
    assert (found.allowed, found.obstacle) == (False, Obstacle.ACCOUNT)
    assert "bob has no account here" in found.reason


async def test_nobody_and_what_is_public(ground: Ground) -> None:
    assert not (await ask(ground, "anonymous", "pull", "acme/web")).allowed
    await ground.projects.change("acme", ALICE, public=True)
    assert (await ask(ground, "anonymous", "pull", "acme/web")).allowed


async def test_robots_and_workloads(ground: Ground) -> None:
    robot = Robot(0, "robot$ci", "", "", ("10.0.0.0/8",), True, None, 1.0, "root", 1.0)
    row = GrantRow(0, SubjectKind.ROBOT, robot.name, "acme", "developer", (), 1.0, "root")
    document = '{"grants":[{"scope":"acme","role":"guest"}]}'
    async with ground.catalog.begin(write=True) as tx:
        await tx.robots.add(robot)
        await tx.grants.add(row)
        await tx.workloads.put(WorkloadRow("ci", "https://ci", document, 1.0, "root"))
    assert (await ask(ground, robot.name, "push", "acme/web")).allowed
    assert (await ask(ground, robot.name, "push", "acme/web", "10.0.0.1")).allowed
    found = await ask(ground, robot.name, "push", "acme/web", "192.0.2.1")
    assert (found.allowed, found.obstacle) == (False, Obstacle.ADDRESS)
    assert (await ask(ground, "workload:ci:repo", "pull", "acme/web")).allowed
    assert not (await ask(ground, "workload:ci:repo", "push", "acme/web")).allowed
    assert (await ask(ground, "workload:no:x", "pull", "acme/web")).obstacle is Obstacle.ACCOUNT


async def test_what_the_settings_switched_off_is_for_nobody(ground: Ground) -> None:
    people = ground.people
    terms = Terms(switched_off={Permission.PUSH: "the registry is read-only"})
    gate = assemble_gate(people.gate.ground, people.accounts, Policy(), terms)
    asked = ExplainService(ground.catalog, people.clock, standing=gate.standing, access=gate.access)
    found = await asked.answer(read_question("alice", "push", "acme/web"))
    assert (found.allowed, found.obstacle) == (False, Obstacle.SWITCHED_OFF)
    assert found.reason == "the registry is read-only"
    assert (await asked.answer(read_question("bob", "push", "acme/web"))).obstacle is Obstacle.GRANT


async def test_an_address_that_is_not_asked_about_is_said(ground: Ground) -> None:
    found = await ask(ground, "alice", "push", "acme/web")
    (address,) = [step.found for step in found.steps if step.looked_at == "address"]
    assert "was not asked about" in address


async def test_a_short_name_that_a_project_has_too(ground: Ground) -> None:
    found = await ask(ground, "alice", "push", "acme")
    assert found.steps[-1].looked_at == "name"
    assert all(step.looked_at != "name" for step in (await ask(ground, "alice", "push", "x")).steps)


@pytest.mark.parametrize(
    "action, on, permission, target",
    [
        ("pull", "acme/web", Permission.PULL, WEB),
        ("repository.delete", "acme/web", Permission.DELETE, WEB),
        ("push", "web", Permission.PUSH, Target.of(RepositoryName("library/web"))),
        ("grant.manage", "acme", Permission.GRANT_MANAGE, Target("acme")),
        ("grant.manage", "acme/web", Permission.GRANT_MANAGE, Target("acme")),
        ("grant.manage", "*", Permission.GRANT_MANAGE, REGISTRY),
        ("pull", "registry", Permission.PULL, REGISTRY),
        ("user.manage", "acme", Permission.USER_MANAGE, REGISTRY),
    ],
)
def test_questions(action: str, on: str, permission: Permission, target: Target) -> None:
    question = read_question("alice", action, on)
    assert (question.permission, question.target) == (permission, target)
    assert question.address is None


@pytest.mark.parametrize(
    "who, action, on, address",
    [
        ("", "pull", "acme/web", None),
        ("a" * 601, "pull", "acme/web", None),
        ("alice", "fly", "acme/web", None),
        ("alice", "", "acme/web", None),
        ("alice", "pull", "ACME", None),
        ("alice", "pull", "", None),
        ("alice", "grant.manage", "ACME", None),
        ("alice", "pull", "acme/web", "10.0.0.0/8"),
        ("alice", "pull", "acme/web", "here"),
    ],
)
def test_what_is_no_question(who: str, action: str, on: str, address: str | None) -> None:
    with pytest.raises(Fault) as caught:
        read_question(who, action, on, address)
    assert caught.value.code in (Code.REQUEST_INVALID, Code.NAME_INVALID)


def test_names_of_callers() -> None:
    names = ("anonymous", "alice", "robot$ci", "workload:ci:x")
    assert [kind_of(name) for name in names] == [
        Kind.ANONYMOUS,
        Kind.USER,
        Kind.ROBOT,
        Kind.WORKLOAD,
    ]
    assert read_question("alice", "pull", "x", "unix").address == ""
    assert read_question("alice", "pull", "x", "::ffff:10.0.0.1").address == "10.0.0.1"


async def test_what_somebody_has(ground: Ground) -> None:
    await ground.group("web", "bob")
    await ground.give("web", "guest", "acme", GROUP)
    found = await service(ground).belongings(Identity("bob", Role.USER, kind=Kind.USER))
    assert found.groups == ("web",)
    assert [one.area for one in found.grants] == ["*", "acme"]
    assert (await service(ground).belongings(ANONYMOUS)).grants == ()
    workload = Identity("workload:none:x", kind=Kind.WORKLOAD)
    assert (await service(ground).belongings(workload)).grants == ()
