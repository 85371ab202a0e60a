"""`entrepot trash`, `repo` and `project`."""

import pytest

from entrepot.faces.cli.projects import projects
from entrepot.faces.cli.trash import repositories, trash
from entrepot.oci.name import RepositoryName
from entrepot.ports.projects import Project
from tests.faces.cli.shop import Shop
from tests.services.house import ALICE

NAME = RepositoryName("team/app")


async def test_a_repository_is_deleted_listed_and_restored(lifeshop: Shop) -> None:
    one = await lifeshop.lifecycle.push("v", "one", NAME)
    plan = await lifeshop.said(repositories, "delete", "team/app", "--dry-run")
    assert plan.startswith("manifests of team/app that would go to the trash: 1; ")
    assert "nothing was changed" in plan
    cost = await lifeshop.asked(repositories, "delete", "team/app", "--dry-run")
    assert cost["manifests"] == 1
    assert await lifeshop.asked(trash, "list") == []
    told = await lifeshop.said(repositories, "delete", "team/app", "--wait")
    assert "job 1 (repository.delete) is done: deleted 1" in told
    table = (await lifeshop.said(trash, "list")).splitlines()
    assert table[1].split()[:3] == ["1", "team/app:v", "-"]
    assert table[2].split()[:3] == ["2", f"team/app@{one[:19]}", "-"]
    assert table[2].endswith("job:1")
    told = await lifeshop.said(trash, "restore", "--batch", "job:1", "--wait")
    assert "restored 1" in told
    assert await lifeshop.asked(trash, "list") == []


async def test_entries_are_restored_by_their_ids(lifeshop: Shop) -> None:
    one = await lifeshop.lifecycle.push("v", "one", NAME)
    await lifeshop.lifecycle.house.deletion.delete(NAME, one, ALICE)
    two = await lifeshop.lifecycle.push("v", "two", NAME)
    assert await lifeshop.said(trash, "restore", "1") == (
        f"restored team/app@{one}\ntag team/app:v points elsewhere by now, and was left so\n"
    )
    assert two
    gone = await lifeshop.run(trash, "restore", "1")
    assert gone.exit_code == 1
    assert "entry 1 is not in the trash" in gone.stderr


async def test_what_is_purged_is_shown_before(lifeshop: Shop) -> None:
    for label in ("one", "two"):
        digest = await lifeshop.lifecycle.push("v", label, NAME)
        await lifeshop.lifecycle.house.deletion.delete(NAME, digest, ALICE)
    plan = await lifeshop.said(trash, "purge", "1", "--dry-run")
    assert plan.splitlines()[-1] == "entries that would be purged: 1; nothing was changed"
    assert len(await lifeshop.asked(trash, "list")) == 2
    assert await lifeshop.said(trash, "purge", "1") == "entries purged: 1\n"
    told = await lifeshop.said(trash, "purge", "--all-due", "--wait")
    assert "job 1 (trash.purge) is done" in told
    assert [entry["id"] for entry in await lifeshop.asked(trash, "list")] == [2]
    lifeshop.lifecycle.house.clock.seconds += 15 * 86400
    job = await lifeshop.asked(trash, "purge", "--all-due", "--wait")
    assert job["progress"]["purged"] == 1


async def test_a_project_is_deleted(lifeshop: Shop) -> None:
    await lifeshop.lifecycle.push("v", "one", NAME)
    assert "nothing was changed" in await lifeshop.said(projects, "delete", "team", "--dry-run")
    told = await lifeshop.said(projects, "delete", "team")
    assert told.startswith("job 1 (project.delete) is waiting for its turn")
    gone = await lifeshop.run(projects, "delete", "none", "--dry-run")
    assert gone.exit_code == 1
    assert "there are no manifests in none" in gone.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("restore",),
        ("restore", "1", "--batch", "job:1"),
        ("purge",),
        ("purge", "1", "--all-due"),
        ("purge", "one"),
    ],
    ids=str,
)
async def test_a_misuse_is_status_2(lifeshop: Shop, words: tuple[str, ...]) -> None:
    done = await lifeshop.run(trash, *words)
    assert done.exit_code == 2
    assert "Usage:" in done.stderr


async def test_an_empty_project_is_removed_at_once(lifeshop: Shop) -> None:
    async with lifeshop.lifecycle.house.catalog.begin(write=True) as tx:
        await tx.projects.add(
            Project("team", public=False, networks=(), created_at=1.0, created_by="alice")
        )
    told = await lifeshop.said(projects, "delete", "team")
    assert told == "project team removed; nothing was in it\n"
