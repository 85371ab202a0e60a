"""Rows of blobs in the catalog, and the repositories that may show them."""

from entrepot.oci.digest import Digest
from entrepot.rules import leases
from entrepot.rules.leases import BlobRow, BlobState

from . import sql
from .connection import Connection, Row


class SqlBlobs:
    """Keeps `ports.leases.Blobs`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, digest: Digest) -> BlobRow | None:
        row = await self._connection.row(sql.BLOBS_FIND, {"digest": digest})
        return blob_row(row) if row else None

    async def in_repository(self, repository_id: int, digest: Digest) -> BlobRow | None:
        values = {"repository_id": repository_id, "digest": digest}
        row = await self._connection.row(sql.BLOBS_IN_REPOSITORY, values)
        return blob_row(row) if row else None

    async def arrive(self, digest: Digest, size: int, keep_until: float) -> BlobRow:
        arriving = {
            "digest": digest,
            "state": BlobState.ARRIVING.value,
            "size": size,
            "keep_until": keep_until,
        }
        made = await self._connection.row(sql.BLOBS_ARRIVE, arriving)
        if made is None:
            current = await self.find(digest)
            if current is not None:
                if not leases.needs_generation(current):
                    return current
                await self._connection.run(sql.BLOBS_REPLACE, {"generation": current.generation})
            made = await self._connection.row(sql.BLOBS_ARRIVE, arriving)
        if made is None:
            raise LookupError("the database gave no generation to a new blob")
        return BlobRow(digest, made[0], BlobState.ARRIVING, size, keep_until)

    async def set_state(self, digest: Digest, generation: int, state: BlobState) -> None:
        values = {"digest": digest, "generation": generation, "new_state": state.value}
        await self._connection.later(sql.BLOBS_SET_STATE, values)

    async def keep(self, digest: Digest, until: float) -> None:
        await self._connection.later(sql.BLOBS_KEEP, {"digest": digest, "until": until})

    async def referenced(self, digest: Digest) -> bool:
        return await self._connection.row(sql.BLOBS_REFERENCED, {"target": digest}) is not None

    async def link(self, repository_id: int, digest: Digest, now: float) -> None:
        values = {"repository_id": repository_id, "digest": digest, "linked_at": now}
        await self._connection.later(sql.BLOBS_LINK, values)

    async def unlink(self, repository_id: int, digest: Digest) -> bool:
        values = {"repository_id": repository_id, "digest": digest}
        return await self._connection.run(sql.BLOBS_UNLINK, values) > 0

    async def sources(self, digest: Digest, limit: int) -> list[str]:
        rows = await self._connection.rows(sql.BLOBS_SOURCES, {"digest": digest, "limit": limit})
        return [row[0] for row in rows]


def blob_row(row: Row) -> BlobRow:
    """Return the value of a row of (digest, generation, state, size, keep_until)."""
    return BlobRow(Digest(row[0]), row[1], BlobState(row[2]), row[3], row[4])
