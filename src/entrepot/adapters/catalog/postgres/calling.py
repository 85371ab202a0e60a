"""Writes that nobody asks the outcome of, as text: many of them go in one message.

PostgreSQL's simple protocol takes any number of statements at once, and no parameters. So each is
prepared once on a connection, and called with its values as literals, which the server reads as
the types that the statement has there.
"""

from collections.abc import Sequence

from .connecting import Raw

CALL_MAX_BYTES = 64 << 10
"""Larger ones go by themselves: as text bytes are twice as long."""


class Prepared:
    """Statements by the names that they have on one connection."""

    __slots__ = ("_names",)

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def name(self, sql: str) -> str | None:
        """Return the statement's name, if it has one yet."""
        return self._names.get(sql)

    async def prepare(self, raw: Raw, sql: str) -> str:
        """Give it a name on the connection, which no transaction takes back."""
        name = f"later_{len(self._names)}"
        # Not by the driver's `prepare`: after that the server waits for more to come, and does not
        # notice that a replica stands still in its turn.
        await raw.execute(f"PREPARE {name} AS {sql}")
        self._names[sql] = name
        return name


def called(name: str, arguments: Sequence[object]) -> str:
    """Return what runs a statement. UnicodeEncodeError for what UTF-8 has no bytes for."""
    values = ", ".join([literal(value) for value in arguments])
    values.encode()
    return f"EXECUTE {name}({values})" if values else f"EXECUTE {name}"


def fits(arguments: Sequence[object]) -> bool:
    """Whether they are short enough to be literals."""
    size = sum(len(value) for value in arguments if isinstance(value, str | bytes))
    return size <= CALL_MAX_BYTES


def literal(value: object) -> str:
    """Return a value in quotes; needs `standard_conforming_strings`. TypeError for other types."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return "'" + str.replace(value, "'", "''") + "'"
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'"
    # Quoted too: the server must refuse 1.5 for an integer, as it does for a parameter.
    if type(value) in (int, float):
        return f"'{value!r}'"
    raise TypeError(f"there is no literal of {type(value).__name__}")
