"""`rebuild` of a fleet fills an empty database, or leaves it empty."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from entrepot.adapters.blobs.objects.layout import blob_key
from entrepot.adapters.catalog import CatalogUnusable, open_catalog
from entrepot.adapters.catalog.adopting import TABLES
from entrepot.adapters.catalog.places import is_free
from entrepot.adapters.catalog.postgres import migrating
from entrepot.adapters.catalog.transfer import tables
from entrepot.adapters.datadir import DataDirectory, DirectoryBusy
from entrepot.adapters.journal import ObjectJournal
from entrepot.main import main
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Blob
from entrepot.ports.catalog import Busy, Event
from entrepot.services.rebuild import RebuildService, Report
from entrepot.serving import refounding
from entrepot.serving.inspection import inspect_settings
from entrepot.serving.rebuilding import Rebuilt, rebuild_settings
from entrepot.serving.transferring import migrate_catalog
from entrepot.settings import Settings
from tests.servers.postgres import Postgres
from tests.servers.seaweed import Seaweed
from tests.services.storehouse import TAGS, dump, open_storehouse
from tests.serving.fleets import APP, bucket_of, furnish, open_fleet, settings_of

pytestmark = pytest.mark.slow


@pytest.fixture
async def fleet(tmp_path: Path, new_database: Any, seaweed: Seaweed) -> Settings:
    """The settings of a fleet that holds something, and has no replica."""
    settings = settings_of(tmp_path / "data", new_database(), seaweed.url(), seaweed)
    await furnish(settings)
    return settings


@pytest.fixture
def anew(fleet: Settings, new_database: Any, seaweed: Seaweed) -> Settings:
    """The same with an empty database."""
    given = fleet.storage
    return settings_of(Path(given.data), new_database(), given.blobs, seaweed)


async def rebuilt(
    settings: Settings, old: Settings | None = None, *, force: bool = False
) -> Rebuilt:
    place = old.storage.catalog if old is not None else ""
    return await rebuild_settings(settings, read=True, force=force, old=place)


async def dumped(settings: Settings, path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What the catalog says, by way of a file."""
    await migrate_catalog(settings, str(path), lambda table, rows: None)
    return dump(path)


async def access_of(settings: Settings) -> dict[str, list[Any]]:
    catalog = await open_catalog(settings.storage.catalog)
    async with catalog.begin() as tx:
        found: dict[str, list[Any]] = {
            "projects": [(one.name, one.public) for one in await tx.projects.page("", 10)],
            "grants": [
                (one.id, one.subject, one.role) for one in await tx.grants.page("acme", 0, 10)
            ],
            "audit": [(line.id, line.operation) for line in await tx.audit.after(0, 100)],
        }
    await catalog.close()
    return found


async def test_all_of_it_comes_back_with_the_old_catalog(
    fleet: Settings, anew: Settings, tmp_path: Path
) -> None:
    made = await rebuilt(anew, fleet)
    assert (made.is_swapped, made.report.is_whole, made.report.accounts) == (True, True, 1)
    assert await dumped(anew, tmp_path / "new.db") == await dumped(fleet, tmp_path / "old.db")
    assert await access_of(anew) == await access_of(fleet)
    assert await inspect_settings(anew, read=True, stopped=True) == ([], 0)
    assert not list((tmp_path / "data").glob("catalog.db*"))


async def test_without_it_accounts_and_access_are_lost(
    fleet: Settings, anew: Settings, tmp_path: Path
) -> None:
    made = await rebuilt(anew)
    assert (made.is_swapped, made.report.is_whole, made.report.accounts) == (True, True, None)
    before = await dumped(fleet, tmp_path / "old.db")
    assert await dumped(anew, tmp_path / "new.db") == {**before, "accounts": []}
    found = await access_of(anew)
    assert found == {"projects": [("library", False)], "grants": [], "audit": []}


async def test_numbers_go_on_above_those_that_were_given(fleet: Settings, anew: Settings) -> None:
    await rebuilt(anew, fleet)
    ids = [line[0] for line in (await access_of(anew))["audit"]]
    async with open_fleet(anew) as house:
        async with house.catalog.begin() as tx:
            before = await tx.outbox.last()
        await house.add_image(APP, TAGS[2], [b"new"])
        assert await house.keeper.follow() > 0
        async with house.catalog.begin() as tx:
            assert await tx.outbox.last() > before == (await tx.outbox.after(0, 9))[0].sequence - 1
    assert [line[0] for line in (await access_of(anew))["audit"]][: len(ids)] == ids
    assert await inspect_settings(anew, read=True, stopped=True) == ([], 0)


async def test_a_database_with_a_catalog_is_left_alone(fleet: Settings, tmp_path: Path) -> None:
    before = await dumped(fleet, tmp_path / "before.db")
    with pytest.raises(CatalogUnusable, match="holds a catalog already") as told:
        await rebuilt(fleet, force=True)
    assert "--old-catalog" in str(told.value)
    assert await dumped(fleet, tmp_path / "after.db") == before


async def test_replicas_on_the_old_catalog_are_to_be_stopped(
    fleet: Settings, anew: Settings
) -> None:
    async with open_fleet(fleet):
        with pytest.raises(CatalogUnusable, match="stop all replicas"):
            await rebuilt(anew, fleet)
    running = DataDirectory(Path(anew.storage.data))
    with pytest.raises(DirectoryBusy):
        await rebuilt(anew, fleet)
    running.close()
    assert await is_free(anew.storage.catalog)


