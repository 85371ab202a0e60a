"""Robots, hashed secrets, trust in workloads and revoked tokens in the catalog."""

from dataclasses import asdict

from entrepot.ports.robots import Credential, CredentialKind, Robot, WorkloadRow

from . import sql
from .connection import Connection, Row
from .lists import from_text, to_text


class SqlRobots:
    """Keeps `ports.robots.Robots`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, name: str) -> Robot | None:
        row = await self._connection.row(sql.ROBOTS_FIND, {"name": name})
        return _robot(row) if row else None

    async def add(self, robot: Robot) -> int | None:
        values = asdict(robot)
        del values["id"]
        values["networks"] = to_text(robot.networks)
        values["enabled"] = int(robot.enabled)
        made = await self._connection.row(sql.ROBOTS_ADD, values)
        return made[0] if made else None

    async def change(self, robot: Robot) -> bool:
        values = {
            "name": robot.name,
            "new_description": robot.description,
            "new_networks": to_text(robot.networks),
            "new_enabled": int(robot.enabled),
            "new_expires_at": robot.expires_at,
            "new_changed_at": robot.changed_at,
        }
        return await self._connection.run(sql.ROBOTS_CHANGE, values) > 0

    async def remove(self, name: str) -> bool:
        return await self._connection.run(sql.ROBOTS_REMOVE, {"name": name}) > 0

    async def page(self, project: str | None, after: str, limit: int) -> list[Robot]:
        values = {"project": project, "after": after, "limit": limit}
        statement = sql.ROBOTS_PAGE if project is None else sql.ROBOTS_PAGE_PROJECT
        return [_robot(row) for row in await self._connection.rows(statement, values)]

    async def by_id(self, robot_id: int) -> Robot | None:
        row = await self._connection.row(sql.ROBOTS_BY_ID, {"robot_id": robot_id})
        return _robot(row) if row else None


class SqlCredentials:
    """Keeps `ports.robots.Credentials`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, credential_id: str) -> Credential | None:
        values = {"credential_id": credential_id}
        row = await self._connection.row(sql.CREDENTIALS_FIND, values)
        return _credential(row) if row else None

    async def add(self, credential: Credential) -> None:
        values = asdict(credential)
        values["kind"] = credential.kind.value
        values["networks"] = to_text(credential.networks)
        await self._connection.run(sql.CREDENTIALS_ADD, values)

    async def expire(self, credential_id: str, at: float) -> bool:
        values = {"credential_id": credential_id, "at": at}
        return await self._connection.run(sql.CREDENTIALS_EXPIRE, values) > 0

    async def remove(self, credential_id: str) -> bool:
        values = {"credential_id": credential_id}
        return await self._connection.run(sql.CREDENTIALS_REMOVE, values) > 0

    async def of(self, kind: CredentialKind, owner: str) -> list[Credential]:
        values = {"kind": kind.value, "owner": owner}
        return [_credential(row) for row in await self._connection.rows(sql.CREDENTIALS_OF, values)]

    async def forget(self, kind: CredentialKind, owner: str) -> int:
        values = {"kind": kind.value, "owner": owner}
        return await self._connection.run(sql.CREDENTIALS_FORGET, values)

    async def used(self, credential_id: str, at: float) -> None:
        values = {"credential_id": credential_id, "at": at}
        await self._connection.run(sql.CREDENTIALS_USED, values)


class SqlWorkloads:
    """Keeps `ports.robots.Workloads`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, name: str) -> WorkloadRow | None:
        row = await self._connection.row(sql.WORKLOADS_FIND, {"name": name})
        return WorkloadRow(*row) if row else None

    async def put(self, row: WorkloadRow) -> None:
        await self._connection.run(sql.WORKLOADS_PUT, asdict(row))

    async def remove(self, name: str) -> bool:
        return await self._connection.run(sql.WORKLOADS_REMOVE, {"name": name}) > 0

    async def page(self, after: str, limit: int) -> list[WorkloadRow]:
        values = {"after": after, "limit": limit}
        rows = await self._connection.rows(sql.WORKLOADS_PAGE, values)
        return [WorkloadRow(*row) for row in rows]

    async def by_issuer(self, issuer: str, limit: int) -> list[WorkloadRow]:
        values = {"issuer": issuer, "limit": limit}
        rows = await self._connection.rows(sql.WORKLOADS_BY_ISSUER, values)
        return [WorkloadRow(*row) for row in rows]


class SqlRevocations:
    """Keeps `ports.robots.Revocations`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, token_id: str, until: float, by: str) -> None:
        values = {"token_id": token_id, "until": until, "revoked_by": by}
        await self._connection.run(sql.REVOCATIONS_ADD, values)

    async def all(self, now: float, limit: int) -> list[str]:
        rows = await self._connection.rows(sql.REVOCATIONS_ALL, {"now": now, "limit": limit})
        return [token_id for (token_id,) in rows]

    async def prune(self, before: float, limit: int) -> int:
        values = {"before": before, "limit": limit}
        return await self._connection.run(sql.REVOCATIONS_PRUNE, values)


def _robot(row: Row) -> Robot:
    robot_id, name, project, description, networks, enabled, *rest = row
    return Robot(robot_id, name, project, description, from_text(networks), bool(enabled), *rest)


def _credential(row: Row) -> Credential:
    credential_id, kind, owner, label, hashed, limits, networks, *rest = row
    return Credential(
        credential_id,
        CredentialKind(kind),
        owner,
        label,
        hashed,
        limits,
        from_text(networks),
        *rest,
    )
