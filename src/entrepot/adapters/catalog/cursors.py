"""Cursors of those who read the outbox."""

from . import sql
from .connection import Connection


class SqlCursors:
    """Keeps `ports.integrity.Cursors`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, name: str) -> int:
        row = await self._connection.row(sql.CURSORS_FIND, {"name": name})
        return int(row[0]) if row else 0

    async def move(self, name: str, sequence: int) -> None:
        await self._connection.run(sql.CURSORS_MOVE, {"name": name, "sequence": sequence})

    async def lowest(self) -> int:
        row = await self._connection.row(sql.CURSORS_LOWEST, {})
        return int(row[0]) if row and row[0] is not None else 0
