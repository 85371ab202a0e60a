"""What the aggregates need from a database: statements and a connection."""

from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Row = tuple[Any, ...]
Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement's text; its parameters are named, as `:digest`.

    PostgreSQL has a text of its own only where it does not take SQLite's.
    """

    sqlite: str
    postgres: str = ""


class Connection(Protocol):
    """Runs statements, inside whatever transaction its owner has opened."""

    async def row(self, statement: Statement, values: Values) -> Row | None:
        """Return the first row, or None."""
        ...

    async def rows(self, statement: Statement, values: Values) -> list[Row]:
        """Return all rows."""
        ...

    async def run(self, statement: Statement, values: Values) -> int:
        """Return how many rows were changed."""
        ...

    async def run_many(self, statement: Statement, values: Sequence[Values]) -> None:
        """Run it once for each of `values`."""
        ...

    async def later(self, statement: Statement, values: Values) -> None:
        """Run it before whatever is run next, or the transaction ends; or right now.

        What it fails with is raised then.
        """
        ...

    async def together(self, *work: Coroutine[Any, Any, Any]) -> tuple[Any, ...]:
        """Keep `ports.together.Together`."""
        ...


async def one_by_one(work: Sequence[Coroutine[Any, Any, Any]]) -> tuple[Any, ...]:
    """Return what each returns, where each statement is answered right here."""
    left = iter(work)
    try:
        return tuple([await each for each in left])
    finally:
        for each in left:
            each.close()
