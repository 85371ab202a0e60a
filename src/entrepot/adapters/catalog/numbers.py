"""Numbers of names in the catalog."""

from collections.abc import Sequence

from . import sql
from .connection import Connection
from .listing_keys import all_by_keys


class SqlNumbers:
    """Keeps `ports.numbers.Numbers`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of(self, kind: str, names: Sequence[str]) -> dict[str, int]:
        rows = await all_by_keys(self._connection, sql.NUMBERS_OF, names, {"kind": kind})
        return dict(rows)

    async def name(self, kind: str, number: int) -> str | None:
        row = await self._connection.row(sql.NUMBERS_NAME, {"kind": kind, "number": number})
        return row[0] if row else None

    async def give(self, kind: str, names: Sequence[str]) -> None:
        known = await self.of(kind, names)
        last = await self._connection.row(sql.NUMBERS_LAST, {"kind": kind})
        start = (last[0] if last else 0) + 1
        new = [name for name in dict.fromkeys(names) if name not in known]
        given = [
            {"kind": kind, "number": number, "name": name} for number, name in enumerate(new, start)
        ]
        await self._connection.run_many(sql.NUMBERS_GIVE, given)
