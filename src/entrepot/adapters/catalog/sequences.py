"""The numbers that AUTOINCREMENT gives, told to go on from a higher one."""

from .connection import Connection, Statement

_FIND = Statement(sqlite="SELECT seq FROM sqlite_sequence WHERE name = :name")
_RAISE = Statement(sqlite="UPDATE sqlite_sequence SET seq = :to WHERE name = :name")
_START = Statement(sqlite="INSERT INTO sqlite_sequence VALUES (:name, :to)")


async def last_of(connection: Connection, table: str) -> int:
    """Return the highest number ever given in a table; 0 for none."""
    row = await connection.row(_FIND, {"name": table})
    return int(row[0]) if row else 0


async def skip_to(connection: Connection, table: str, number: int) -> None:
    """Give only numbers above `number` from now on."""
    if await last_of(connection, table) >= number:
        return
    values = {"name": table, "to": number}
    if await connection.run(_RAISE, values) == 0:
        await connection.run(_START, values)
