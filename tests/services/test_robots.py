"""Robot accounts: made, used, changed, rotated and removed."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from entrepot.oci.errors import Code
from entrepot.rules.access import Identity, Kind
from entrepot.rules.areas import REGISTRY, Target
from entrepot.rules.credentials import Prefix, read
from entrepot.rules.permissions import Permission
from entrepot.rules.robots import OVERLAP_MAX_SECONDS, PROJECT_ROBOTS_MAX, ROBOT_GRANTS_MAX
from entrepot.rules.roles import DEVELOPER, PROJECT_ADMIN
from entrepot.services.projects import ProjectService
from entrepot.services.robotparts import Gift, NewRobot, RobotChange
from tests.services.machines import PULL, PUSH, ROOT, Plant, acting, open_plant, refusal

NAME = "robot$acme+ci"


@pytest.fixture
async def plant() -> AsyncIterator[Plant]:
    async with open_plant() as made:
        yield made


async def test_a_robot_logs_in_and_does_what_it_was_given(plant: Plant) -> None:
    secret = await plant.robot()
    assert (read(secret) or ("",))[0] is Prefix.ROBOT
    robot = await plant.login(NAME, secret)
    assert (robot.name, robot.kind, robot.role) == (NAME, Kind.ROBOT, None)
    assert await plant.may(robot, Permission.PUSH)
    assert not await plant.may(robot, Permission.DELETE)
    assert not await plant.may(robot, Permission.PUSH, Target("acme"))
    assert not await plant.may(robot, Permission.CATALOG, REGISTRY)
    assert not await plant.is_dead(await plant.bearer(NAME, secret))


async def test_what_is_kept_is_not_the_secret(plant: Plant) -> None:
    secret = await plant.robot()
    view = await plant.view()
    assert secret not in repr(view)
    assert view.secrets[0].hash not in (secret.encode(), b"")
    assert view.secrets[0].id in secret


async def test_a_robot_of_the_registry_may_have_several_projects(plant: Plant) -> None:
    gifts = (Gift("acme", permissions=PULL), Gift("other", DEVELOPER))
    robot = await plant.login("robot$ci", await plant.robot("ci", "", *gifts))
    assert await plant.may(robot, Permission.PULL)
    assert await plant.may(robot, Permission.QUOTA_READ, Target("other"))
    assert not await plant.may(robot, Permission.QUOTA_READ, Target("acme"))


async def test_grants_of_one_scope_are_joined(plant: Plant) -> None:
    await plant.robot("ci", "acme", Gift("acme", "", PULL), Gift("acme", "", PUSH))
    (row,) = await plant.grants_to(NAME)
    assert row.permissions == PUSH


@pytest.mark.parametrize(
    "new, code, word",
    [
        (NewRobot("CI", "acme"), Code.REQUEST_INVALID, "robot's name"),
        (NewRobot("a+b", ""), Code.REQUEST_INVALID, "robot's name"),
        (NewRobot("ci", "No"), Code.NAME_INVALID, "project name"),
        (NewRobot("ci", "gone"), Code.NOT_FOUND, "no project gone"),
        (NewRobot("ci", "", (Gift("gone", "", PULL),)), Code.NOT_FOUND, "no project gone"),
        (NewRobot("ci", "acme", (Gift("other", "", PULL),)), Code.REQUEST_INVALID, "lie in"),
        (NewRobot("ci", "acme", (Gift("*", "", PULL),)), Code.REQUEST_INVALID, "lie in"),
        (NewRobot("ci", "acme", (Gift("acme-2/x", "", PULL),)), Code.REQUEST_INVALID, "lie in"),
        (NewRobot("ci", "acme", (Gift("acme", "king"),)), Code.REQUEST_INVALID, "no role"),
        (NewRobot("ci", "acme", (Gift("acme"),)), Code.REQUEST_INVALID, "what is given"),
        (NewRobot("ci", "acme", (Gift("acme", "", ("fly",)),)), Code.REQUEST_INVALID, "no perm"),
        (NewRobot("ci", "acme", expires_at=1.0), Code.REQUEST_INVALID, "expired"),
        (NewRobot("ci", "acme", networks=("10.0.0.1/8",)), Code.REQUEST_INVALID, "network"),
    ],
    ids=str,
)
async def test_what_is_no_robot_is_told_why(
    plant: Plant, new: NewRobot, code: Code, word: str
) -> None:
    assert word in await refusal(code, plant.robots.create(new, acting(ROOT)))
    assert await plant.robots.page(None, "", 10) == []
    assert [line for line in await plant.audit() if line[0].startswith("robot.")] == []


async def test_there_is_one_robot_of_a_name(plant: Plant) -> None:
    secret = await plant.robot()
    again = plant.robots.create(NewRobot("ci", "acme"), acting(ROOT))
    assert "already" in await refusal(Code.CONFLICT, again)
    await plant.login(NAME, secret)
    await plant.robot("ci", "other", Gift("other", "", PULL))
    await plant.robot("ci", "", Gift("*", "", PULL))


async def test_i13_robots_and_grants_are_bounded(plant: Plant) -> None:
    gifts = tuple(Gift(f"acme/{number}", "", PULL) for number in range(ROBOT_GRANTS_MAX + 1))
    new = NewRobot("ci", "acme", gifts)
    assert "at most" in await refusal(Code.REQUEST_INVALID, plant.robots.create(new, acting(ROOT)))
    await plant.robots.create(replace(new, gifts=gifts[1:]), acting(ROOT))
    for number in range(PROJECT_ROBOTS_MAX - 1):
        await plant.robots.create(NewRobot(f"ci{number}", "acme"), acting(ROOT))
    more = plant.robots.create(NewRobot("more", "acme"), acting(ROOT))
    assert "robots already" in await refusal(Code.DENIED, more)
    await plant.robot("more", "other", Gift("other", "", PULL))


async def test_a_changed_robots_tokens_are_dead(plant: Plant) -> None:
    secret = await plant.robot()
    for change in (
        RobotChange(gifts=(Gift("acme", "", PUSH),)),
        RobotChange(networks=("10.0.0.0/8", "unix")),
        RobotChange(expires=True, expires_at=plant.clock.now() + 100),
    ):
        bearer = await plant.bearer(NAME, secret)
        # In the same instant, as far as the clock can tell.
        await plant.robots.change(NAME, change, acting(ROOT))
        assert await plant.is_dead(bearer), change
        assert not await plant.is_dead(await plant.bearer(NAME, secret))


async def test_a_description_changes_nothing_else(plant: Plant) -> None:
    bearer = await plant.bearer(NAME, await plant.robot())
    view = await plant.robots.change(NAME, RobotChange(description="of the\nCI"), acting(ROOT))
    assert view.robot.description == "of the\\nCI"
    assert not await plant.is_dead(bearer)


async def test_a_robot_switched_off_is_out_until_it_is_on(plant: Plant) -> None:
    secret = await plant.robot()
    bearer = await plant.bearer(NAME, secret)
    await plant.robots.change(NAME, RobotChange(enabled=False), acting(ROOT))
    assert "switched off" in await plant.refused_login(NAME, secret)
    assert await plant.is_dead(bearer)
    await plant.robots.change(NAME, RobotChange(enabled=True), acting(ROOT))
    await plant.login(NAME, secret)
    assert await plant.is_dead(bearer)


async def test_a_robot_ends_when_it_was_said(plant: Plant) -> None:
    ends = plant.clock.now() + 100
    new = NewRobot("ci", "acme", (Gift("acme", "", PUSH),), expires_at=ends)
    _, secret = await plant.robots.create(new, acting(ROOT))
    bearer = await plant.bearer(NAME, secret)
    plant.clock.seconds = ends - 1
    await plant.login(NAME, secret)
    plant.clock.seconds = ends
    assert "expired" in await plant.refused_login(NAME, secret)
    assert await plant.is_dead(bearer)


async def test_networks_are_asked_for(plant: Plant) -> None:
    secret = await plant.robot()
    await plant.robots.change(NAME, RobotChange(networks=("10.0.0.0/8",)), acting(ROOT))
    inside = await plant.login(NAME, secret, "10.1.2.3")
    assert await plant.may(inside, Permission.PUSH)
    outside = await plant.login(NAME, secret, "192.0.2.1")
    assert not await plant.may(outside, Permission.PUSH)


async def test_rotating_ends_the_old_secret_at_once_or_later(plant: Plant) -> None:
    first = await plant.robot()
    _, second = await plant.robots.rotate(NAME, acting(ROOT))
    assert "wrong" in await plant.refused_login(NAME, first)
    bearer = await plant.bearer(NAME, second)
    _, third = await plant.robots.rotate(NAME, acting(ROOT), overlap_seconds=60)
    assert len((await plant.view()).secrets) == 2
    await plant.login(NAME, second)
    assert not await plant.is_dead(bearer)
    plant.clock.seconds += 60
    assert "expired" in await plant.refused_login(NAME, second)
    assert await plant.is_dead(bearer)
    await plant.login(NAME, third)


async def test_there_are_never_more_than_two_secrets(plant: Plant) -> None:
    secrets = [await plant.robot()]
    for _ in range(4):
        made = await plant.robots.rotate(NAME, acting(ROOT), overlap_seconds=OVERLAP_MAX_SECONDS)
        secrets.append(made[1])
        assert len(made[0].secrets) == 2
    for secret in secrets[:-2]:
        await plant.refused_login(NAME, secret)
    for secret in secrets[-2:]:
        await plant.login(NAME, secret)


async def test_a_new_secret_ends_an_overlap_that_is_over(plant: Plant) -> None:
    await plant.robot()
    await plant.robots.rotate(NAME, acting(ROOT), overlap_seconds=60)
    plant.clock.seconds += 61
    view, _ = await plant.robots.rotate(NAME, acting(ROOT), overlap_seconds=60)
    assert [one.expires_at for one in view.secrets].count(None) == 1
    assert all((one.expires_at or 1e99) > plant.clock.now() for one in view.secrets)


@pytest.mark.parametrize("seconds", [-1.0, OVERLAP_MAX_SECONDS + 1])
async def test_an_overlap_has_bounds(plant: Plant, seconds: float) -> None:
    await plant.robot()
    attempt = plant.robots.rotate(NAME, acting(ROOT), overlap_seconds=seconds)
    await refusal(Code.REQUEST_INVALID, attempt)


async def test_a_robot_rotates_its_own_secret(plant: Plant) -> None:
    secret = await plant.robot()
    itself = await plant.login(NAME, secret)
    _, new = await plant.robots.rotate(NAME, acting(itself))
    await plant.refused_login(NAME, secret)
    await plant.login(NAME, new)
    # By its bearer token it is not itself enough.
    token, _ = await plant.bearer(NAME, new)
    carried = await plant.people.access.identify(f"Bearer {token}")
    await refusal(Code.DENIED, plant.robots.rotate(NAME, acting(carried)))


async def test_a_removed_robot_leaves_nothing(plant: Plant) -> None:
    secret = await plant.robot()
    bearer = await plant.bearer(NAME, secret)
    await plant.robots.remove(NAME, acting(ROOT))
    assert await plant.is_dead(bearer)
    await plant.refused_login(NAME, secret)
    assert await plant.grants_to(NAME) == []
    # One of its name made in the same instant is another one.
    other = await plant.robot("ci", "acme", Gift("acme", "", PULL))
    await plant.refused_login(NAME, secret)
    assert await plant.is_dead(bearer)
    await plant.login(NAME, other)
    await refusal(Code.NOT_FOUND, plant.robots.remove("robot$nobody", acting(ROOT)))
    await refusal(Code.NOT_FOUND, plant.robots.find("robot$nobody"))


async def test_a_removed_project_takes_its_robots_along(plant: Plant) -> None:
    secret = await plant.robot()
    wide = await plant.robot("ci", "", Gift("acme", "", PULL), Gift("other", "", PULL))
    await ProjectService(plant.people.catalog, plant.clock).remove("acme", acting(ROOT))
    await plant.refused_login(NAME, secret)
    assert [one.robot.name for one in await plant.robots.page(None, "", 10)] == ["robot$ci"]
    robot = await plant.login("robot$ci", wide)
    assert not await plant.may(robot, Permission.PULL)


async def test_last_use_is_known_after_a_flush(plant: Plant) -> None:
    secret = await plant.robot()
    assert (await plant.view()).used_at is None
    plant.clock.seconds += 5
    await plant.login(NAME, secret)
    await plant.people.gate.authenticator.flush()
    assert (await plant.view()).used_at == plant.clock.now()


async def test_each_change_is_a_line_without_a_secret(plant: Plant) -> None:
    secrets = [await plant.robot()]
    await plant.robots.change(NAME, RobotChange(enabled=True), acting(ROOT))
    secrets.append((await plant.robots.rotate(NAME, acting(ROOT)))[1])
    await plant.robots.remove(NAME, acting(ROOT))
    lines = [line for line in await plant.audit() if line[0].startswith("robot.")]
    assert [line[:2] for line in lines] == [
        (f"robot.{what}", NAME) for what in ("created", "changed", "rotated", "removed")
    ]
    assert '"acme/web/**"' in lines[0][2]
    for secret in secrets:
        assert secret not in repr(lines)
        assert secret[20:] not in repr(lines)


async def test_who_runs_a_project_makes_its_robots(plant: Plant) -> None:
    alice = await plant.owner()
    view, _ = await plant.robots.create(
        NewRobot("ci", "acme", (Gift("acme", PROJECT_ADMIN),)), acting(alice)
    )
    assert view.robot.created_by == "alice"
    wide = NewRobot("all", "", (Gift("*", "", PULL),))
    assert "cannot give" in await refusal(Code.DENIED, plant.robots.create(wide, acting(alice)))


async def test_nobody_touches_a_robot_that_holds_what_they_lack(plant: Plant) -> None:
    bob = await plant.user("bob", Gift("acme", "", (Permission.ROBOT_MANAGE.value, *PULL)))
    await plant.robot()
    acts = [
        plant.robots.change(NAME, RobotChange(description="mine"), acting(bob)),
        plant.robots.change(NAME, RobotChange(gifts=(Gift("acme", "", PULL),)), acting(bob)),
        plant.robots.rotate(NAME, acting(bob)),
        plant.robots.remove(NAME, acting(bob)),
    ]
    for attempt in acts:
        await refusal(Code.DENIED, attempt)
    await plant.robot("narrow", "acme", Gift("acme", "", PULL))
    await plant.robots.rotate("robot$acme+narrow", acting(bob))


async def test_a_robot_makes_robots_with_what_it_has(plant: Plant) -> None:
    gift = Gift("acme", "", (Permission.ROBOT_MANAGE.value, *PULL))
    maker = await plant.login(NAME, await plant.robot("ci", "acme", gift))
    new = NewRobot("child", "acme", (Gift("acme/web/**", "", PULL),))
    view, _ = await plant.robots.create(new, acting(maker))
    assert view.robot.created_by == NAME
    wider = replace(new, name="wider", gifts=(Gift("acme", "", PUSH),))
    await refusal(Code.DENIED, plant.robots.create(wider, acting(maker)))


async def test_a_robot_that_ends_makes_none_that_lasts_longer(plant: Plant) -> None:
    ends = plant.clock.now() + 100
    given = NewRobot("ci", "acme", (Gift("acme", PROJECT_ADMIN),), expires_at=ends)
    maker = await plant.login(NAME, (await plant.robots.create(given, acting(ROOT)))[1])
    for at in (None, ends + 1):
        new = NewRobot("child", "acme", expires_at=at)
        await refusal(Code.DENIED, plant.robots.create(new, acting(maker)))
        longer = RobotChange(expires=True, expires_at=at)
        await refusal(Code.DENIED, plant.robots.change(NAME, longer, acting(maker)))
    await plant.robots.create(NewRobot("child", "acme", expires_at=ends), acting(maker))
    await plant.robots.change(NAME, RobotChange(description="x"), acting(maker))


async def test_who_kept_an_old_secret_does_not_get_a_new_one_for_it(plant: Plant) -> None:
    old = await plant.robot("ci", "acme", Gift("acme", PROJECT_ADMIN))
    _, new = await plant.robots.rotate(NAME, acting(ROOT), overlap_seconds=60)
    thief, owner = await plant.login(NAME, old), await plant.login(NAME, new)
    await refusal(Code.DENIED, plant.robots.rotate(NAME, acting(thief)))
    await plant.robots.rotate(NAME, acting(owner))
    await refusal(Code.DENIED, plant.robots.rotate(NAME, acting(thief)))


async def test_networks_are_handed_on(plant: Plant) -> None:
    gift = Gift("acme", PROJECT_ADMIN)
    secret = await plant.robot("ci", "acme", gift)
    await plant.robot("free", "acme", gift)
    await plant.robots.change(NAME, RobotChange(networks=("10.0.0.0/8",)), acting(ROOT))
    maker = await plant.login(NAME, secret, "10.0.0.1")
    view, _ = await plant.robots.create(NewRobot("a", "acme"), acting(maker))
    assert view.robot.networks == ("10.0.0.0/8",)
    narrow = NewRobot("b", "acme", networks=("10.1.0.0/16",))
    await plant.robots.create(narrow, acting(maker))
    wide = NewRobot("c", "acme", networks=("10.0.0.0/8", "192.0.2.0/24"))
    await refusal(Code.DENIED, plant.robots.create(wide, acting(maker)))
    # Nor does it get the secret of one that is taken from elsewhere.
    await refusal(Code.DENIED, plant.robots.rotate("robot$acme+free", acting(maker)))


async def test_a_workload_makes_no_robot(plant: Plant) -> None:
    workload = Identity("workload:gh:x", kind=Kind.WORKLOAD)
    new = NewRobot("ci", "acme", (Gift("acme", "", PULL),))
    await refusal(Code.DENIED, plant.robots.create(new, acting(workload)))
