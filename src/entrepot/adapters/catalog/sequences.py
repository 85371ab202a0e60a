"""The numbers that AUTOINCREMENT gives, told to go on from a higher one.

PostgreSQL's sequences leave a gap where a transaction failed, and no reader of the outbox could
tell that from an event that is missing. So these tables are numbered by a row each, with the
transaction; there is one writer at a time anyway.
"""

from .connection import Connection, Statement

NUMBERED = (("audit", "id"), ("blobs", "generation"), ("outbox", "sequence"), ("trash", "id"))
"""Tables and columns that PostgreSQL numbers so."""

_TABLE = (
    "CREATE TABLE given_numbers ( name TEXT PRIMARY KEY, last BIGINT NOT NULL ) "
    "WITH (fillfactor = 20)"
)
_FUNCTION = (
    "CREATE FUNCTION next_number(which TEXT) RETURNS BIGINT LANGUAGE sql VOLATILE AS "
    "'INSERT INTO given_numbers AS given VALUES (which, 1) ON CONFLICT (name) "
    "DO UPDATE SET last = given.last + 1 RETURNING last'"
)
POSTGRES = (
    _TABLE,
    _FUNCTION,
    *(
        f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT next_number('{table}')"
        for table, column in NUMBERED
    ),
    *(f"DROP SEQUENCE {table}_{column}_seq" for table, column in NUMBERED),
)

_FIND = Statement(
    sqlite="SELECT seq FROM sqlite_sequence WHERE name = :name",
    postgres="SELECT last FROM given_numbers WHERE name = :name",
)
_RAISE = Statement(
    sqlite="UPDATE sqlite_sequence SET seq = :to WHERE name = :name",
    postgres="UPDATE given_numbers SET last = :to WHERE name = :name",
)
_START = Statement(
    sqlite="INSERT INTO sqlite_sequence VALUES (:name, :to)",
    postgres="INSERT INTO given_numbers VALUES (:name, :to)",
)


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
