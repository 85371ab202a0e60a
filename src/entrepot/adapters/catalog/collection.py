"""The collector's steps in the catalog."""

from entrepot.oci.digest import Digest
from entrepot.rules.leases import BlobRow

from . import sql
from .blobs import blob_row
from .connection import Connection


class SqlCollection:
    """Keeps `ports.upkeep.Collection`; the statement says `rules.leases.may_condemn` in SQL."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def condemn(self, now: float, limit: int) -> list[BlobRow]:
        values = {"now": now, "limit": limit}
        rows = await self._connection.rows(sql.COLLECTION_CONDEMN, values)
        doomed = sorted((blob_row(row) for row in rows), key=lambda row: row.generation)
        await self._connection.run_many(
            sql.COLLECTION_UNLINK, [{"digest": row.digest} for row in doomed]
        )
        return doomed

    async def condemned(self, limit: int) -> list[BlobRow]:
        rows = await self._connection.rows(sql.COLLECTION_CONDEMNED, {"limit": limit})
        return [blob_row(row) for row in rows]

    async def forget(self, digest: Digest, generation: int) -> bool:
        values = {"digest": digest, "generation": generation}
        return await self._connection.run(sql.COLLECTION_FORGET, values) > 0
