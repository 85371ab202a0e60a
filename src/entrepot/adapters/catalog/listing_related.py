"""What belongs to a page of artifacts, read together."""

from collections.abc import Sequence

from entrepot.oci.digest import Digest
from entrepot.oci.reference import Tag
from entrepot.rules.leases import BlobRow

from . import sql
from .blobs import blob_row
from .connection import Connection
from .listing_keys import CHUNK, all_by_keys

REFERRERS_AT_ONCE = 4000
"""Rows of one statement; where there are more, each subject is asked for by itself."""


class SqlRelatedRows:
    """Keeps `ports.listing.RelatedRows`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def raws(self, digests: Sequence[Digest]) -> dict[Digest, bytes]:
        rows = await all_by_keys(self._connection, sql.LISTING_RELATED_RAWS, digests)
        return {Digest(digest): bytes(raw) for digest, raw in rows}

    async def blobs(self, digests: Sequence[Digest]) -> dict[Digest, BlobRow]:
        rows = await all_by_keys(self._connection, sql.LISTING_RELATED_BLOBS, digests)
        return {one.digest: one for one in map(blob_row, rows)}

    async def ids(self, repository_id: int, digests: Sequence[Digest]) -> dict[Digest, int]:
        values = {"repository_id": repository_id}
        rows = await all_by_keys(self._connection, sql.LISTING_RELATED_IDS, digests, values)
        return {Digest(digest): number for digest, number in rows}

    async def referrers(
        self, repository_id: int, subjects: Sequence[Digest], limit: int
    ) -> dict[Digest, list[int]]:
        found: dict[Digest, list[int]] = {}
        for start in range(0, len(subjects), CHUNK):
            chunk = subjects[start : start + CHUNK]
            values = {"repository_id": repository_id, "limit": REFERRERS_AT_ONCE}
            rows = await all_by_keys(self._connection, sql.LISTING_RELATED_REFERRERS, chunk, values)
            if len(rows) == REFERRERS_AT_ONCE:
                rows = []
                for subject in dict.fromkeys(chunk):
                    one = {"repository_id": repository_id, "subject": subject, "limit": limit}
                    rows += await self._connection.rows(sql.LISTING_RELATED_REFERRERS_OF_ONE, one)
            for digest, number in rows:
                ids = found.setdefault(Digest(digest), [])
                if len(ids) < limit:
                    ids.append(number)
        return found

    async def tagged_within(self, repository_id: int, low: str, high: str) -> bool:
        values = {"repository_id": repository_id, "low": low, "high": high}
        row = await self._connection.row(sql.LISTING_RELATED_TAGGED_WITHIN, values)
        return row is not None

    async def tagged(self, repository_id: int, tags: Sequence[Tag]) -> dict[Tag, int]:
        values = {"repository_id": repository_id}
        rows = await all_by_keys(self._connection, sql.LISTING_RELATED_TAGGED, tags, values)
        return {Tag(name): number for name, number in rows}
