"""Tables of access go from one catalog to another as they are."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Float, Integer, LargeBinary, Table

from entrepot.adapters.catalog import access_schema, management_schema, open_catalog
from entrepot.adapters.catalog.adopting import TABLES, adopt_access


@pytest.fixture
async def files(tmp_path: Path) -> tuple[Path, Path]:
    """A new catalog, and an old one with three rows in each table."""
    fresh, old = tmp_path / "fresh.db", tmp_path / "old.db"
    for path in (fresh, old):
        await (await open_catalog(path)).close()
    with closing(sqlite3.connect(old)) as database:
        for name in TABLES:
            table = management_schema.metadata.tables[name]
            marks = ", ".join("?" for _ in table.columns)
            # The highest id is gone again: it must not be given to anybody else.
            for number in (1, 2, 3):
                values = [_value(table, column, number) for column in table.columns]
                database.execute(f'INSERT OR REPLACE INTO "{name}" VALUES ({marks})', values)  # noqa: S608
        database.execute("DELETE FROM grants WHERE id = 3")
        database.commit()
    return fresh, old


def _value(table: Table, column: Any, number: int) -> object:
    kind = column.type
    if isinstance(kind, LargeBinary):
        return bytes([number])
    if isinstance(kind, (Integer, Float)):
        return number
    return f"{table.name} {column.name} {number}"


def rows(path: Path, table: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(f'SELECT * FROM "{table}" ORDER BY 1').fetchall()  # noqa: S608


def test_no_table_of_access_is_forgotten() -> None:
    ours = {
        value.name
        for schema in (access_schema, management_schema)
        for value in vars(schema).values()
        if isinstance(value, Table)
    }
    # What is under way, or worked out again, refers to what a rebuild numbers anew.
    assert set(TABLES) == ours - {"deliveries", "idempotency", "manifest_extracts"}


def test_all_rows_come_as_they_are(files: tuple[Path, Path]) -> None:
    fresh, old = files
    with closing(sqlite3.connect(fresh)) as database:
        database.execute("INSERT INTO projects VALUES ('projects name 1', 0, '[]', 9, '')")
        database.execute("INSERT INTO projects VALUES ('other', 0, '[]', 9, '')")
        database.commit()
    assert adopt_access(fresh, old) == ()
    for table in TABLES:
        expected = rows(old, table)
        found = [row for row in rows(fresh, table) if row[0] != "other"]
        assert found == expected, table
    assert rows(fresh, "projects")[0][0] == "other"
    with closing(sqlite3.connect(fresh)) as database:
        made = database.execute(
            "INSERT INTO grants VALUES (NULL, 'user', 'x', 'a', 'a', 'guest', '[]', 1, '') "
            "RETURNING id"
        ).fetchone()
    assert made == (4,)


def test_a_table_that_cannot_be_read_is_told_and_the_others_come(
    files: tuple[Path, Path],
) -> None:
    fresh, old = files
    with closing(sqlite3.connect(old)) as database:
        database.execute("ALTER TABLE robots RENAME TO bots")
    assert adopt_access(fresh, old) == ("robots",)
    assert rows(fresh, "robots") == []
    assert rows(fresh, "grants") == rows(old, "grants")


def test_a_new_catalog_that_cannot_be_written_is_an_error(files: tuple[Path, Path]) -> None:
    fresh, old = files
    fresh.unlink()
    fresh.mkdir()
    with pytest.raises((OSError, sqlite3.OperationalError)):
        adopt_access(fresh, old)
