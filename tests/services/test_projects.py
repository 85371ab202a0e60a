"""Projects are made, changed and removed, and their makers run them."""

from collections.abc import AsyncIterator, Awaitable

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.robots import Credential, CredentialKind, Robot
from entrepot.rules.access import Kind
from entrepot.rules.permissions import Permission
from entrepot.rules.subjects import SubjectKind
from entrepot.services.policies import PolicyService
from entrepot.services.projects import ProjectService
from tests.services.granting import ALICE, BOB, ROOT, Ground, acting, open_ground
from tests.services.house import ALICE as CALLER
from tests.services.house import APP, House


@pytest.fixture
async def ground() -> AsyncIterator[Ground]:
    async with open_ground() as made:
        yield made


async def refused(call: Awaitable[object], code: Code) -> str:
    with pytest.raises(Fault) as caught:
        await call
    assert caught.value.code is code, caught.value
    return caught.value.message


async def test_the_maker_runs_the_project_and_nobody_else_does(ground: Ground) -> None:
    made = await ground.projects.create("acme", ALICE, networks=("10.0.0.0/8", "::1"))
    assert (made.networks, made.public) == (("10.0.0.0/8", "::1/128"), False)
    assert await ground.projects.find("acme") == made
    assert await ground.may("bob", Permission.PULL, "acme/app") is False
    (row,) = await ground.grants.page("acme", 0, 10)
    assert (row.subject, row.role) == ("alice", "projectAdmin")
    assert await ground.log() == ["alice project.created acme"]


async def test_the_operator_gives_no_user_anything_by_making_a_project(ground: Ground) -> None:
    await ground.projects.create("acme", acting("operator"))
    assert await ground.grants.page("acme", 0, 10) == []
    assert not (await ground.facts("operator", "acme")).grants


async def test_robots_make_projects_that_administrators_run(ground: Ground) -> None:
    await ground.projects.create("acme", acting("robot$ci", None, kind=Kind.ROBOT))
    assert await ground.grants.page("acme", 0, 10) == []


@pytest.mark.parametrize("name", ["", "Acme", "a/b", "*", "а", "a..b", "-a", "a" * 300])
async def test_names_that_are_none(ground: Ground, name: str) -> None:
    await refused(ground.projects.create(name, ALICE), Code.NAME_INVALID)


async def test_a_name_is_taken_once(ground: Ground) -> None:
    await ground.projects.create("acme", ALICE)
    assert "already" in await refused(ground.projects.create("acme", BOB), Code.CONFLICT)
    assert len(await ground.grants.page("acme", 0, 10)) == 1


async def test_a_change_is_seen_at_once_and_none_is_not_logged(ground: Ground) -> None:
    await ground.projects.create("acme", ALICE)
    assert not await ground.may("bob", Permission.PULL, "acme/app")
    await ground.projects.change("acme", ALICE, public=True)
    assert await ground.may("bob", Permission.PULL, "acme/app")
    before = await ground.epoch()
    await ground.projects.change("acme", ALICE, public=True)
    assert await ground.epoch() == before
    await ground.projects.change("acme", ALICE, networks=("10.0.0.0/8",))
    assert not await ground.may("bob", Permission.PULL, "acme/app")
    await refused(ground.projects.change("acme", ALICE, networks=("x",)), Code.REQUEST_INVALID)
    await refused(ground.projects.change("none", ALICE, public=True), Code.NOT_FOUND)
    assert len(await ground.log()) == 3


async def test_library_is_made_once_and_stays(ground: Ground) -> None:
    for _ in range(2):
        await ground.projects.ensure_library()
    (found,) = await ground.projects.page("", 10)
    assert (found.name, found.created_by, found.public) == ("library", "", False)
    await refused(ground.projects.remove("library", ROOT), Code.DENIED)


async def test_an_empty_project_goes_with_grants_and_robots(ground: Ground) -> None:
    await ground.projects.create("acme", ALICE)
    await ground.projects.create("acme-2", ALICE)
    await ground.give("bob", "guest", "acme/web/**")
    await ground.give("bob", "guest", "acme-2")
    robot = Robot(0, "robot$acme+ci", "acme", "", (), True, None, 1.0, "alice", 1.0)
    secret = Credential("id", CredentialKind.ROBOT, robot.name, "", b"h", "", (), 1.0, None, None)
    async with ground.catalog.begin(write=True) as tx:
        await tx.robots.add(robot)
        await tx.credentials.add(secret)
    await ground.projects.remove("acme", ALICE)
    async with ground.catalog.begin() as tx:
        assert await tx.robots.find(robot.name) is None
        assert await tx.credentials.find("id") is None
    assert await ground.grants.page("acme", 0, 10) == []
    left = await ground.grants.of(SubjectKind.USER, "bob")
    assert [row.scope for row in left] == ["acme-2"]
    await refused(ground.projects.remove("acme", ALICE), Code.NOT_FOUND)


async def test_what_lies_in_it_and_in_the_trash_keeps_a_project(house: House) -> None:
    projects = ProjectService(house.catalog, house.clock)
    name = RepositoryName("acme/app")
    image = await house.add_image(Tag("v1"), [b"layer"], name)
    assert not await projects.is_empty("acme")
    assert "holds images" in await refused(projects.remove("acme", ROOT), Code.CONFLICT)
    await house.deletion.delete(name, image.digest, CALLER)
    assert await projects.is_empty("acme")
    assert "in the trash" in await refused(projects.remove("acme", ROOT), Code.CONFLICT)
    entries = await house.trash.page(limit=10)
    await house.purging.purge([entry.id for entry in entries], CALLER)
    await projects.remove("acme", ROOT)
    assert await projects.page("", 10) == []


async def test_the_history_of_a_removed_project_is_not_for_who_takes_its_name(
    house: House,
) -> None:
    projects = ProjectService(house.catalog, house.clock)
    name = RepositoryName("acme/app")
    async with house.catalog.begin(write=True) as tx:
        await tx.repositories.ensure(name, 1.0)
    assert "its name stays" in await refused(projects.create("acme", BOB), Code.DENIED)
    assert await projects.page("", 10) == []
    assert (await projects.create("acme", ROOT)).created_by == "root"


async def test_repositories_are_counted_where_there_is_something(house: House) -> None:
    projects = ProjectService(house.catalog, house.clock)
    assert await projects.repositories(["app", "none"]) == {"app": 0, "none": 0}
    await house.add_image(Tag("1"), [b"layer"])
    names = [APP.project, "none"]
    assert await projects.repositories(names) == {APP.project: 1, "none": 0}


async def test_the_next_of_a_name_starts_without_policies(ground: Ground) -> None:
    await ground.projects.create("acme", ALICE)
    policies = PolicyService(ground.people.catalog, ground.people.clock)
    await policies.put("acme", "aliases", {"minor": True}, ALICE.caller)
    text = {"text": "keep n: 1", "schedule": "0 1 * * *"}
    await policies.put("acme", "retention", text, ALICE.caller)
    await ground.projects.remove("acme", ALICE)
    assert await policies.all("acme") == []
    async with ground.people.catalog.begin() as tx:
        assert await tx.schedules.find("retention.acme") is None
