"""`migrate-catalog`: there and back, while the old catalog is in use."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from entrepot.adapters.catalog import CatalogUnusable, open_catalog
from entrepot.adapters.catalog.transfer import tables
from entrepot.adapters.datadir import DataDirectory, DirectoryBusy
from entrepot.main import main
from entrepot.services.dump import canonical
from entrepot.serving import migrate_catalog
from entrepot.serving.transferring import shown
from entrepot.settings import Settings
from entrepot.settings.model import Storage
from tests.adapters.catalog.rows import NAME, OTHER, note, publish


def settings(data: Path, catalog: str = "") -> Settings:
    return Settings(storage=Storage(data=str(data), catalog=catalog))


def nothing(table: str, rows: int) -> None:
    """Nobody listens."""


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """The data directory of a registry that holds something."""
    folder = tmp_path / "data"
    folder.mkdir()
    catalog = await open_catalog(folder / "catalog.db")
    async with catalog.begin(write=True) as tx:
        await publish(tx, NAME, "one", tag="v1", blobs=("layer", "base"))
        await publish(tx, OTHER, "two", tag="v2", blobs=("base",))
    await note(catalog, "pushed")
    await catalog.close()
    return folder


async def digest_of(place: str | Path) -> str:
    catalog = await open_catalog(place)
    try:
        return await canonical(catalog)
    finally:
        await catalog.close()


async def test_there_and_back(data: Path, postgres_url: str, tmp_path: Path) -> None:
    there = await migrate_catalog(settings(data), postgres_url, nothing)
    assert there.is_settled
    assert not there.is_running
    assert (there.behind, there.rows["tags"]) == ((), 2)
    assert there.digest == await digest_of(data / "catalog.db") == await digest_of(postgres_url)
    other = tmp_path / "other"
    other.mkdir()
    back = await migrate_catalog(settings(other, postgres_url), str(other), nothing)
    assert back.is_settled
    assert back.digest == there.digest == await digest_of(other / "catalog.db")
    assert back.to == str(other / "catalog.db")


async def test_what_is_pushed_meanwhile_is_told(data: Path, postgres_url: str) -> None:
    running = DataDirectory(data)

    def push(table: str, rows: int) -> None:
        if table == "tags":
            with closing(sqlite3.connect(data / "catalog.db")) as raw, raw:
                raw.execute("UPDATE tags SET moved_at = moved_at + 1")
                raw.execute("DELETE FROM audit")

    done = await migrate_catalog(settings(data), postgres_url, push)
    running.close()
    assert done.is_running
    assert done.behind == ("tags",)
    assert not done.is_settled


async def test_no_server_starts_on_it_meanwhile(data: Path, postgres_url: str) -> None:
    seen: list[str] = []

    def look(table: str, rows: int) -> None:
        try:
            DataDirectory(data).close()
        except DirectoryBusy:
            seen.append(table)

    await migrate_catalog(settings(data), postgres_url, look)
    assert seen == [table.name for table in tables()]


async def test_places_that_are_none(data: Path, tmp_path: Path, postgres_url: str) -> None:
    with pytest.raises(OSError, match="no catalog") as caught:
        await migrate_catalog(settings(data), "mysql://u:hunter2@h/d", nothing)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(FileNotFoundError):
        await migrate_catalog(settings(tmp_path / "none"), postgres_url, nothing)
    with pytest.raises(CatalogUnusable):
        await migrate_catalog(settings(data), "postgresql://u:hun/ter2@h/d", nothing)


def test_no_password_is_shown() -> None:
    assert shown("postgresql://u:hunter2@h:1/d?x") == "postgresql://u:***@h:1/d?x"
    assert shown("/some/where:else@x") == "/some/where:else@x"


def test_the_command_says_what_to_set(data: Path, postgres_url: str) -> None:
    arguments = ["migrate-catalog", "--data", str(data), "--to", postgres_url]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert 'catalog = "postgresql://entrepot:***@' in done.stdout
    assert "both catalogs hold the same" in done.stdout
    again = CliRunner().invoke(main, arguments)
    assert again.exit_code == 2
    assert "holds a catalog already" in again.output
