"""Queries for rows that contradict one another."""

from entrepot.oci.digest import Digest
from entrepot.ports.upkeep import DAMAGE, Finding, StoredManifest
from entrepot.rules.leases import BlobRow

from . import sql
from .blobs import blob_row
from .connection import Connection, Statement

# Each names a hundred findings at most. PostgreSQL's files are for its own tools (pg_amcheck).
_QUICK_CHECK = Statement(sqlite="PRAGMA quick_check", postgres="SELECT 'ok'")
_FULL_CHECK = Statement(sqlite="PRAGMA integrity_check", postgres="SELECT 'ok'")


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
            *await self._findings(
                sql.INSPECTION_DEAD_HOLDS,
                limit,
                "I1",
                "manifest {0} in the trash holds {1}, which has no live row",
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
            *await self._findings(
                sql.INSPECTION_TRASH_WITHOUT_BYTES,
                limit,
                "I5",
                "manifest {0} of repository {1} in the trash has no bytes",
            ),
        ][:limit]

    async def drifted_ledgers(self, limit: int) -> list[Finding]:
        return [
            *await self._findings(
                sql.INSPECTION_DRIFTED_LEDGERS,
                limit,
                "I7",
                "the ledger of {0} {1} says {2} bytes; its charges are {3}",
            ),
            *await self._findings(
                sql.INSPECTION_DRIFTED_CHARGES,
                limit,
                "I7",
                "ledger {0} counts {2} manifests that hold {1}; there are {3}",
            ),
            *await self._findings(
                sql.INSPECTION_UNCHARGED,
                limit,
                "I7",
                "manifest {0} holds {1}, which is not charged on ledger {2}",
            ),
            *await self._findings(
                sql.INSPECTION_WITHOUT_LEDGER,
                limit,
                "I7",
                "manifest {0} of repository {1} is charged on no project",
            ),
        ][:limit]

    async def blobs(self, after: int, limit: int) -> list[BlobRow]:
        values = {"after": after, "limit": limit}
        return [blob_row(row) for row in await self._connection.rows(sql.INSPECTION_BLOBS, values)]

    async def manifests(self, after: int, limit: int) -> list[StoredManifest]:
        values = {"after": after, "limit": limit}
        rows = await self._connection.rows(sql.INSPECTION_MANIFESTS, values)
        return [
            StoredManifest(
                id=row[0],
                digest=Digest(row[1]),
                media_type=row[2],
                artifact_type=row[3],
                size=row[4],
                subject=Digest(row[5]) if row[5] is not None else None,
                raw=row[6],
            )
            for row in rows
        ]

    async def damage(self, *, deep: bool) -> list[Finding]:
        rows = await self._connection.rows(_FULL_CHECK if deep else _QUICK_CHECK, {})
        return [Finding(DAMAGE, f"the catalog's file: {row[0]}") for row in rows if row[0] != "ok"]

    async def _findings(
        self, statement: Statement, limit: int, invariant: str, message: str
    ) -> list[Finding]:
        rows = await self._connection.rows(statement, {"limit": limit})
        return [Finding(invariant, message.format(*row)) for row in rows]
