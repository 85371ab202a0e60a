"""Artifacts in the catalog."""

from entrepot.oci.digest import Digest
from entrepot.oci.reference import Tag
from entrepot.ports.artifacts import ArtifactRow

from . import sql
from .connection import Connection


class SqlArtifacts:
    """Keeps `ports.artifacts.Artifacts`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def page(self, repository_id: int, after: int, limit: int) -> list[ArtifactRow]:
        values = {"repository_id": repository_id, "after": after, "limit": limit}
        rows = await self._connection.rows(sql.ARTIFACTS_PAGE, values)
        if not rows:
            return []
        span = {"repository_id": repository_id, "after": after, "last": rows[-1][0]}
        tags: dict[int, list[tuple[Tag, float]]] = {}
        for number, name, moved_at in await self._connection.rows(sql.ARTIFACTS_TAGS, span):
            tags.setdefault(number, []).append((Tag(name), moved_at))
        return [
            ArtifactRow(
                id=row[0],
                digest=Digest(row[1]),
                media_type=row[2],
                annotations=row[3],
                pushed_at=row[4],
                pulled_at=row[5],
                size=row[6],
                child_of=Digest(row[7]) if row[7] is not None else None,
                tags=tuple(sorted(tags.get(row[0], ()))),
            )
            for row in rows
        ]
