"""Attack: more rights by robots and tokens; secrets that outlive their end."""

import itertools
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.rules.access import Identity
from entrepot.rules.areas import REGISTRY, Target
from entrepot.rules.credentials import make, read
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import OF_ACCOUNT, PROJECT_ADMIN, Role
from entrepot.services.access_tokens import NewToken
from entrepot.services.robotparts import Gift, NewRobot, RobotChange
from entrepot.services.robots import RobotService
from entrepot.services.standing import LimitGrant
from tests.faces.manage.machines import Desk, basic
from tests.services.machines import PULL, ROOT, Plant, acting, open_plant, refusal
from tests.services.people import PASSWORD

NAME = "robot$acme+ci"
SCOPES = (
    "*",
    "acme",
    "other",
    "acme/**",
    "acme/web/**",
    "acme/web/*",
    "acme/*/app",
    "acme/web/app",
    "other/web/app",
)
TARGETS = (
    REGISTRY,
    *(Target(name) for name in ("acme", "other", "acme-2", "library")),
    *(
        Target.of(RepositoryName(name))
        for name in ("acme/web/app", "acme/web/x/y", "acme/app", "other/web/app", "library/app")
    ),
)
ACTS = (Permission.PULL, Permission.PUSH, Permission.GRANT_MANAGE, Permission.USER_MANAGE)
PAIRS = st.tuples(st.sampled_from(ACTS), st.sampled_from(SCOPES))


@pytest.fixture
async def plant() -> AsyncIterator[Plant]:
    async with open_plant() as made:
        yield made


def gifts(pairs: "list[tuple[Permission, str]]") -> tuple[Gift, ...]:
    return tuple(
        Gift(scope, "", tuple(permission.value for permission, other in pairs if other == scope))
        for scope in dict.fromkeys(scope for _, scope in pairs)
    )


async def reach(plant: Plant, identity: Identity) -> set[tuple[Permission, Target]]:
    """Return all that somebody may do of what is looked at."""
    return {
        (permission, target)
        for permission, target in itertools.product(ACTS, TARGETS)
        if await plant.may(identity, permission, target)
    }


async def test_every_permission_in_every_scope_that_the_maker_lacks_is_refused(
    plant: Plant,
) -> None:
    bob = await plant.user("bob", Gift("acme", "", (Permission.ROBOT_MANAGE.value,)))
    for permission, scope in itertools.product(Permission, SCOPES):
        held = (permission, scope.partition("/")[0]) == (Permission.ROBOT_MANAGE, "acme")
        if held or permission in OF_ACCOUNT[Role.USER]:
            continue
        new = NewRobot("ci", "", gifts([(permission, scope)]))
        await refusal(Code.DENIED, plant.robots.create(new, acting(bob)))
    assert await plant.robots.page(None, "", 10) == []


@settings(
    max_examples=100, deadline=timedelta(seconds=5), suppress_health_check=[HealthCheck.too_slow]
)
@given(
    st.lists(PAIRS, max_size=4, unique=True),
    st.lists(PAIRS, min_size=1, max_size=3, unique=True),
    st.booleans(),
)
async def test_a_robot_never_does_what_its_maker_may_not(
    held: "list[tuple[Permission, str]]",
    wanted: "list[tuple[Permission, str]]",
    by_robot: bool,
) -> None:
    async with open_plant() as plant:
        if by_robot:
            maker = await plant.login("robot$m", await plant.robot("m", "", *gifts(held)))
            before = await reach(plant, maker)
        else:
            maker = await plant.user("bob", *gifts(held))
            before = await reach(plant, maker)
        await plant.robot("old", "", Gift("other", "", PULL))
        for attempt in ("create", "change"):
            name = f"robot${'ci' if attempt == 'create' else 'old'}"
            try:
                if attempt == "create":
                    new = NewRobot("ci", "", gifts(wanted))
                    await plant.robots.create(new, acting(maker))
                else:
                    change = RobotChange(gifts=gifts(wanted))
                    await plant.robots.change(name, change, acting(maker))
            except Fault as fault:
                if fault.code is not Code.DENIED:
                    raise
                continue
            _, secret = await plant.robots.rotate(name, acting(maker))
            assert await reach(plant, await plant.login(name, secret)) <= before


@settings(
    max_examples=100, deadline=timedelta(seconds=5), suppress_health_check=[HealthCheck.too_slow]
)
@given(
    st.lists(PAIRS, max_size=4, unique=True),
    st.lists(PAIRS, min_size=1, max_size=3, unique=True),
    st.lists(PAIRS, min_size=1, max_size=3, unique=True),
)
async def test_an_access_token_never_does_what_its_owner_or_its_maker_may_not(
    held: "list[tuple[Permission, str]]",
    first: "list[tuple[Permission, str]]",
    second: "list[tuple[Permission, str]]",
) -> None:
    async with open_plant() as plant:
        bob = await plant.user("bob", *gifts(held))
        maker, bounds = bob, await reach(plant, bob)
        for pairs in (first, second):
            limits = tuple(LimitGrant(scope, "", (one.value,)) for one, scope in pairs)
            try:
                _, secret = await plant.tokens.create(NewToken("x", limits=limits), acting(maker))
            except Fault as fault:
                if fault.code is not Code.DENIED or maker is bob:
                    raise
                return
            maker = await plant.login("bob", secret)
            now = await reach(plant, maker)
            assert now <= bounds
            bounds = now


