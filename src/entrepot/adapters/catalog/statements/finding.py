"""What lists share: part of a text, one of several keys, and texts as one."""

from typing import Any

from sqlalchemy import Boolean, ColumnClause, ColumnElement, Integer, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

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


class _OneOf(ColumnElement[bool]):
    """Whether a column is one of the keys, an array or JSON (`listing_keys.Keys`)."""

    inherit_cache = True
    type = Boolean()
    _is_implicitly_boolean = True  # or it is compared with 1

    def __init__(self, column: ColumnElement[Any], of: ColumnClause[Any] | None) -> None:
        self.column = column
        self.of = of

    @property
    def _from_objects(self) -> Any:
        return self.column._from_objects  # noqa: SLF001  what it selects from is theirs


@compiles(_OneOf)
def _in_json(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, keys, of, given = _parts(element, compiler, options)
    if not of:
        return f"{column} IN (SELECT value FROM json_each({keys}))"  # noqa: S608 - ours
    # Of two conditions SQLite may take one, and go through all that are of the same.
    pairs = f"SELECT {given}, value FROM json_each({keys})"  # noqa: S608 - ours
    return f"({of}, {column}) IN ({pairs})"


@compiles(_OneOf, "postgresql")
def _in_array(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, keys, of, given = _parts(element, compiler, options)
    return f"{of} = {given} AND {column} = ANY ({keys})" if of else f"{column} = ANY ({keys})"


def _parts(element: _OneOf, compiler: SQLCompiler, options: Any) -> list[str]:
    """Return the texts of the column and the keys, and of the other column and its parameter."""
    of = element.of
    parts = [element.column, param("keys"), *([of, param(of.name)] if of is not None else [])]
    return [*(compiler.process(one, **options) for one in parts), "", ""][:4]


def one_of(
    column: ColumnElement[Any], *, of: ColumnClause[Any] | None = None
) -> ColumnElement[bool]:
    """Whether a column is one of the parameter `keys`, and another, `of`, that of its name."""
    return _OneOf(column, of)
