"""The audit log in the catalog."""

from dataclasses import dataclass

from entrepot.ports.audit import AuditPage, AuditQuery
from entrepot.rules.audit import AuditLine

from . import sql
from .connection import Connection, Statement
from .sequences import last_of

LOOKED_MAX = 5000
"""Most rows that one page looks at, however few of them are asked for."""
SKEW_SECONDS = 300.0
"""How far times and ids may be out of step: lines of refusals are written a while later."""
_TABLE = "audit"
_TOP = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class _Way:
    """One index to walk along: what finds how far a look goes, and what reads the lines."""

    down_to: Statement
    page: Statement
    value: str = ""


class SqlAudit:
    """Keeps `ports.audit.Audit`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def append(self, line: AuditLine) -> None:
        await self._connection.later(
            sql.AUDIT_APPEND,
            {
                "at": line.at,
                "actor": line.actor,
                "address": line.address,
                "client": line.client,
                "operation": line.operation,
                "project": line.project,
                "resource": line.resource,
                "result": line.result,
                "detail": line.detail,
            },
        )

    async def page(self, query: AuditQuery, before: int | None, limit: int) -> AuditPage:
        """Return a page, found along the index that leads back furthest in as many rows."""
        top = _TOP if before is None else before
        after = 0
        if query.since is not None:
            after = await self.since(query.since)
        if query.until is not None:
            row = await self._connection.row(
                sql.AUDIT_FIRST_FROM, {"at": query.until + SKEW_SECONDS}
            )
            top = min(top, row[0]) if row else top
        way, least = await self._way(query, top, after)
        values = {
            "value": way.value,
            "before": top,
            "least": after + 1 if least is None else least,
            "actor": query.actor,
            "project": query.project,
            "operation": query.operation,
            "refused": int(query.refused),
            "since": query.since,
            "until": query.until,
            "limit": limit,
        }
        rows = await self._connection.rows(way.page, values)
        lines = tuple(AuditLine(*row) for row in rows)
        return AuditPage(lines, lines[-1].id if len(lines) == limit and lines else least)

    async def after(self, line_id: int, limit: int) -> list[AuditLine]:
        rows = await self._connection.rows(sql.AUDIT_AFTER, {"after": line_id, "limit": limit})
        return [AuditLine(*row) for row in rows]

    async def prune(self, before: float, limit: int) -> int:
        return await self._connection.run(sql.AUDIT_PRUNE, {"before": before, "limit": limit})

    async def remove(self, line_id: int) -> None:
        await self._connection.run(sql.AUDIT_REMOVE, {"id": line_id})

    async def last(self) -> int:
        return await last_of(self._connection, _TABLE)

    async def since(self, at: float) -> int:
        row = await self._connection.row(sql.AUDIT_FIRST_FROM, {"at": at - SKEW_SECONDS})
        return row[0] - 1 if row else await self.last()

    async def _way(self, query: AuditQuery, before: int, after: int) -> tuple[_Way, int | None]:
        """Return the way that leads back furthest, and the id that it leads to; None for all."""
        best, least = _Way(sql.AUDIT_DOWN_TO, sql.AUDIT_PAGE), before
        for way in _ways(query) or [best]:
            values = {
                "value": way.value,
                "before": before,
                "after": after,
                "looked": LOOKED_MAX - 1,
            }
            row = await self._connection.row(way.down_to, values)
            if row is None:
                return way, None
            if row[0] < least:
                best, least = way, row[0]
        return best, least


def _ways(query: AuditQuery) -> list[_Way]:
    """Return the indexes that what is asked for allows."""
    ways = [
        _Way(sql.AUDIT_DOWN_TO_ACTOR, sql.AUDIT_PAGE_ACTOR, query.actor),
        _Way(sql.AUDIT_DOWN_TO_OPERATION, sql.AUDIT_PAGE_OPERATION, query.operation),
        _Way(sql.AUDIT_DOWN_TO_PROJECT, sql.AUDIT_PAGE_PROJECT, query.project),
    ]
    found = [way for way in ways if way.value]
    if query.refused:
        found.append(_Way(sql.AUDIT_DOWN_TO_REFUSED, sql.AUDIT_PAGE_REFUSED))
    return found
