"""Pulls in the catalog."""

from dataclasses import asdict

from entrepot.oci.digest import Digest
from entrepot.ports.pulls import Pulled

from . import sql
from .connection import Connection


class SqlPulls:
    """Keeps `ports.pulls.Pulls`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, pulled: Pulled) -> None:
        await self._connection.run(sql.PULLS_ADD, asdict(pulled))

    async def page(self, repository_id: int, after: str, limit: int) -> list[Pulled]:
        values = {"repository_id": repository_id, "after": after, "limit": limit}
        rows = await self._connection.rows(sql.PULLS_PAGE, values)
        return [Pulled(row[0], Digest(row[1]), row[2], row[3]) for row in rows]

    async def last_use(self, target: Digest) -> float | None:
        row = await self._connection.row(sql.PULLS_LAST_USE, {"target": target})
        return max((at for at in row if at is not None), default=None) if row else None

    async def remove(self, repository_id: int, digest: Digest) -> None:
        values = {"repository_id": repository_id, "digest": digest}
        await self._connection.run(sql.PULLS_REMOVE, values)