async def test_a_replica_that_starts_meanwhile_waits(
    fleet: Settings, anew: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "LOCK_PATIENCE_SECONDS", 0.0)
    tried: list[str] = []

    async def remake(*given: Any, **options: Any) -> Report:
        with pytest.raises(Busy):
            await open_catalog(anew.storage.catalog)
        tried.append("start")
        return await _remake(*given, **options)

    _remake: Callable[..., Awaitable[Report]] = refounding.remake
    monkeypatch.setattr(refounding, "remake", remake)
    await rebuilt(anew)
    assert tried == ["start"]
    await (await open_catalog(anew.storage.catalog)).close()


async def test_somebody_who_still_writes_is_noticed(
    fleet: Settings, anew: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Beside(RebuildService):
        async def rebuild(self, **given: Any) -> Report:
            report = await super().rebuild(**given)
            async with bucket_of(fleet) as store:
                journal = ObjectJournal(store.bucket)
                await journal.look()
                event = Event("blob.deleted", APP, "{}", 1.0, journal.last + 1)
                await journal.append([event])
            return report

    monkeypatch.setattr(refounding, "RebuildService", Beside)
    with pytest.raises(CatalogUnusable, match="a replica still serves"):
        await rebuilt(anew)
    assert await is_free(anew.storage.catalog)


async def test_what_would_lose_something_is_not_filled_in(fleet: Settings, anew: Settings) -> None:
    layer = Digest.of(b"layer")
    async with open_fleet(fleet) as house, bucket_of(fleet) as store:
        async with house.catalog.begin() as tx:
            row = await tx.blobs.find(layer)
        assert row is not None
        await store.bucket.delete([blob_key(Blob(layer, row.generation))])
    made = await rebuilt(anew, fleet)
    assert (made.is_swapped, made.report.missing.count) == (False, 1)
    assert await is_free(anew.storage.catalog)
    assert (await rebuilt(anew, fleet, force=True)).is_swapped
    findings, _ = await inspect_settings(anew, read=True)
    assert [finding.invariant for finding in findings] == ["damaged"]


async def test_an_old_catalog_that_is_none_is_told(
    fleet: Settings, anew: Settings, new_database: Any, tmp_path: Path
) -> None:
    for old, error in ((new_database(), CatalogUnusable), (str(tmp_path / "x"), FileNotFoundError)):
        with pytest.raises(error):
            await rebuild_settings(anew, read=False, force=True, old=old)
    assert await is_free(anew.storage.catalog)


async def test_an_embedded_catalog_from_a_bucket(
    fleet: Settings, tmp_path: Path, seaweed: Seaweed
) -> None:
    embedded = settings_of(tmp_path / "other", "", fleet.storage.blobs, seaweed)
    made = await rebuild_settings(embedded, read=True, force=False)
    assert (made.is_swapped, made.kept) == (True, None)
    before = await dumped(fleet, tmp_path / "old.db")
    assert dump(tmp_path / "other" / "catalog.db") == {**before, "accounts": []}
    assert await inspect_settings(embedded, read=True) == ([], 0)
    again = await rebuild_settings(embedded, read=True, force=False)
    assert (again.is_swapped, again.kept) == (
        True,
        tmp_path / "other" / "catalog.db.before-rebuild-1",
    )
    with pytest.raises(ValueError, match="--old-catalog"):
        await rebuild_settings(embedded, read=True, force=False, old=fleet.storage.catalog)


async def test_blobs_and_journal_in_a_directory(
    tmp_path: Path, new_database: Any, seaweed: Seaweed
) -> None:
    async with open_storehouse(tmp_path) as house:
        await house.add_image(APP, TAGS[0], [b"layer"])
    before = dump(tmp_path / "catalog.db")
    (tmp_path / "catalog.db").unlink()
    settings = settings_of(tmp_path, new_database(), "", seaweed)
    assert (await rebuilt(settings)).is_swapped
    assert await dumped(settings, tmp_path / "new.db") == before
    assert await inspect_settings(settings, read=True) == ([], 0)


async def test_a_schema_beside_the_old_one(
    fleet: Settings, postgres: Postgres, seaweed: Seaweed
) -> None:
    old = fleet.storage
    postgres.sql("CREATE SCHEMA anew", database=old.catalog.rpartition("/")[2])
    anew = settings_of(Path(old.data), f"{old.catalog}?search_path=anew", old.blobs, seaweed)
    assert (await rebuilt(anew, fleet)).is_swapped
    assert await access_of(anew) == await access_of(fleet)


async def test_the_command(
    fleet: Settings, anew: Settings, seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENTREPOT_OBJECTS_ENDPOINT", seaweed.endpoint)
    monkeypatch.setenv("ENTREPOT_OLD_CATALOG", fleet.storage.catalog)
    monkeypatch.setenv("ENTREPOT_STORAGE_CATALOG", anew.storage.catalog)
    words = ["rebuild", "--data", anew.storage.data, "--blobs", anew.storage.blobs, "--json"]
    done = await asyncio.to_thread(CliRunner().invoke, main, words)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["swapped"], told["kept"], told["report"]["accounts"]) == (True, None, 1)
    again = await asyncio.to_thread(CliRunner().invoke, main, words)
    assert again.exit_code == 2
    assert "holds a catalog already" in again.stderr


def test_all_tables_of_access_are_tables_of_the_schema() -> None:
    assert set(TABLES) <= {table.name for table in tables()}
