"""Answers in the catalog, by the keys of their requests."""

from dataclasses import asdict

from entrepot.ports.idempotency import KeptAnswer

from . import sql
from .connection import Connection


class SqlIdempotency:
    """Keeps `ports.idempotency.Idempotency`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, key_hash: str) -> KeptAnswer | None:
        row = await self._connection.row(sql.IDEMPOTENCY_FIND, {"key_hash": key_hash})
        return KeptAnswer(*row) if row else None

    async def put(self, row: KeptAnswer) -> None:
        await self._connection.run(sql.IDEMPOTENCY_PUT, asdict(row))

    async def finish(self, row: KeptAnswer, expires_at: float) -> bool:
        values = {**asdict(row), "under_way_until": expires_at}
        return await self._connection.run(sql.IDEMPOTENCY_FINISH, values) > 0

    async def drop(self, key_hash: str, expires_at: float) -> None:
        values = {"key_hash": key_hash, "under_way_until": expires_at}
        await self._connection.run(sql.IDEMPOTENCY_DROP, values)

    async def count(self, most: int) -> int:
        row = await self._connection.row(sql.IDEMPOTENCY_COUNT, {"limit": most})
        return int(row[0]) if row else 0

    async def prune(self, before: float, limit: int) -> int:
        values = {"before": before, "limit": limit}
        return await self._connection.run(sql.IDEMPOTENCY_PRUNE, values)
