"""A whole catalog copied: from SQLite to PostgreSQL, or back.

All tables come over as they are, row for row, ids and numbers too, as of one moment of the source,
which may be read and written meanwhile. The target is new; until all of it is there and was read
again, no server takes it for a catalog, and another attempt begins from nothing.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from . import ddl

ROWS_MAX = 4096
"""Rows held in memory at once, of tables whose rows are short."""
LONG_ROWS_MAX = 64
"""And of those that hold documents or bytes, of some megabytes at most."""
NOTED = frozenset({"used_at", "seen_at", "keep_until"})
"""Columns that say when something was used last; a server that only reads writes them too."""

_TABLE = re.compile(r"CREATE TABLE (\w+) ")
_LONG = re.compile(r"\b(BLOB|BYTEA)\b")
_SUM_BYTES = 8

Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the schema; `rows_max` of its rows may be in memory at once."""

    name: str
    rows_max: int


@dataclass(frozen=True, slots=True)
class Content:
    """What a table holds: how many rows, and a sum over them in whatever order they come."""

    rows: int = 0
    sum: int = 0

    def with_rows(self, rows: Rows) -> "Content":
        """Return what it is with these rows too."""
        total = self.sum
        for row in rows:
            digest = hashlib.blake2b(repr(tuple(row)).encode(), digest_size=_SUM_BYTES).digest()
            total += int.from_bytes(digest, "big")
        return Content(self.rows + len(rows), total % (1 << 8 * _SUM_BYTES))


class Reading(Protocol):
    """One moment of a catalog, being read."""

    async def columns(self, table: str) -> tuple[str, ...]: ...

    def rows(self, table: Table, columns: Sequence[str]) -> AsyncIterator[Rows]:
        """Yield all rows, some at once; values are int, float, str, bytes or None."""
        ...

    async def numbers(self) -> dict[str, int]:
        """Return the highest number ever given, by table, of those that never repeat one."""
        ...


class Writing(Protocol):
    """A new catalog, being filled."""

    async def columns(self, table: str) -> tuple[str, ...]: ...

    async def add(self, table: str, columns: Sequence[str], rows: Rows) -> None: ...

    async def finish(self, numbers: Mapping[str, int]) -> None:
        """Add indexes, go on after these numbers, and check that keys point somewhere."""
        ...

    def reading(self) -> AbstractAsyncContextManager[Reading]:
        """Return what was written, to be read."""
        ...

    async def publish(self) -> None:
        """Let it be a catalog once its transaction, or file, is closed without an error."""
        ...


class TransferFailed(Exception):
    """The copy is not what the original is; the message says where."""


class Told(Protocol):
    """Hears how far it is."""

    def __call__(self, table: str, rows: int, /) -> None: ...


def tables() -> tuple[Table, ...]:
    """Return all tables of the schema, each after those that its keys point to."""
    return tuple(
        Table(found[1], LONG_ROWS_MAX if _LONG.search(text) else ROWS_MAX)
        for text in ddl.SQLITE
        if (found := _TABLE.match(text))
    )


async def transfer(source: Reading, target: Writing, told: Told) -> dict[str, Content]:
    """Copy everything and compare it; return what each table held, as `lasting` does.

    Raises `TransferFailed`; the target is no catalog then.
    """
    copied: dict[str, Content] = {}
    last: dict[str, Content] = {}
    columns: dict[str, tuple[str, ...]] = {}
    for table in tables():
        names = columns[table.name] = await _columns(source, target, table.name)
        content, kept, lasts = Content(), _kept(names), Content()
        async for rows in source.rows(table, names):
            await target.add(table.name, names, rows)
            content = content.with_rows(rows)
            if kept is not None:
                lasts = lasts.with_rows([[row[index] for index in kept] for row in rows])
        copied[table.name] = content
        last[table.name] = content if kept is None else lasts
        told(table.name, content.rows)
    numbers = await source.numbers()
    await target.finish(numbers)
    async with target.reading() as written:
        for table in tables():
            await _compare(written, table, columns[table.name], copied[table.name])
        if await written.numbers() != numbers:
            raise TransferFailed("the copy would give numbers that were given before")
    await target.publish()
    return last


async def lasting(source: Reading) -> dict[str, Content]:
    """Return what each table holds, without what is noted of use only (`NOTED`)."""
    found: dict[str, Content] = {}
    for table in tables():
        names = [name for name in await source.columns(table.name) if name not in NOTED]
        content = Content()
        async for rows in source.rows(table, names):
            content = content.with_rows(rows)
        found[table.name] = content
    return found


def _kept(names: Sequence[str]) -> list[int] | None:
    kept = [index for index, name in enumerate(names) if name not in NOTED]
    return None if len(kept) == len(names) else kept


async def _compare(
    written: Reading, table: Table, columns: Sequence[str], expected: Content
) -> None:
    content = Content()
    async for rows in written.rows(table, columns):
        content = content.with_rows(rows)
    if content != expected:
        raise TransferFailed(
            f"the copy of {table.name} is not what was read: {expected.rows} rows there, "
            f"{content.rows} here"
        )


async def _columns(source: Reading, target: Writing, table: str) -> tuple[str, ...]:
    names = await source.columns(table)
    if set(names) != set(await target.columns(table)):
        raise TransferFailed(f"the table {table} has other columns in the old catalog")
    return names
