"""Damages in the catalog."""

from entrepot.oci.digest import Digest
from entrepot.ports.integrity import Damage

from . import sql
from .connection import Connection, Row, Statement


class SqlDamages:
    """Keeps `ports.integrity.Damages`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def report(self, digest: Digest, generation: int, message: str, now: float) -> None:
        this = {"digest": digest, "generation": generation}
        if await self._connection.row(sql.DAMAGES_KNOWN, this) is None:
            values = {**this, "message": message, "found_at": now}
            await self._connection.run(sql.DAMAGES_REPORT, values)

    async def heal(self, digest: Digest, now: float) -> None:
        await self._connection.later(sql.DAMAGES_HEAL, {"digest": digest, "now": now})

    async def open(self, after: int, limit: int) -> list[Damage]:
        return await self._page(sql.DAMAGES_OPEN, after, limit)

    async def page(self, after: int, limit: int) -> list[Damage]:
        return await self._page(sql.DAMAGES_PAGE, after, limit)

    async def _page(self, statement: Statement, after: int, limit: int) -> list[Damage]:
        rows = await self._connection.rows(statement, {"after": after, "limit": limit})
        return [_damage(row) for row in rows]


def _damage(row: Row) -> Damage:
    number, digest, *rest = row
    return Damage(number, Digest(digest), *rest)
