"""A catalog in which each table has rows, made by the schema itself."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from entrepot.adapters.catalog.management_schema import metadata
from entrepot.adapters.catalog.prepare import prepare

ROWS = 3
HARD_TEXTS = ("", "ä 镜像 🐳", "'; DROP TABLE tags; --\n\t\\", "x" * 5000)
HARD_NUMBERS = (0, -1, (1 << 53) + 1, (1 << 63) - 1)
HARD_REALS = (0.1, -0.0, 1e300, 1_700_000_000.123456)


def fill(path: Path, rows: int = ROWS) -> None:
    """Make a catalog at `path` with so many rows in each table, and numbers above them."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        prepare(raw, path)
        raw.execute("PRAGMA foreign_keys=ON")
        raw.execute("BEGIN")
        for table in metadata.sorted_tables:
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            places = ", ".join("?" * len(table.columns))
            raw.executemany(
                f'INSERT INTO "{table.name}" ({names}) VALUES ({places})',  # noqa: S608
                ([_value(column, number) for column in table.columns] for number in range(rows)),
            )
        raw.execute("UPDATE sqlite_sequence SET seq = seq + 1000")
        raw.execute("COMMIT")


def _value(column: "sa.Column[Any]", number: int) -> object:
    """Return another value for each row; of a key that points somewhere, the same as there."""
    for key in column.foreign_keys:
        return _value(key.column, number)
    is_key = column.primary_key or any(
        column.name in [each.name for each in constraint.columns]
        for constraint in column.table.constraints
        if isinstance(constraint, sa.UniqueConstraint)
    )
    if column.nullable and number % ROWS == 1:
        return None
    kind = column.type
    if isinstance(kind, sa.Integer):
        return number + 1 if is_key else HARD_NUMBERS[number % len(HARD_NUMBERS)]
    if isinstance(kind, sa.Float):
        return float(number) if is_key else HARD_REALS[number % len(HARD_REALS)]
    if isinstance(kind, sa.LargeBinary):
        return f"{column.name} {number}".encode() + b"\x00\xff"
    text = "" if is_key else HARD_TEXTS[number % len(HARD_TEXTS)]
    return f"{column.name} {number} {text}"
