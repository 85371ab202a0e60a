"""Projects that a first push makes."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.projects import Project
from entrepot.rules.permissions import Permission
from entrepot.services.context import Caller
from entrepot.services.founding import enter_project, find_place, found_project, was_used
from tests.services.granting import Ground, open_ground

APP = RepositoryName("acme/app")
ALICE = Caller("alice", founds=True, creates=True)


@pytest.fixture
async def ground() -> AsyncIterator[Ground]:
    async with open_ground() as made:
        yield made


async def enter(ground: Ground, caller: Caller) -> None:
    async with ground.catalog.begin(write=True) as tx:
        await enter_project(tx, await find_place(tx, APP), caller, 1.0)


async def test_the_first_to_push_runs_the_project_at_once(ground: Ground) -> None:
    assert await ground.may("bob", Permission.PUSH, APP)  # it is nobody's: bob would make it
    await enter(ground, ALICE)
    assert await ground.may("alice", Permission.DELETE, APP)
    assert not await ground.may("bob", Permission.PUSH, APP)
    await enter(ground, ALICE)
    await enter(ground, replace(ALICE, founds=False, creates=False))
    assert len(await ground.grants.page("acme", 0, 10)) == 1


async def test_a_project_that_a_push_made_is_in_the_audit_log_once(ground: Ground) -> None:
    await enter(ground, ALICE)
    await enter(ground, ALICE)
    assert await ground.log() == ["alice project.created acme"]


async def test_who_comes_second_in_a_race_does_not_enter(ground: Ground) -> None:
    await enter(ground, ALICE)
    with pytest.raises(Fault) as caught:
        await enter(ground, Caller("bob", founds=True, creates=True))
    assert caught.value.code is Code.DENIED
    assert "somebody else has just made project acme" in caught.value.message
    await enter(ground, Caller("bob"))  # who has a grant by now


@pytest.mark.parametrize("maker", ["", "robot$ci", "workload:ci:repo", "operator"])
async def test_who_has_no_account_gives_nobody_a_grant(ground: Ground, maker: str) -> None:
    await enter(ground, Caller(maker, founds=True, creates=True))
    assert (await ground.projects.find("acme")).created_by == maker
    assert await ground.grants.page("acme", 0, 10) == []


async def test_a_project_is_found_once(ground: Ground) -> None:
    project = Project("acme", public=False, networks=(), created_at=1.0, created_by="alice")
    async with ground.catalog.begin(write=True) as tx:
        assert await found_project(tx, project)
        assert not await found_project(tx, replace(project, created_by="bob"))
    assert [row.subject for row in await ground.grants.page("acme", 0, 10)] == ["alice"]


async def test_a_removed_projects_name_is_not_had_by_a_push(ground: Ground) -> None:
    async with ground.catalog.begin(write=True) as tx:
        await tx.repositories.ensure(RepositoryName("acme/old"), 1.0)
        assert await was_used(tx, "acme")
        assert not await was_used(tx, "acme-2")
    with pytest.raises(Fault) as caught:
        await enter(ground, ALICE)
    assert caught.value.code is Code.DENIED
    assert await ground.projects.page("", 10) == []
    await enter(ground, Caller("root"))  # an administrator


async def test_who_may_only_push_everywhere_does_not_run_what_their_push_makes(
    ground: Ground,
) -> None:
    await enter(ground, Caller("dev"))
    assert (await ground.projects.find("acme")).created_by == "dev"
    assert await ground.grants.page("acme", 0, 10) == []
