"""Extracts of manifests in the catalog."""

from collections.abc import Sequence

from entrepot.ports.extracts import ExtractRow

from . import sql
from .connection import Connection
from .listing_keys import all_by_keys, first_column


class SqlExtracts:
    """Keeps `ports.extracts.Extracts`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def missing(self, after: int, limit: int) -> list[int]:
        values = {"after": after, "limit": limit}
        return await first_column(self._connection, sql.EXTRACTS_MISSING, values)

    async def lasting(self, ids: Sequence[int]) -> set[int]:
        found = await all_by_keys(self._connection, sql.EXTRACTS_LASTING, ids)
        return {number for (number,) in found}

    async def add(self, rows: Sequence[ExtractRow]) -> int:
        ids = [row.manifest_id for row in rows]
        there = {each[0] for each in await all_by_keys(self._connection, sql.EXTRACTS_THERE, ids)}
        wanted = [row for row in rows if row.manifest_id in there]
        await self._connection.run_many(
            sql.EXTRACTS_ADD,
            [
                {"manifest_id": row.manifest_id, "text": row.text, "size_bytes": row.size_bytes}
                for row in wanted
            ],
        )
        return len(wanted)
