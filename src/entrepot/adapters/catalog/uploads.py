"""Upload sessions in the catalog."""

from entrepot.ports.catalog import UploadSession

from . import sql
from .connection import Connection


class SqlUploads:
    """Keeps `ports.catalog.Uploads`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, session: UploadSession) -> None:
        await self._connection.later(
            sql.UPLOADS_ADD,
            {
                "id": session.id,
                "repository_id": session.repository_id,
                "actor": session.actor,
                "algorithm": session.algorithm,
                "offset": session.offset,
                "started_at": session.started_at,
                "expires_at": session.expires_at,
            },
        )

    async def find(self, upload_id: str) -> UploadSession | None:
        row = await self._connection.row(sql.UPLOADS_FIND, {"id": upload_id})
        return UploadSession(*row) if row else None

    async def advance(self, upload_id: str, offset: int, expires_at: float) -> None:
        values = {"id": upload_id, "new_offset": offset, "new_expires_at": expires_at}
        await self._connection.later(sql.UPLOADS_ADVANCE, values)

    async def remove(self, upload_id: str) -> None:
        await self._connection.later(sql.UPLOADS_REMOVE, {"id": upload_id})

    async def expired(self, now: float, limit: int) -> list[UploadSession]:
        """Return sessions that ended before `now`, the oldest first."""
        rows = await self._connection.rows(sql.UPLOADS_EXPIRED, {"now": now, "limit": limit})
        return [UploadSession(*row) for row in rows]
