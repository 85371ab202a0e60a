"""Statements as PostgreSQL's driver takes them: with numbered parameters."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from entrepot.adapters.catalog.connection import Statement, Values

_PARAM = re.compile(r"(?<![:\w]):([a-z]\w*)")


@dataclass(frozen=True, slots=True)
class Text:
    """A statement with `$1` for the first of `names`."""

    sql: str
    names: tuple[str, ...]

    def arguments(self, values: Values) -> Sequence[object]:
        """Return the values in the order of the parameters."""
        return [_storable(values[name]) for name in self.names]


def _storable(value: object) -> object:
    # What cannot be stored is looked for in vain, as it should be.
    return value.replace("\0", "\ufffd") if type(value) is str and "\0" in value else value


def text_of(statement: Statement) -> Text:
    """Return a statement's text; literals in our statements hold no colon."""
    numbers: dict[str, int] = {}
    sql = _PARAM.sub(
        lambda found: f"${numbers.setdefault(found[1], len(numbers) + 1)}",
        statement.postgres or statement.sqlite,
    )
    return Text(sql, tuple(numbers))


class Texts:
    """Remembers the texts of statements; there are some hundreds, all of the program's own."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[int, tuple[Statement, Text]] = {}

    def of(self, statement: Statement) -> Text:
        """Return the statement's text."""
        known = self._known.get(id(statement))
        if known is None:
            # The statement is kept too, so that its id stays its own.
            known = self._known[id(statement)] = (statement, text_of(statement))
        return known[1]
