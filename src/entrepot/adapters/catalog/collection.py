"""The collector's steps in the catalog, and what it removed."""

import math
from collections.abc import Sequence

from entrepot.oci.digest import Digest
from entrepot.ports.upkeep import Link, Looked, LookedLinks, Swept
from entrepot.rules.leases import BlobRow

from . import sql
from .blobs import blob_row
from .connection import Connection

ASKED_AT_ONCE = 64
"""As the statement has it."""


class SqlCollection:
    """Keeps `ports.upkeep.Collection`; the statements say `rules.leases.may_condemn` in SQL."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def due(self, after: int, now: float, limit: int) -> Looked:
        values = {"after": after, "now": now, "limit": limit}
        rows = await self._connection.rows(sql.COLLECTION_DUE, values)
        due = [blob_row(row[:5]) for row in rows if row[5] == 1]
        waiting = tuple(blob_row(row[:5]) for row in rows if row[5] == 2)
        return Looked(due, len(rows), rows[-1][1] if len(rows) == limit else None, waiting)

    async def condemn(self, generation: int, now: float) -> BlobRow | None:
        values = {"generation": generation, "now": now}
        row = await self._connection.row(sql.COLLECTION_CONDEMN, values)
        if row is None:
            return None
        doomed = blob_row(row)
        await self._connection.run(sql.COLLECTION_UNLINK, {"digest": doomed.digest})
        return doomed

    async def condemned(self, after: BlobRow | None, limit: int) -> list[BlobRow]:
        values = {
            "keep_until": after.keep_until if after else -math.inf,
            "generation": after.generation if after else 0,
            "limit": limit,
        }
        rows = await self._connection.rows(sql.COLLECTION_CONDEMNED, values)
        return [blob_row(row) for row in rows]

    async def forget(self, digest: Digest, generation: int) -> bool:
        values = {"digest": digest, "generation": generation}
        return await self._connection.run(sql.COLLECTION_FORGET, values) > 0

    async def generations(self, digests: Sequence[Digest]) -> dict[Digest, int]:
        found: dict[Digest, int] = {}
        for start in range(0, len(digests), ASKED_AT_ONCE):
            asked: list[Digest | None] = [*digests[start : start + ASKED_AT_ONCE]]
            asked += [None] * (ASKED_AT_ONCE - len(asked))
            values = {f"digest_{number}": digest for number, digest in enumerate(asked)}
            rows = await self._connection.rows(sql.COLLECTION_GENERATIONS, values)
            found |= {Digest(row[0]): row[1] for row in rows}
        return found

    async def idle_links(self, after: Link, now: float, limit: int) -> LookedLinks:
        values = {**_key(after), "now": now, "limit": limit}
        rows = await self._connection.rows(sql.COLLECTION_LINKS, values)
        due = [Link(row[0], row[1]) for row in rows if row[2]]
        last = Link(rows[-1][0], rows[-1][1]) if len(rows) == limit else None
        return LookedLinks(due, len(rows), last)

    async def drop_link(self, link: Link, now: float) -> bool:
        return await self._connection.run(sql.COLLECTION_DROP_LINK, {**_key(link), "now": now}) > 0


class SqlSweeps:
    """Keeps `ports.upkeep.Sweeps`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, swept: list[Swept]) -> None:
        lines = [
            {
                "job_id": line.job_id,
                "digest": line.digest,
                "generation": line.generation,
                "size": line.size,
                "reason": line.reason,
                "at": line.at,
            }
            for line in swept
        ]
        await self._connection.run_many(sql.COLLECTION_SWEPT, lines)

    async def page(self, job_id: int, after: int, limit: int) -> list[Swept]:
        values = {"job_id": job_id, "after": after, "limit": limit}
        rows = await self._connection.rows(sql.COLLECTION_SWEEPS, values)
        return [
            Swept(job_id, Digest(digest), generation, size, reason, at, number)
            for number, _, digest, generation, size, reason, at in rows
        ]

    async def prune(self, before: float, limit: int) -> int:
        values = {"before": before, "limit": limit}
        return await self._connection.run(sql.COLLECTION_PRUNE, values)


def _key(link: Link) -> dict[str, object]:
    return {"repository_id": link.repository_id, "digest": link.digest}
