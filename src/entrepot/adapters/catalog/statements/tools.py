"""Pieces that statements share, and the one difference between databases."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    ClauseElement,
    ColumnClause,
    Insert,
    Table,
    bindparam,
    literal_column,
)


@dataclass(frozen=True, slots=True)
class Upsert:
    """An insert that may meet its row; each dialect has its own `insert` for that."""

    build: Callable[[Any], ClauseElement]


def insert_all(insert: Callable[[Table], Insert], table: Table, *without: str) -> Any:
    """Return an insert of a parameter into each column but those named.

    It is untyped because what can be chained to it depends on the dialect of `insert`.
    """
    names = [column.name for column in table.columns if column.name not in without]
    # Inline: what the database numbers by itself is given back only where that is asked for.
    return insert(table).values({name: bindparam(name) for name in names}).inline()


def constant(text: str) -> ColumnClause[str]:
    """Return a word of ours as a literal, so that it is no parameter."""
    return literal_column(f"'{text}'")


def figure(number: int) -> ColumnClause[int]:
    """Return a number of ours as a literal, so that it is no parameter."""
    return literal_column(str(number))


def param(name: str) -> BindParameter[Any]:
    """Return a parameter that whoever runs the statement gives by name."""
    return bindparam(name)
