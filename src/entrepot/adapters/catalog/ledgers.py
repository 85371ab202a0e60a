"""Ledgers in the catalog."""

from collections.abc import Sequence

from entrepot.ports.ledgers import KIND_PROJECT, KIND_USER, Ledger

from . import sql
from .connection import Connection, Row
from .listing_keys import all_by_keys


class SqlLedgers:
    """Keeps `ports.ledgers.Ledgers`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, kind: str, name: str) -> Ledger | None:
        row = await self._connection.row(sql.LEDGERS_FIND, {"kind": kind, "name": name})
        return _ledger(row) if row else None

    async def named(self, kind: str, names: Sequence[str]) -> list[Ledger]:
        rows = await all_by_keys(self._connection, sql.LEDGERS_NAMED, names, {"kind": kind})
        return [_ledger(row) for row in rows]

    async def owners(self, project: str, user: str) -> list[Ledger]:
        values = {"project": project, "user": user}
        return [_ledger(row) for row in await self._connection.rows(sql.LEDGERS_OWNERS, values)]

    async def ensure(self, kind: str, name: str) -> Ledger:
        found = await self.find(kind, name)
        if found is None:
            await self._connection.run(sql.LEDGERS_ADD, {"kind": kind, "name": name})
            found = await self.find(kind, name)
        if found is None:
            raise LookupError(f"ledger {name} is gone right after it was made")
        return found

    async def page(self, kind: str, after: str, limit: int) -> list[Ledger]:
        values = {"kind": kind, "after": after, "limit": limit}
        return [_ledger(row) for row in await self._connection.rows(sql.LEDGERS_PAGE, values)]

    async def set_limits(
        self, ledger_id: int, limit_bytes: int | None, limit_manifests: int | None
    ) -> None:
        values = {
            "ledger_id": ledger_id,
            "new_limit_bytes": limit_bytes,
            "new_limit_manifests": limit_manifests,
        }
        await self._connection.run(sql.LEDGERS_SET_LIMITS, values)

    async def charge(self, manifest_id: int, project: str, user: str) -> list[Ledger]:
        for kind, name in ((KIND_PROJECT, project), (KIND_USER, user)):
            if name:
                await self._connection.later(sql.LEDGERS_ADD, {"kind": kind, "name": name})
        values = {"manifest_id": manifest_id, "project": project, "user": user}
        await self._connection.later(sql.LEDGERS_NOTE, values)
        await self._connection.later(sql.LEDGERS_HOLD, values)
        charged = [_ledger(row) for row in await self._connection.rows(sql.LEDGERS_CHARGE, values)]
        return sorted(charged, key=lambda ledger: ledger.kind)

    async def discharge(self, manifest_id: int) -> list[Ledger]:
        values = {"manifest_id": manifest_id}
        before = await self._connection.rows(sql.LEDGERS_OF, values)
        for statement in (
            sql.LEDGERS_RELEASE,
            sql.LEDGERS_DISCHARGE,
            sql.LEDGERS_SETTLE,
            sql.LEDGERS_FORGET,
        ):
            await self._connection.run(statement, values)
        return [_ledger(row) for row in before]


def _ledger(row: Row) -> Ledger:
    return Ledger(*row)
