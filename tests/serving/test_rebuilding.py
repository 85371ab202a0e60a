"""A rebuild puts a new catalog in the old one's place, or leaves that as it was."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from entrepot.adapters.catalog import open_catalog, swapping
from entrepot.adapters.datadir import DataDirectory, DirectoryBusy
from entrepot.ports.accounts import Account
from entrepot.rules.access import Identity, Kind
from entrepot.rules.roles import Role
from entrepot.rules.subjects import SubjectKind
from entrepot.services.authority import Acting
from entrepot.services.context import Caller
from entrepot.services.grants import GrantService, Wanted
from entrepot.services.projects import ProjectService
from entrepot.serving.inspection import inspect
from entrepot.serving.rebuilding import rebuild
from tests.services.house import ALICE, HandClock
from tests.services.storehouse import NAMES, TAGS, dump, open_storehouse

APP = NAMES[0]


class Killed(Exception):
    """The process died."""


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """A registry with two images, one of them deleted, and a user."""
    async with open_storehouse(tmp_path) as house:
        gone = await house.add_image(APP, TAGS[0], [b"gone"])
        await house.add_image(APP, TAGS[1], [b"layer"])
        await house.deletion.delete(APP, gone.digest, ALICE)
        async with house.catalog.begin(write=True) as tx:
            await tx.accounts.add(Account("bob", Role.ADMIN, "hash", 1.0, 2.0))
    return tmp_path


async def test_it_is_the_same_and_the_old_one_is_kept(data: Path) -> None:
    before = dump(data / "catalog.db")
    for number in (1, 2):
        made = await rebuild(data, read=True, force=False)
        assert (made.is_swapped, made.report.accounts) == (True, 1)
        assert made.kept == data / f"catalog.db.before-rebuild-{number}"
        assert dump(data / "catalog.db") == dump(made.kept) == before
        assert await inspect(data, read=True) == ([], 0)
    assert not list(data.glob("*.rebuilding*"))


@pytest.mark.parametrize("harm", ["lost", "zeroed", "cut"])
async def test_without_a_catalog_that_can_be_read_only_accounts_are_lost(
    data: Path, harm: str
) -> None:
    before = dump(data / "catalog.db")
    path = data / "catalog.db"
    if harm == "lost":
        path.unlink()
    elif harm == "zeroed":
        path.write_bytes(bytes(path.stat().st_size))
    else:
        os.truncate(path, 5000)
    made = await rebuild(data, read=False, force=False)
    assert (made.is_swapped, made.report.accounts) == (True, None)
    assert (made.kept is None) == (harm == "lost")
    assert dump(path) == {**before, "accounts": []}
    assert await inspect(data, read=True) == ([], 0)


async def test_what_would_lose_something_is_not_put_in_the_old_ones_place(data: Path) -> None:
    before = dump(data / "catalog.db")
    shutil.rmtree(data / "blobs" / "sha256")
    made = await rebuild(data, read=False, force=False)
    assert (made.is_swapped, made.report.manifests.count) == (False, 1)
    assert dump(data / "catalog.db") == before
    assert not list(data.glob("*.rebuilding*"))
    assert (await rebuild(data, read=False, force=True)).is_swapped
    assert dump(data / "catalog.db")["manifests"] == []


async def test_a_server_that_runs_is_left_alone(data: Path) -> None:
    running = DataDirectory(data)
    with pytest.raises(DirectoryBusy):
        await rebuild(data, read=False, force=False)
    running.close()


async def test_nothing_is_made_where_no_registry_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await rebuild(tmp_path, read=False, force=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("step", range(9))
async def test_a_crash_at_any_step_of_the_swap_leaves_a_whole_catalog(
    data: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    before = dump(data / "catalog.db")
    steps = iter(range(100))

    def dying(work: Any) -> Any:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if next(steps) == step:
                raise Killed
            return work(*args, **kwargs)

        return wrapped

    with monkeypatch.context() as killing:
        for name in ("unlink", "replace", "hardlink_to"):
            killing.setattr(Path, name, dying(getattr(Path, name)))
        killing.setattr(swapping, "_sync", dying(swapping._sync))
        killing.setattr("entrepot.serving.rebuilding.begin_anew", _begin_anew)
        with pytest.raises(Killed):
            await rebuild(data, read=False, force=False)
    assert dump(data / "catalog.db") == before
    assert (await rebuild(data, read=False, force=False)).is_swapped
    assert dump(data / "catalog.db") == before


def _begin_anew(path: Path) -> Path:
    return path.with_name(f"{path.name}.rebuilding")


async def test_the_log_of_a_catalog_that_cannot_be_opened_is_not_played_into_the_new(
    data: Path,
) -> None:
    """Were it left beside the new file, SQLite would write its pages into that."""
    before = dump(data / "catalog.db")
    log = data / "catalog.db-wal"
    with closing(sqlite3.connect(data / "catalog.db", isolation_level=None)) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("DELETE FROM tags")
        shutil.copy(log, data / "saved")
    shutil.move(data / "saved", log)
    (data / "catalog.db").write_bytes(b"SQLite format 3\0" + bytes(5000))
    made = await rebuild(data, read=False, force=False)
    assert made.kept is not None
    assert dump(data / "catalog.db") == {**before, "accounts": []}


async def test_generations_and_sequences_go_on_above_the_old(data: Path) -> None:
    await rebuild(data, read=False, force=False)
    highest = max(int(path.suffix[1:]) for path in (data / "blobs").glob("*/*/*"))
    catalog = await open_catalog(data / "catalog.db")
    async with catalog.begin() as tx:
        assert await tx.outbox.last() >= 3
        assert await tx.outbox.after(0, 9) == []
    await catalog.close()
    async with open_storehouse(data) as house:
        await house.add_image(APP, TAGS[2], [b"new"])
        assert await house.keeper.follow() == 1
    assert max(int(path.suffix[1:]) for path in (data / "blobs").glob("*/*/*")) > highest


async def _with_access(path: Path) -> None:
    """Make a public project with a grant, and note who did it."""
    catalog = await open_catalog(path / "catalog.db")
    by = Acting(Identity("root", Role.ADMIN, kind=Kind.USER), Caller("root"))
    await ProjectService(catalog, HandClock()).create("acme", by, public=True)
    wanted = Wanted(SubjectKind.USER, "bob", "acme", "guest")
    await GrantService(catalog, HandClock()).give(wanted, by)
    await catalog.close()


async def _access(path: Path) -> dict[str, list[Any]]:
    catalog = await open_catalog(path / "catalog.db")
    async with catalog.begin() as tx:
        found: dict[str, list[Any]] = {
            "projects": [(one.name, one.public) for one in await tx.projects.page("", 10)],
            "grants": [(one.subject, one.role) for one in await tx.grants.page("acme", 0, 10)],
            "audit": [
                line.operation
                for line in await tx.audit.after(0, 100)
                if line.operation.startswith(("project.", "grant."))
            ],
        }
    await catalog.close()
    return found


async def test_access_comes_from_the_old_catalog(data: Path) -> None:
    await _with_access(data)
    made = await rebuild(data, read=False, force=False)
    assert (made.is_swapped, made.report.access.count) == (True, 0)
    assert await _access(data) == {
        "projects": [("acme", True), ("library", False)],
        "grants": [("root", "projectAdmin"), ("bob", "guest")],
        # The first by the push that made `library`.
        "audit": ["project.created", "project.created", "grant.created"],
    }


async def test_without_the_old_catalog_projects_are_private_and_nobodys(data: Path) -> None:
    await _with_access(data)
    (data / "catalog.db").unlink()
    await rebuild(data, read=False, force=False)
    assert await _access(data) == {"projects": [("library", False)], "grants": [], "audit": []}


async def test_access_that_cannot_be_read_keeps_the_old_catalog_in_place(data: Path) -> None:
    with closing(sqlite3.connect(data / "catalog.db")) as database:
        database.execute("ALTER TABLE robots RENAME TO bots")
    made = await rebuild(data, read=False, force=False)
    assert (made.is_swapped, made.report.access.names) == (False, ["robots"])
