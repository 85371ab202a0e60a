"""Queries for rows that contradict one another."""

from entrepot.ports.upkeep import Finding
from entrepot.rules.leases import BlobRow

from . import sql
from .blobs import blob_row
from .connection import Connection, Statement


class SqlInspection:
    """Keeps `ports.upkeep.Inspection`; what one statement compares is all of one moment."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def dangling_edges(self, limit: int) -> list[Finding]:
        return [
            *await self._findings(
                sql.INSPECTION_DEAD_TARGETS,
                limit,
                "I1",
                "manifest {0} holds {1} ({2}), which has no live row",
            ),
            *await self._findings(
                sql.INSPECTION_STRAY_CHILDREN,
                limit,
                "I1",
                "index {0} of repository {2} names manifest {1}, which is not in it",
            ),
        ][:limit]

    async def stray_tags(self, limit: int) -> list[Finding]:
        return await self._findings(
            sql.INSPECTION_STRAY_TAGS,
            limit,
            "I3",
            "tag {1} of repository {0} points at manifest {2} of repository {3}",
        )

    async def lost_manifests(self, limit: int) -> list[Finding]:
        return [
            *await self._findings(
                sql.INSPECTION_WITHOUT_BYTES,
                limit,
                "I5",
                "manifest {0} of repository {1} has no bytes",
            ),
            *await self._findings(
                sql.INSPECTION_WITHOUT_SELF,
                limit,
                "I5",
                "manifest {0} of repository {1} does not hold its own bytes",
            ),
        ][:limit]

    async def blobs(self, after: int, limit: int) -> list[BlobRow]:
        values = {"after": after, "limit": limit}
        return [blob_row(row) for row in await self._connection.rows(sql.INSPECTION_BLOBS, values)]

    async def _findings(
        self, statement: Statement, limit: int, invariant: str, message: str
    ) -> list[Finding]:
        rows = await self._connection.rows(statement, {"limit": limit})
        return [Finding(invariant, message.format(*row)) for row in rows]
