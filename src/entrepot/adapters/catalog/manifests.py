"""Manifests and their edges in the catalog."""

from entrepot.oci.digest import Digest
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import Edge, ManifestCursor, ManifestRow

from . import sql
from .connection import Connection, Row

_ID_MAX = (1 << 63) - 1


class SqlManifests:
    """Keeps `ports.catalog.Manifests`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, repository_id: int, digest: Digest) -> ManifestRow | None:
        values = {"repository_id": repository_id, "digest": digest}
        row = await self._connection.row(sql.MANIFESTS_FIND, values)
        return _manifest(row) if row else None

    async def by_tag(self, repository_id: int, tag: Tag) -> ManifestRow | None:
        values = {"repository_id": repository_id, "name": tag}
        row = await self._connection.row(sql.MANIFESTS_BY_TAG, values)
        return _manifest(row) if row else None

    async def raw(self, digest: Digest) -> bytes | None:
        row = await self._connection.row(sql.MANIFESTS_RAW, {"digest": digest})
        return bytes(row[0]) if row else None

    async def add(self, row: ManifestRow, raw: bytes, edges: list[Edge]) -> int:
        """Write it; the repository must not have the digest. Equal edges count once."""
        values = {
            "repository_id": row.repository_id,
            "digest": row.digest,
            "media_type": row.media_type,
            "artifact_type": row.artifact_type,
            "size": row.size,
            "subject": row.subject,
            "annotations": row.annotations,
            "pushed_at": row.pushed_at,
        }
        made = await self._connection.row(sql.MANIFESTS_ADD, values)
        if made is None:
            raise LookupError("the database gave no id to a new manifest")
        manifest_id = int(made[0])
        await self._connection.later(sql.MANIFESTS_ADD_RAW, {"digest": row.digest, "raw": raw})
        held = {"manifest_id": manifest_id, "repository_id": row.repository_id}
        for edge in edges:
            each = {**held, "target": edge.target, "kind": edge.kind}
            await self._connection.later(sql.MANIFESTS_ADD_EDGE, each)
        return manifest_id

    async def remove(self, row: ManifestRow) -> list[Digest]:
        """Remove it; no tag may point at it any more. The bytes go with the last of its digest."""
        held = await self.edges(row.id)
        await self._connection.run(sql.MANIFESTS_REMOVE, {"id": row.id})
        await self._connection.run(sql.MANIFESTS_REMOVE_RAW, {"digest": row.digest})
        return list(dict.fromkeys(edge.target for edge in held))

    async def edges(self, manifest_id: int) -> list[Edge]:
        rows = await self._connection.rows(sql.MANIFESTS_EDGES, {"manifest_id": manifest_id})
        return [Edge(Digest(target), kind) for target, kind in rows]

    async def holder(
        self, repository_id: int, target: Digest, kind: str | None = None
    ) -> Digest | None:
        values = {"repository_id": repository_id, "target": target, "kind": kind}
        statement = sql.MANIFESTS_HOLDER if kind else sql.MANIFESTS_HOLDER_OF_ANY_KIND
        row = await self._connection.row(statement, values)
        return Digest(row[0]) if row else None

    async def referrers(
        self, repository_id: int, subject: Digest, after: int, limit: int
    ) -> list[ManifestRow]:
        values = {
            "repository_id": repository_id,
            "subject": subject,
            "after": after,
            "limit": limit,
        }
        rows = await self._connection.rows(sql.MANIFESTS_REFERRERS, values)
        return [_manifest(row) for row in rows]

    async def page(
        self, repository_id: int, after: ManifestCursor | None, limit: int
    ) -> list[ManifestRow]:
        subject, number = after or ("", _ID_MAX)
        found: list[Row] = []
        values: dict[str, object]
        if not subject:
            values = {"repository_id": repository_id, "before": number, "limit": limit}
            found += await self._connection.rows(sql.MANIFESTS_PLAIN, values)
            number = 0
        if len(found) < limit:
            left = {"subject": subject, "after": number, "limit": limit - len(found)}
            values = {"repository_id": repository_id, **left}
            found += await self._connection.rows(sql.MANIFESTS_WITH_SUBJECT, values)
        return [_manifest(row) for row in found]


def _manifest(row: Row) -> ManifestRow:
    # By position: names would cost as much as a fifth of the query.
    number, repository_id, digest, media_type, artifact_type, size, subject, *rest = row
    return ManifestRow(
        number,
        repository_id,
        Digest(digest),
        media_type,
        artifact_type,
        size,
        None if subject is None else Digest(subject),
        *rest,
    )
