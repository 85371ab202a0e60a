"""What a catalog that is made anew takes over as it was."""

from entrepot.rules.leases import BlobRow

from . import sql
from .blobs import blob_row
from .connection import Connection
from .sequences import skip_to


class SqlRebuilding:
    """Keeps `ports.integrity.Rebuilding`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def adopt(self, row: BlobRow) -> None:
        current = await self._connection.row(sql.BLOBS_FIND, {"digest": row.digest})
        if current is not None:
            replaced = {"generation": blob_row(current).generation}
            await self._connection.run(sql.BLOBS_REPLACE, replaced)
        values = {
            "generation": row.generation,
            "digest": row.digest,
            "state": row.state.value,
            "size": row.size,
            "keep_until": row.keep_until,
        }
        await self._connection.run(sql.REBUILDING_ADOPT, values)

    async def skip_generations(self, to: int) -> None:
        await skip_to(self._connection, "blobs", to)

    async def skip_trash(self, to: int) -> None:
        await skip_to(self._connection, "trash", to)

    async def unheld(self, after: int, limit: int) -> list[BlobRow]:
        values = {"after": after, "limit": limit}
        rows = await self._connection.rows(sql.REBUILDING_UNHELD, values)
        return [blob_row(row) for row in rows]
