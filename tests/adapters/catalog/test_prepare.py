"""The schema: made, migrated, refused; and all its descriptions agree."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory

from entrepot.adapters.catalog import CatalogUnusable, open_catalog
from entrepot.adapters.catalog.migrations.run import configuration, connected, upgrade
from entrepot.adapters.catalog.prepare import HEAD, REVISIONS, prepare
from tests.adapters.catalog.rows import note, notes


def schema(raw: sqlite3.Connection) -> dict[str, str]:
    rows = raw.execute("SELECT name, sql FROM sqlite_master").fetchall()
    return {name: " ".join((sql or "").split()) for name, sql in rows}


def test_migrations_make_the_same_schema(tmp_path: Path) -> None:
    upgrade(tmp_path / "migrated.db")
    migrated = sqlite3.connect(tmp_path / "migrated.db")
    fresh = sqlite3.connect(":memory:", isolation_level=None)
    prepare(fresh, None)
    assert schema(migrated) == schema(fresh)
    versions = "SELECT * FROM alembic_version"
    assert migrated.execute(versions).fetchall() == fresh.execute(versions).fetchall()
    migrated.close()
    fresh.close()


def test_migrations_and_metadata_agree(tmp_path: Path) -> None:
    upgrade(tmp_path / "catalog.db")
    with connected(tmp_path / "catalog.db") as connection:
        command.check(configuration(connection))


def test_revisions_are_those_of_the_migrations() -> None:
    script = ScriptDirectory.from_config(configuration())
    assert [each.revision for each in script.walk_revisions()][::-1] == list(REVISIONS)
    assert script.get_current_head() == HEAD


async def test_an_older_catalog_is_migrated(tmp_path: Path) -> None:
    raw = sqlite3.connect(tmp_path / "catalog.db")
    raw.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    raw.close()
    catalog = await open_catalog(tmp_path / "catalog.db")
    await note(catalog, "one")
    assert await notes(catalog) == ["one"]
    await catalog.close()


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def run() -> None:
        with connected(tmp_path / "catalog.db") as connection:
            command.upgrade(configuration(connection), "head")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run()
    raw = sqlite3.connect(tmp_path / "catalog.db")
    assert schema(raw) == {}
    raw.close()


def test_a_migration_that_breaks_references_is_undone(tmp_path: Path) -> None:
    def run() -> None:
        with connected(tmp_path / "catalog.db") as connection:
            connection.exec_driver_sql("INSERT INTO tags VALUES (7, 'v1', 7, 0.0)")

    upgrade(tmp_path / "catalog.db")
    with pytest.raises(RuntimeError, match="2 foreign keys"):
        run()
    raw = sqlite3.connect(tmp_path / "catalog.db")
    assert raw.execute("SELECT count(*) FROM tags").fetchone() == (0,)
    raw.close()


async def test_a_newer_catalog_is_refused_and_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "catalog.db"
    catalog = await open_catalog(place)
    await catalog.close()
    raw = sqlite3.connect(place)
    raw.execute("UPDATE alembic_version SET version_num='9999'")
    raw.commit()
    before = schema(raw)
    with pytest.raises(CatalogUnusable, match=f"schema 9999.*its own is {HEAD}.*run the version"):
        await open_catalog(place)
    assert schema(raw) == before
    raw.close()


async def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    raw = sqlite3.connect(tmp_path / "catalog.db")
    raw.execute("CREATE TABLE recipes (title TEXT)")
    raw.close()
    with pytest.raises(CatalogUnusable, match="something else"):
        await open_catalog(tmp_path / "catalog.db")


def test_an_old_sqlite_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot.adapters.catalog.prepare.SQLITE_VERSION_MIN", (99, 0, 0))
    raw = sqlite3.connect(":memory:")
    with pytest.raises(CatalogUnusable, match=r"99\.0\.0 or newer"):
        prepare(raw, None)
    raw.close()


def test_serving_needs_no_sqlalchemy(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from entrepot.adapters.catalog import open_catalog\n"
        "async def main():\n"
        "    await (await open_catalog(sys.argv[1])).close()\n"
        "asyncio.run(main())\n"
        "print(sorted({'sqlalchemy', 'alembic'} & set(sys.modules)))\n"
    )
    place = str(tmp_path / "catalog.db")
    done = subprocess.run(
        [sys.executable, "-c", program, place], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
