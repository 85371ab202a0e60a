"""Policies of projects in the catalog."""

from collections.abc import Sequence
from dataclasses import asdict

from entrepot.ports.policies import PolicyRow

from . import sql
from .connection import Connection
from .listing_keys import all_by_keys


class SqlPolicies:
    """Keeps `ports.policies.Policies`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of(self, project: str) -> list[PolicyRow]:
        rows = await self._connection.rows(sql.POLICIES_OF, {"project": project})
        return [PolicyRow(*row) for row in rows]

    async def named(self, projects: Sequence[str]) -> list[PolicyRow]:
        rows = await all_by_keys(self._connection, sql.POLICIES_NAMED, projects)
        return [PolicyRow(*row) for row in rows]

    async def put(self, row: PolicyRow) -> None:
        await self._connection.run(sql.POLICIES_PUT, asdict(row))

    async def remove(self, project: str, kind: str) -> bool:
        values = {"project": project, "kind": kind}
        return await self._connection.run(sql.POLICIES_REMOVE, values) > 0

    async def page(self, kind: str, after: str, limit: int) -> list[PolicyRow]:
        values = {"kind": kind, "after": after, "limit": limit}
        return [PolicyRow(*row) for row in await self._connection.rows(sql.POLICIES_PAGE, values)]
