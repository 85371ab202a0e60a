"""Rows by key: all keys of a page are one parameter."""

from collections.abc import Mapping, Sequence
from typing import Any

from entrepot.oci.json import encode
from entrepot.ports.listing import Named

from .connection import Connection, Row, Statement

CHUNK = 128
"""Keys that one statement takes."""
TOP = "\U0010ffff"
"""Above any name."""

_UPPER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def named(wanted: Named, name: str = "name") -> dict[str, object]:
    """Return the parameters of a name; lower case is that of ASCII, as the database has it."""
    return {f"{name}_exact": wanted.exact, f"{name}_part": wanted.part.translate(_UPPER)}


class Keys(tuple[Any, ...]):
    """Keys as one value: PostgreSQL takes an array, SQLite, which has none, its JSON."""

    __slots__ = ()

    def __conform__(self, protocol: object) -> str:
        """Return what `sqlite3` binds."""
        return encode(list(self)).decode()


async def by_keys(
    connection: Connection,
    statement: Statement,
    keys: Sequence[Any],
    values: Mapping[str, object] | None = None,
    *,
    at: int = 0,
) -> list[Row]:
    """Return the rows whose column `at` is one of the keys, in the order of the keys."""
    found: dict[Any, Row] = {}
    for row in await all_by_keys(connection, statement, keys, values):
        found[row[at]] = row
    return [found[key] for key in keys if key in found]


async def all_by_keys(
    connection: Connection,
    statement: Statement,
    keys: Sequence[Any],
    values: Mapping[str, object] | None = None,
) -> list[Row]:
    """Return all rows that have one of the keys, in any order."""
    rows: list[Row] = []
    for start in range(0, len(keys), CHUNK):
        # No text in a catalog has a NUL; PostgreSQL refuses it, and JSON in SQLite ends at it.
        chunk = [key for key in keys[start : start + CHUNK] if type(key) is int or "\0" not in key]
        rows += await connection.rows(statement, {"keys": Keys(chunk), **(values or {})})
    return rows


async def first_column(
    connection: Connection, statement: Statement, values: Mapping[str, object]
) -> list[Any]:
    """Return what one column says."""
    return [row[0] for row in await connection.rows(statement, values)]


def padded(name: str, wanted: Sequence[object], count: int, nothing: object) -> dict[str, object]:
    """Return `count` parameters `name0`, `name1`; what is not given is nothing."""
    return {f"{name}{n}": wanted[n] if n < len(wanted) else nothing for n in range(count)}


def stretch(project: str, repository: str) -> tuple[str, str]:
    """Return between which names one repository is alone, or all of a project are."""
    if repository:
        return repository, f"{repository}\1"
    return f"{project}/", f"{project}0"  # what follows a slash
