"""Taking over rights, and what was done, from one catalog into another.

A rebuild makes images anew from the journal, which does not tell of access, nor of what is managed
beside: that is only in the catalog. Its tables are copied as they are, row for row, ids and hashes
too.
"""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from .transfer import Reading, tables

TABLES = (
    "projects",
    "profiles",
    "user_groups",
    "memberships",
    "roles",
    "grants",
    "robots",
    "credentials",
    "workload_rules",
    "revocations",
    "factors",
    "sessions",
    "signing_keys",
    "sealed_secrets",
    "audit",
    "epochs",
    "notes",
    "numbers",
    "site_settings",
    "labels",
    "label_marks",
    "repository_pages",
    "remotes",
    "replication_policies",
    "webhooks",
)
"""All of `access_schema`, and of `management_schema` what is neither under way nor worked out."""

_HAS_IDS = (
    "grants",
    "robots",
    "factors",
    "audit",
    "labels",
    "remotes",
    "replication_policies",
    "webhooks",
)


def adopt_access(fresh: Path, old: Path) -> tuple[str, ...]:
    """Copy the tables of access from `old` into `fresh`; return those that cannot be read.

    Both are of the present version, and nobody uses them. What `fresh` has with the same keys is
    replaced; a table comes whole or not at all. Raises OSError where `fresh` cannot be written.
    """
    lost = []
    with closing(sqlite3.connect(fresh, isolation_level=None)) as database:
        database.execute("ATTACH ? AS old", (str(old),))
        for table in TABLES:
            try:
                database.execute("BEGIN")
                _copy(database, table)
                database.execute("COMMIT")
            except sqlite3.DatabaseError as error:
                if database.in_transaction:
                    database.execute("ROLLBACK")
                if _is_full(error):
                    raise OSError(f"{fresh} cannot be written: {error}") from error
                lost.append(table)
    return tuple(lost)


async def adopt_access_of(fresh: Path, old: Reading) -> None:
    """Copy the tables of access from one moment of a catalog into the file `fresh`.

    As `adopt_access`, but all of it comes or nothing. Raises what `old` does, and OSError where
    `fresh` cannot be written.
    """
    numbers = await old.numbers()
    # Each statement runs in some thread, one after another.
    with closing(sqlite3.connect(fresh, isolation_level=None, check_same_thread=False)) as database:
        try:
            database.execute("BEGIN")
            for table in tables():
                if table.name not in TABLES:
                    continue
                columns = await old.columns(table.name)
                names = ", ".join(f'"{name}"' for name in columns)
                places = ", ".join("?" * len(columns))
                # Names of the schema alone, never from outside.
                text = f'INSERT OR REPLACE INTO "{table.name}" ({names}) VALUES ({places})'  # noqa: S608
                async for rows in old.rows(table, columns):
                    await asyncio.to_thread(database.executemany, text, rows)
                if table.name in _HAS_IDS:
                    _go_on_after(database, table.name, numbers.get(table.name, 0))
            database.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            raise OSError(f"{fresh} cannot be written: {error}") from error


def _go_on_after(database: sqlite3.Connection, table: str, last: int) -> None:
    database.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
    if last:
        database.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, last))


def _copy(database: sqlite3.Connection, table: str) -> None:
    # Names of the schema alone, never from outside; asked of the file, as the schema's own
    # description needs SQLAlchemy, which the server does without.
    rows = database.execute(f'PRAGMA main.table_info("{table}")').fetchall()
    names = ", ".join(f'"{row[1]}"' for row in rows)
    database.execute(
        f'INSERT OR REPLACE INTO main."{table}" ({names}) SELECT {names} FROM old."{table}"'  # noqa: S608
    )
    if table in _HAS_IDS:
        # Ids that were given once are not given again: grants and lines are named by them.
        database.execute("DELETE FROM main.sqlite_sequence WHERE name = ?", (table,))
        database.execute(
            "INSERT INTO main.sqlite_sequence SELECT name, seq FROM old.sqlite_sequence "
            "WHERE name = ?",
            (table,),
        )


def _is_full(error: sqlite3.DatabaseError) -> bool:
    codes = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in codes
