"""Grants, custom roles and counters of changes in the catalog."""

from entrepot.ports.grants import GrantRow, RoleRow
from entrepot.rules.areas import project_of
from entrepot.rules.subjects import SubjectKind

from . import sql
from .connection import Connection, Row
from .lists import from_text, to_text


class SqlGrants:
    """Keeps `ports.grants.Grants`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, row: GrantRow) -> int | None:
        values = {
            "subject_kind": row.subject_kind.value,
            "subject": row.subject,
            "project": project_of(row.scope),
            "scope": row.scope,
            "role": row.role,
            "permissions": to_text(row.permissions),
            "created_at": row.created_at,
            "created_by": row.created_by,
        }
        made = await self._connection.row(sql.GRANTS_ADD, values)
        return made[0] if made else None

    async def find(self, grant_id: int) -> GrantRow | None:
        row = await self._connection.row(sql.GRANTS_FIND, {"grant_id": grant_id})
        return _grant(row) if row else None

    async def change(self, row: GrantRow) -> bool:
        values = {
            "grant_id": row.id,
            "new_role": row.role,
            "new_permissions": to_text(row.permissions),
        }
        return await self._connection.run(sql.GRANTS_CHANGE, values) > 0

    async def remove(self, grant_id: int) -> bool:
        return await self._connection.run(sql.GRANTS_REMOVE, {"grant_id": grant_id}) > 0

    async def of_user(self, name: str, project: str) -> list[GrantRow]:
        values = {"user_name": name, "project": project}
        return [_grant(row) for row in await self._connection.rows(sql.GRANTS_OF_USER, values)]

    async def of_subject(self, kind: SubjectKind, subject: str, limit: int) -> list[GrantRow]:
        values = {"kind": kind.value, "subject": subject, "limit": limit}
        return [_grant(row) for row in await self._connection.rows(sql.GRANTS_OF_SUBJECT, values)]

    async def page(self, project: str, after: int, limit: int) -> list[GrantRow]:
        values = {"project": project, "after": after, "limit": limit}
        return [_grant(row) for row in await self._connection.rows(sql.GRANTS_PAGE, values)]

    async def forget(self, kind: SubjectKind, subject: str) -> int:
        values = {"kind": kind.value, "subject": subject}
        return await self._connection.run(sql.GRANTS_FORGET, values)

    async def forget_project(self, project: str) -> int:
        return await self._connection.run(sql.GRANTS_FORGET_PROJECT, {"project": project})


class SqlRoles:
    """Keeps `ports.grants.Roles`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, name: str) -> RoleRow | None:
        row = await self._connection.row(sql.ROLES_FIND, {"name": name})
        return _role(row) if row else None

    async def put(self, row: RoleRow) -> None:
        values = {
            "name": row.name,
            "permissions": to_text(row.permissions),
            "description": row.description,
            "changed_at": row.changed_at,
        }
        await self._connection.run(sql.ROLES_PUT, values)

    async def remove(self, name: str) -> bool:
        return await self._connection.run(sql.ROLES_REMOVE, {"name": name}) > 0

    async def page(self, after: str, limit: int) -> list[RoleRow]:
        values = {"after": after, "limit": limit}
        return [_role(row) for row in await self._connection.rows(sql.ROLES_PAGE, values)]

    async def granted(self, role: str) -> GrantRow | None:
        row = await self._connection.row(sql.GRANTS_WITH_ROLE, {"role": role})
        return _grant(row) if row else None


class SqlEpochs:
    """Keeps `ports.grants.Epochs`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, name: str) -> int:
        row = await self._connection.row(sql.EPOCHS_FIND, {"name": name})
        return int(row[0]) if row else 0

    async def advance(self, name: str) -> None:
        await self._connection.run(sql.EPOCHS_ADVANCE, {"name": name})


def _grant(row: Row) -> GrantRow:
    grant_id, kind, subject, scope, role, permissions, created_at, created_by = row
    return GrantRow(
        grant_id,
        SubjectKind(kind),
        subject,
        scope,
        role,
        from_text(permissions),
        created_at,
        created_by,
    )


def _role(row: Row) -> RoleRow:
    name, permissions, description, changed_at = row
    return RoleRow(name, from_text(permissions), description, changed_at)
