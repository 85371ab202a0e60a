"""The trash in the catalog."""

import msgspec

from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.trash import TrashContent, TrashEntry, TrashScope

from . import sql
from .connection import Connection, Row

_TAGS = msgspec.json.Decoder(list[str])


class SqlTrash:
    """Keeps `ports.trash.Trash`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, entry: TrashEntry, raw: bytes | None, holds: list[Digest]) -> int:
        values = {
            "batch": entry.batch,
            "repository_id": entry.repository_id,
            "kind": entry.kind,
            "digest": entry.digest,
            "tags": encode(list(entry.tags)).decode(),
            "media_type": entry.media_type,
            "size": entry.size,
            "pushed_at": entry.pushed_at,
            "pushed_by": entry.pushed_by,
            "raw": raw,
            "deleted_at": entry.deleted_at,
            "purge_at": entry.purge_at,
            "actor": entry.actor,
            "client": entry.client,
            "reason": entry.reason,
        }
        made = await self._connection.row(sql.TRASH_ADD, values)
        if made is None:
            raise LookupError("the database gave no id to a new entry of the trash")
        trash_id = int(made[0])
        held = [{"trash_id": trash_id, "target": target} for target in holds]
        await self._connection.run_many(sql.TRASH_HOLD, held)
        return trash_id

    async def find(self, entry_id: int) -> TrashEntry | None:
        row = await self._connection.row(sql.TRASH_FIND, {"id": entry_id})
        return _entry(row) if row else None

    async def of(self, repository_id: int, digest: Digest) -> list[TrashEntry]:
        values = {"repository_id": repository_id, "digest": digest}
        return [_entry(row) for row in await self._connection.rows(sql.TRASH_OF, values)]

    async def content(self, entry_id: int) -> TrashContent:
        row = await self._connection.row(sql.TRASH_RAW, {"id": entry_id})
        raw = bytes(row[0]) if row and row[0] is not None else None
        return TrashContent(raw, tuple(await self._targets(entry_id)))

    async def page(self, scope: TrashScope, after: int, limit: int) -> list[TrashEntry]:
        # Of a project are the names from "project/" to "project0", which comes right after.
        first = None if scope.project is None else f"{scope.project}/"
        values = {
            "repository_id": scope.repository_id,
            "batch": scope.batch,
            "first_name": first,
            "last_name": None if first is None else f"{scope.project}0",
            "after": after,
            "limit": limit,
        }
        only_batch = scope.batch is not None and scope == TrashScope(batch=scope.batch)
        statement = sql.TRASH_BATCH if only_batch else sql.TRASH_PAGE
        return [_entry(row) for row in await self._connection.rows(statement, values)]

    async def due(self, now: float, limit: int) -> list[TrashEntry]:
        values = {"now": now, "limit": limit}
        return [_entry(row) for row in await self._connection.rows(sql.TRASH_DUE, values)]

    async def remove(self, entry_id: int) -> list[Digest]:
        held = await self._targets(entry_id)
        await self._connection.run(sql.TRASH_REMOVE, {"id": entry_id})
        return held

    async def holds(self, target: Digest) -> bool:
        return await self._connection.row(sql.TRASH_HOLDS, {"target": target}) is not None

    async def holders(self, repository_id: int, target: Digest, limit: int) -> list[TrashEntry]:
        values = {"repository_id": repository_id, "target": target, "limit": limit}
        return [_entry(row) for row in await self._connection.rows(sql.TRASH_HOLDERS, values)]

    async def _targets(self, entry_id: int) -> list[Digest]:
        rows = await self._connection.rows(sql.TRASH_TARGETS, {"id": entry_id})
        return [Digest(row[0]) for row in rows]


def _entry(row: Row) -> TrashEntry:
    number, batch, repository_id, kind, digest, tags, *rest, name = row
    return TrashEntry(
        number,
        batch,
        repository_id,
        RepositoryName(name),
        kind,
        Digest(digest),
        tuple(Tag(tag) for tag in _TAGS.decode(tags)),
        *rest,
    )
