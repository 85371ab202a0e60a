"""The audit log as a list: which lines there are, by id."""

from collections.abc import Sequence

from entrepot.ports.listing import AuditWhere
from entrepot.rules.audit import AuditLine

from . import sql
from .connection import Connection, Statement
from .listing_keys import by_keys, first_column

SKEW_SECONDS = 300.0
"""How far times and ids may be out of step: lines of refusals are written a while later."""


class SqlAuditRows:
    """Keeps `ports.listing.AuditRows`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def ids(self, where: AuditWhere, after: int, limit: int) -> list[int]:
        statement, value = _way(where)
        values = {
            "value": value,
            "actor": where.actor,
            "project": where.project,
            "operation": where.operation,
            "refused": int(where.refused),
            "after": after,
            "limit": limit,
        }
        return await first_column(self._connection, statement, values)

    async def first(self) -> int:
        row = await self._connection.row(sql.LISTING_PEOPLE_AUDIT_FIRST, {})
        return row[0] if row else 0

    async def first_from(self, at: float) -> int | None:
        row = await self._connection.row(sql.LISTING_PEOPLE_AUDIT_AT_FROM, {"at": at})
        if row is None:
            return None
        # The first by time may have been written after others.
        values = {"at": row[0], "upto": row[0] + SKEW_SECONDS}
        row = await self._connection.row(sql.LISTING_PEOPLE_AUDIT_LOWEST, values)
        return row[0] if row else None

    async def late(self, at: float, after: int, limit: int) -> list[int]:
        values = {"from": at - SKEW_SECONDS, "at": at, "after": after, "limit": limit}
        return await first_column(self._connection, sql.LISTING_PEOPLE_AUDIT_LATE, values)

    async def rows(self, ids: Sequence[int]) -> list[AuditLine]:
        rows = await by_keys(self._connection, sql.LISTING_PEOPLE_AUDIT_ROWS, ids)
        return [AuditLine(*row) for row in rows]


def _way(where: AuditWhere) -> tuple[Statement, str]:
    """Return the index to walk along, and its value."""
    if where.refused:
        return sql.LISTING_PEOPLE_AUDIT_IDS_REFUSED, ""
    if where.operation:
        return sql.LISTING_PEOPLE_AUDIT_IDS_OPERATION, where.operation
    if where.actor:
        return sql.LISTING_PEOPLE_AUDIT_IDS_ACTOR, where.actor
    if where.project:
        return sql.LISTING_PEOPLE_AUDIT_IDS_PROJECT, where.project
    return sql.LISTING_PEOPLE_AUDIT_IDS, ""
