"""Other registries and replication policies in the catalog."""

from dataclasses import asdict

from entrepot.ports.remotes import Remote, ReplicationRow

from . import sql
from .connection import Connection, Row


class SqlRemotes:
    """Keeps `ports.remotes.Remotes`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, remote: Remote) -> int | None:
        values = {**asdict(remote), "insecure": int(remote.insecure)}
        made = await self._connection.row(sql.REMOTES_ADD, values)
        return made[0] if made else None

    async def find(self, remote_id: int) -> Remote | None:
        row = await self._connection.row(sql.REMOTES_FIND, {"remote_id": remote_id})
        return _remote(row) if row else None

    async def by_name(self, name: str) -> Remote | None:
        row = await self._connection.row(sql.REMOTES_BY_NAME, {"name": name})
        return _remote(row) if row else None

    async def change(self, remote: Remote) -> None:
        values = {f"new_{name}": value for name, value in asdict(remote).items()}
        values |= {"remote_id": remote.id, "new_insecure": int(remote.insecure)}
        await self._connection.run(sql.REMOTES_CHANGE, values)

    async def remove(self, remote_id: int) -> bool:
        return await self._connection.run(sql.REMOTES_REMOVE, {"remote_id": remote_id}) > 0

    async def page(self, after: int, limit: int) -> list[Remote]:
        values = {"after": after, "limit": limit}
        return [_remote(row) for row in await self._connection.rows(sql.REMOTES_PAGE, values)]


class SqlReplicationPolicies:
    """Keeps `ports.remotes.ReplicationPolicies`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, row: ReplicationRow) -> int | None:
        values = {**asdict(row), "enabled": int(row.enabled)}
        made = await self._connection.row(sql.REPLICATION_POLICIES_ADD, values)
        return made[0] if made else None

    async def find(self, policy_id: int) -> ReplicationRow | None:
        row = await self._connection.row(sql.REPLICATION_POLICIES_FIND, {"policy_id": policy_id})
        return _policy(row) if row else None

    async def by_name(self, name: str) -> ReplicationRow | None:
        row = await self._connection.row(sql.REPLICATION_POLICIES_BY_NAME, {"name": name})
        return _policy(row) if row else None

    async def change(self, row: ReplicationRow) -> None:
        values = {f"new_{name}": value for name, value in asdict(row).items()}
        values |= {"policy_id": row.id, "new_enabled": int(row.enabled)}
        await self._connection.run(sql.REPLICATION_POLICIES_CHANGE, values)

    async def remove(self, policy_id: int) -> bool:
        values = {"policy_id": policy_id}
        return await self._connection.run(sql.REPLICATION_POLICIES_REMOVE, values) > 0

    async def page(self, after: int, limit: int) -> list[ReplicationRow]:
        values = {"after": after, "limit": limit}
        rows = await self._connection.rows(sql.REPLICATION_POLICIES_PAGE, values)
        return [_policy(row) for row in rows]

    async def of_remote(self, remote_id: int) -> ReplicationRow | None:
        values = {"remote_id": remote_id}
        row = await self._connection.row(sql.REPLICATION_POLICIES_OF_REMOTE, values)
        return _policy(row) if row else None


def _remote(row: Row) -> Remote:
    number, name, kind, url, description, insecure, account, created_at, changed_at = row
    return Remote(
        number, name, kind, url, description, bool(insecure), account, created_at, changed_at
    )


def _policy(row: Row) -> ReplicationRow:
    number, name, remote_id, enabled, document, created_at, changed_at, changed_by = row
    return ReplicationRow(
        number, name, remote_id, bool(enabled), document, created_at, changed_at, changed_by
    )
