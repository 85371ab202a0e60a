"""What is visible all at once is what the one decision says of each."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from entrepot.rules.access import Grant, Identity, Kind
from entrepot.rules.areas import Target
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import BUILT_IN, Role
from entrepot.services.visibility import VisibilityService
from tests.services.granting import EVERYONE, GROUP, USER, Ground, acting, open_ground

NAMES = ("acme", "beta", "gamma", "delta")


@pytest.fixture
async def ground() -> AsyncIterator[Ground]:
    async with open_ground() as made:
        for name in NAMES:
            await made.projects.create(name, acting())
        yield made


@pytest.fixture
def visibility(ground: Ground) -> VisibilityService:
    return VisibilityService(ground.catalog, ground.people.accounts.watch)


async def check(ground: Ground, visibility: VisibilityService, identity: Identity) -> set[str]:
    """Return which projects are visible; AssertionError where the decision says otherwise."""
    may = ground.people.access.permits
    seen = {}
    for permission in (Permission.AUDIT_READ, Permission.REPOSITORY_LIST, Permission.PROJECT_READ):
        found = await visibility.projects(identity, permission)
        seen[permission] = set(NAMES) if found is None else set(NAMES) & found
        decided = {name for name in NAMES if await may(identity, permission, Target(name))}
        assert seen[permission] == decided
        assert found == await ground.people.access.places(identity, permission)
    return seen[Permission.PROJECT_READ]


async def test_grants_in_person_by_groups_and_to_everyone(
    ground: Ground, visibility: VisibilityService
) -> None:
    bob = Identity("bob", Role.USER, kind=Kind.USER)
    assert await check(ground, visibility, bob) == set()
    await ground.give("bob", "limitedGuest", "acme")
    assert await check(ground, visibility, bob) == {"acme"}
    await ground.group("web", "bob")
    await ground.give("web", "guest", "beta", GROUP)
    await ground.give("", "guest", "gamma", EVERYONE)
    await ground.give("bob", "projectAdmin", "delta/app/**")
    assert await check(ground, visibility, bob) == {"acme", "beta", "gamma"}
    assert await check(ground, visibility, Identity()) == {"gamma"}
    limits = (Grant("acme", BUILT_IN["guest"]), Grant("delta", BUILT_IN["guest"]))
    assert await check(ground, visibility, replace(bob, limits=limits)) == {"acme"}
    pulls = (Grant("*", frozenset({Permission.PULL})),)
    assert await check(ground, visibility, replace(bob, limits=pulls)) == set()
    await ground.give("bob", "guest", "*")
    assert await check(ground, visibility, bob) == set(NAMES)
    assert await check(ground, visibility, replace(bob, limits=limits)) == {"acme", "delta"}


async def test_roles_of_accounts(ground: Ground, visibility: VisibilityService) -> None:
    await ground.give("guest", "guest", "acme", USER)
    for role in Role:
        identity = Identity(role.value, role, kind=Kind.USER)
        seen = await check(ground, visibility, identity)
        assert seen == (set() if role is Role.USER else set(NAMES))


async def test_tokens_are_for_images(ground: Ground, visibility: VisibilityService) -> None:
    admin = Identity("root", Role.ADMIN, grants=(), kind=Kind.USER)
    assert await check(ground, visibility, admin) == set()


async def test_other_kinds(ground: Ground, visibility: VisibilityService) -> None:
    for kind in (Kind.ROBOT, Kind.WORKLOAD):
        assert await check(ground, visibility, Identity("robot$x", kind=kind)) == set()