async def test_an_access_token_makes_no_robot_that_does_more(plant: Plant) -> None:
    alice = await plant.owner()
    manage = (Permission.ROBOT_MANAGE.value, *PULL)
    limits = (LimitGrant("acme", "", manage),)
    _, secret = await plant.tokens.create(NewToken("x", limits=limits), acting(alice))
    narrow = await plant.login("alice", secret)
    wide = NewRobot("ci", "acme", (Gift("acme", PROJECT_ADMIN),))
    await refusal(Code.DENIED, plant.robots.create(wide, acting(narrow)))
    await plant.robots.create(wide, acting(alice))
    await refusal(Code.DENIED, plant.robots.rotate(NAME, acting(narrow)))
    small = NewRobot("small", "acme", (Gift("acme/web/**", "", PULL),))
    await plant.robots.create(small, acting(narrow))


async def test_an_owner_who_loses_a_role_takes_it_from_their_tokens(plant: Plant) -> None:
    alice = await plant.owner()
    _, secret = await plant.tokens.create(NewToken("x"), acting(alice))
    bearer, _ = await plant.bearer("alice", secret)
    async with plant.people.catalog.begin(write=True) as tx:
        await tx.grants.forget_project("acme")
        await tx.epochs.advance("access")
    assert not await plant.may(await plant.login("alice", secret), Permission.PULL)
    carried = await plant.people.access.identify(f"Bearer {bearer}")
    assert not await plant.may(carried, Permission.PULL)


async def test_the_right_secret_of_somebody_else_is_refused_like_a_wrong_one(plant: Plant) -> None:
    secret = await plant.robot()
    await plant.robot("other", "acme", Gift("acme", "", PULL))
    alice = await plant.owner()
    _, token = await plant.tokens.create(NewToken("x"), acting(alice))
    found = read(secret)
    assert found is not None
    forged = make(found[0], found[1], "0" * 64)
    messages = {
        await plant.refused_login(name, shown)
        for name, shown in (
            ("robot$acme+other", secret),
            ("alice", secret),
            ("robot$ci", secret),
            ("", secret),
            ("ROBOT$acme+ci", secret),
            ("root", token),
            (NAME, token),
            (NAME, forged),
            (NAME, make(found[0], "0" * 16, "0" * 64)),
            (NAME, secret[:-1]),
            (NAME, PASSWORD),
            (NAME, ""),
        )
    }
    assert len(messages) == 1


async def test_another_process_knows_at_once_that_a_robot_is_out(plant: Plant) -> None:
    secret = await plant.robot()
    bearer = await plant.bearer(NAME, secret)
    other = plant.people.restarted()
    await other.access.identify(f"Bearer {bearer[0]}")
    await plant.robots.change(NAME, RobotChange(enabled=False), acting(ROOT))
    for shown in (f"Bearer {bearer[0]}", basic(NAME, secret)["Authorization"]):
        with pytest.raises(Fault):
            await other.access.identify(shown)


async def test_a_secret_is_in_no_address_and_in_no_line_of_the_log(plant: Plant) -> None:
    await plant.owner()
    me = basic("alice", PASSWORD)
    grants = [{"scope": "acme", "permissions": [*PULL]}]
    body = {"name": "ci", "project": "acme", "grants": grants}
    answers = [
        await Desk(plant).ask("POST", "/robots", me, body),
        await Desk(plant).ask(
            "POST", "/robots/robot%24acme%2Bci/rotate", me, {"overlap_seconds": 60}
        ),
        await Desk(plant).ask("POST", "/tokens", me, {"label": "x"}),
        await Desk(plant).ask("POST", "/users/me/cli-secret", me, {}),
    ]
    secrets = []
    for answer in answers:
        assert answer.status in (200, 201), answer.body
        secrets.append(answer.json.pop("secret"))
        assert answer.header("Cache-Control") == "no-store"
        assert secrets[-1] not in (answer.header("Location") or "")
    seen = [repr(await plant.audit())]
    for path in ("/robots?project=acme", "/robots/robot%24acme%2Bci", "/tokens"):
        answer = await Desk(plant).ask("GET", path, me)
        assert answer.status == 200
        seen.append(answer.body.decode())
    for secret in secrets:
        # The id is public; what follows it is not.
        assert not any(secret[20:] in text for text in seen)


@pytest.mark.parametrize("state", ["removed", "disabled", "expired", "rotated"])
async def test_who_is_out_changes_nothing_any_more(plant: Plant, state: str) -> None:
    manage = (Permission.ROBOT_MANAGE.value, Permission.ROBOT_READ.value)
    secret = await plant.robot("ci", "acme", Gift("acme", "", manage))
    me = basic(NAME, secret)
    assert (await Desk(plant).ask("GET", "/robots?project=acme", me)).status == 200
    robots: RobotService = plant.robots
    if state == "removed":
        await robots.remove(NAME, acting(ROOT))
    elif state == "disabled":
        await robots.change(NAME, RobotChange(enabled=False), acting(ROOT))
    elif state == "expired":
        end = RobotChange(expires=True, expires_at=plant.clock.now() + 1)
        await robots.change(NAME, end, acting(ROOT))
        plant.clock.seconds += 1
    else:
        await robots.rotate(NAME, acting(ROOT))
    for method, path, body in (
        ("GET", "/robots?project=acme", None),
        ("POST", "/robots", {"name": "x", "project": "acme"}),
        ("POST", "/robots/robot%24acme%2Bci/rotate", {}),
        ("DELETE", "/robots/robot%24acme%2Bci", None),
    ):
        assert (await Desk(plant).ask(method, path, me, body)).status == 401
