"""Second factors and sessions of browsers in the catalog."""

from dataclasses import asdict

from entrepot.ports.factors import Factor, Kind, WebSession

from . import sql
from .connection import Connection, Row


class SqlFactors:
    """Keeps `ports.factors.Factors`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of(self, user_name: str) -> list[Factor]:
        rows = await self._connection.rows(sql.FACTORS_OF, {"user_name": user_name})
        return [_factor(row) for row in rows]

    async def find(self, credential: str) -> Factor | None:
        row = await self._connection.row(sql.FACTORS_FIND, {"credential": credential})
        return _factor(row) if row else None

    async def add(self, factor: Factor) -> bool:
        values = asdict(factor)
        del values["id"]
        values["kind"] = factor.kind.value
        return await self._connection.run(sql.FACTORS_ADD, values) > 0

    async def use(self, factor_id: int, *, before: int, after: int, now: float) -> bool:
        values = {"factor_id": factor_id, "before": before, "after": after, "now": now}
        return await self._connection.run(sql.FACTORS_USE, values) > 0

    async def remove(self, factor_id: int) -> bool:
        return await self._connection.run(sql.FACTORS_REMOVE, {"factor_id": factor_id}) > 0

    async def remove_kind(self, user_name: str, kind: Kind) -> int:
        values = {"user_name": user_name, "kind": kind.value}
        return await self._connection.run(sql.FACTORS_REMOVE_KIND, values)

    async def remove_all(self, user_name: str) -> int:
        return await self._connection.run(sql.FACTORS_REMOVE_ALL, {"user_name": user_name})


class SqlSessions:
    """Keeps `ports.factors.WebSessions`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, id_hash: str) -> WebSession | None:
        row = await self._connection.row(sql.SESSIONS_FIND, {"id_hash": id_hash})
        return WebSession(*row) if row else None

    async def add(self, session: WebSession) -> None:
        await self._connection.run(sql.SESSIONS_ADD, asdict(session))

    async def seen(self, id_hash: str, now: float) -> bool:
        values = {"id_hash": id_hash, "now": now}
        return await self._connection.run(sql.SESSIONS_SEEN, values) > 0

    async def remove(self, id_hash: str) -> bool:
        return await self._connection.run(sql.SESSIONS_REMOVE, {"id_hash": id_hash}) > 0

    async def of(self, user_name: str) -> list[WebSession]:
        rows = await self._connection.rows(sql.SESSIONS_OF, {"user_name": user_name})
        return [WebSession(*row) for row in rows]

    async def remove_all(self, user_name: str) -> int:
        return await self._connection.run(sql.SESSIONS_REMOVE_ALL, {"user_name": user_name})

    async def expire(self, now: float, limit: int) -> int:
        return await self._connection.run(sql.SESSIONS_EXPIRE, {"now": now, "limit": limit})


def _factor(row: Row) -> Factor:
    return Factor(row[0], Kind(row[1]), *row[2:])
