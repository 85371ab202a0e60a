"""Tags and their history in the catalog."""

from entrepot.oci.digest import Digest
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import TagMove

from . import sql
from .connection import Connection


class SqlTags:
    """Keeps `ports.catalog.Tags`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, repository_id: int, tag: Tag) -> Digest | None:
        values = {"repository_id": repository_id, "name": tag}
        row = await self._connection.row(sql.TAGS_FIND, values)
        return Digest(row[0]) if row else None

    async def move(self, repository_id: int, manifest_id: int | None, move: TagMove) -> None:
        this = {"repository_id": repository_id, "name": move.tag}
        if manifest_id is None:
            await self._connection.later(sql.TAGS_DROP, this)
        else:
            point = {**this, "manifest_id": manifest_id, "moved_at": move.at}
            await self._connection.later(sql.TAGS_POINT, point)
        await self._connection.later(
            sql.TAGS_RECORD,
            {
                "repository_id": repository_id,
                "tag": move.tag,
                "before": move.before,
                "after": move.after,
                "at": move.at,
                "actor": move.actor,
                "client": move.client,
            },
        )

    async def page(self, repository_id: int, after: str, limit: int) -> list[Tag]:
        values = {"repository_id": repository_id, "after": after, "limit": limit}
        rows = await self._connection.rows(sql.TAGS_PAGE, values)
        return [Tag(row[0]) for row in rows]

    async def of(self, manifest_id: int) -> list[Tag]:
        rows = await self._connection.rows(sql.TAGS_OF, {"manifest_id": manifest_id})
        return [Tag(row[0]) for row in rows]

    async def history(self, repository_id: int, tag: Tag, limit: int) -> list[TagMove]:
        values = {"repository_id": repository_id, "tag": tag, "limit": limit}
        rows = await self._connection.rows(sql.TAGS_HISTORY, values)
        return [
            TagMove(
                tag=Tag(row[0]),
                before=None if row[1] is None else Digest(row[1]),
                after=None if row[2] is None else Digest(row[2]),
                at=row[3],
                actor=row[4],
                client=row[5],
            )
            for row in rows
        ]
