"""Statements as PostgreSQL's driver takes them: with numbered parameters."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from entrepot.adapters.catalog.connection import Statement, Values

from .gathering import Read

TOGETHER_MAX = 256
"""Texts of several statements that are remembered."""
_PARAM = re.compile(r"(?<![:\w]):([a-z]\w*)")
_NUMBER = re.compile(r"\$(\d+)")


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

    __slots__ = ("_known", "_together")

    def __init__(self) -> None:
        self._known: dict[int, tuple[Statement, Text]] = {}
        self._together: dict[tuple[str, ...], str] = {}

    def of(self, statement: Statement) -> Text:
        """Return the statement's text."""
        known = self._known.get(id(statement))
        if known is None:
            # The statement is kept too, so that its id stays its own.
            known = self._known[id(statement)] = (statement, text_of(statement))
        return known[1]

    def together(self, reads: Sequence[Read]) -> tuple[str, list[object]]:
        """Return one text for several reads, and its values: a column of rows for each."""
        texts = [self.of(read.statement) for read in reads]
        arguments: list[object] = []
        for text, read in zip(texts, reads, strict=True):
            arguments += text.arguments(read.values)
        key = tuple(text.sql for text in texts)
        known = self._together.get(key)
        if known is None:
            if len(self._together) >= TOGETHER_MAX:
                self._together.clear()
            known = self._together[key] = _joined(texts)
        return known, arguments


def _joined(texts: Sequence[Text]) -> str:
    columns, first = [], 0
    for text in texts:
        sql = _moved(text.sql, first)
        columns.append(f"ARRAY(SELECT ROW(each.*) FROM ({sql}) AS each)")  # noqa: S608 - our own
        first += len(text.names)
    return f"SELECT {', '.join(columns)}"


def _moved(sql: str, by: int) -> str:
    return _NUMBER.sub(lambda found: f"${int(found[1]) + by}", sql)
