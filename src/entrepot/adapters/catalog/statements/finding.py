"""What lists share: part of a text, one of several keys, and texts as one."""

from typing import Any

from sqlalchemy import ColumnElement, Integer, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from entrepot.adapters.catalog.listing_keys import CHUNK

from .tools import figure, param


class _Place(ColumnElement[int]):
    """Where in a text another begins, from 1; 0 where it does not."""

    inherit_cache = True
    type = Integer()

    def __init__(self, text: ColumnElement[str], part: ColumnElement[str]) -> None:
        self.text = text
        self.part = part

    @property
    def _from_objects(self) -> Any:
        return self.text._from_objects  # noqa: SLF001  what it selects from is theirs


@compiles(_Place)
def _anywhere(element: _Place, compiler: SQLCompiler, **options: Any) -> str:
    return _called("instr", element, compiler, options)


@compiles(_Place, "postgresql")
def _postgresql(element: _Place, compiler: SQLCompiler, **options: Any) -> str:
    return _called("strpos", element, compiler, options)


def _called(name: str, element: _Place, compiler: SQLCompiler, options: Any) -> str:
    text, part = (compiler.process(one, **options) for one in (element.text, element.part))
    return f"{name}({text}, {part})"


class _Joined(ColumnElement[str]):
    """All of a group's texts, with commas between."""

    inherit_cache = True
    type = Text()

    def __init__(self, text: ColumnElement[str]) -> None:
        self.text = text

    @property
    def _from_objects(self) -> Any:
        return self.text._from_objects  # noqa: SLF001  what it selects from is theirs


@compiles(_Joined)
def _group_concat(element: _Joined, compiler: SQLCompiler, **options: Any) -> str:
    return f"group_concat({compiler.process(element.text, **options)}, ',')"


@compiles(_Joined, "postgresql")
def _string_agg(element: _Joined, compiler: SQLCompiler, **options: Any) -> str:
    return f"string_agg({compiler.process(element.text, **options)}, ',')"


def joined(text: ColumnElement[str]) -> ColumnElement[str]:
    """Return all of a group's texts as one, with commas between, in any order."""
    return _Joined(text)


def contains(text: ColumnElement[str], part: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a text has another in it, case and all; everything has the empty one.

    LIKE would take signs of the other for its own, and knows case or not with the database.
    """
    return _Place(text, part) > figure(0)


def one_of(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a column is one of the parameters `key0` to `key15`, however many are given."""
    return column.in_([param(f"key{number}") for number in range(CHUNK)])
