"""Opening catalogs: addresses, files, what is left behind."""

import sqlite3
from pathlib import Path
from urllib.parse import quote

import pytest

from entrepot.adapters.catalog import CatalogUnusable, open_catalog
from tests.adapters.catalog.rows import note, notes


async def test_what_was_committed_is_there_again(tmp_path: Path) -> None:
    place = tmp_path / "a b%20?#.db"
    for address in (place, str(place), f"sqlite:///{quote(str(place))}"):
        catalog = await open_catalog(address)
        await note(catalog, str(address))
        await catalog.close()
    catalog = await open_catalog(place)
    assert len(await notes(catalog)) == 3
    await catalog.close()
    assert [path.name for path in tmp_path.iterdir()] == [place.name]


async def test_a_relative_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    catalog = await open_catalog("sqlite:///here.db")
    await note(catalog, "one")
    await catalog.close()
    assert (tmp_path / "here.db").exists()


async def test_other_addresses_are_refused() -> None:
    with pytest.raises(ValueError, match="mysql"):
        await open_catalog("mysql://localhost/entrepot")


async def test_memory_is_not_shared() -> None:
    one, two = [await open_catalog("sqlite:///:memory:") for _ in range(2)]
    await note(one, "one")
    assert await notes(two) == []
    await one.close()
    await two.close()


async def test_only_the_owner_reads_the_file(tmp_path: Path) -> None:
    catalog = await open_catalog(tmp_path / "catalog.db")
    await note(catalog, "one")
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert set(modes) == {"catalog.db", "catalog.db-wal", "catalog.db-shm"}
    assert set(modes.values()) == {0o600}
    await catalog.close()


@pytest.mark.parametrize("which, synchronous", [("writing", 2), ("hasty", 1)])
async def test_each_durable_commit_is_on_the_disk(
    tmp_path: Path, which: str, synchronous: int
) -> None:
    catalog = await open_catalog(tmp_path / "catalog.db")
    raw: sqlite3.Connection = getattr(catalog._open, which)  # type: ignore[attr-defined]
    settings = {
        name: raw.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    }
    assert settings == {
        "journal_mode": "wal",
        "synchronous": synchronous,
        "foreign_keys": 1,
        "busy_timeout": 0,
    }
    await catalog.close()


async def test_two_processes_read_and_write(tmp_path: Path) -> None:
    one, two = [await open_catalog(tmp_path / "catalog.db") for _ in range(2)]
    await note(one, "one")
    assert await notes(two) == ["one"]
    await note(two, "two")
    assert await notes(one) == ["one", "two"]
    await one.close()
    await note(two, "three")
    assert await notes(two) == ["one", "two", "three"]
    await two.close()


async def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "catalog.db"
    place.write_bytes(b"something else\n" * 1000)
    with pytest.raises(CatalogUnusable, match="not a database"):
        await open_catalog(place)


async def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"):
        await open_catalog(tmp_path / "missing" / "catalog.db")


async def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    catalog = await open_catalog(tmp_path / "catalog.db")
    await catalog.close()
    await catalog.close()
