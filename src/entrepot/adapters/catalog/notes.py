"""Notes in the catalog."""

from collections.abc import Sequence

from . import sql
from .asked import asked
from .connection import Connection

ASKED_AT_ONCE = 100
"""As the statement has it."""


class SqlNotes:
    """Keeps `ports.notes.Notes`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of(self, kind: str, names: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for values in asked("name", names, ASKED_AT_ONCE):
            found |= dict(await self._connection.rows(sql.NOTES_OF, {"kind": kind, **values}))
        return found

    async def put(self, kind: str, name: str, text: str) -> None:
        await self._connection.run(sql.NOTES_PUT, {"kind": kind, "name": name, "text": text})

    async def remove(self, kind: str, name: str) -> bool:
        return await self._connection.run(sql.NOTES_REMOVE, {"kind": kind, "name": name}) > 0
