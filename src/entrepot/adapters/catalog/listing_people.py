"""Lists of users, groups, robots and grants."""

from collections.abc import Sequence

from entrepot.ports.grants import GrantRow
from entrepot.ports.identity import Source
from entrepot.ports.listing import (
    By,
    GrantsWhere,
    GroupsWhere,
    RobotsWhere,
    UserItem,
    UsersWhere,
)
from entrepot.ports.people import Group
from entrepot.ports.robots import Robot
from entrepot.rules.roles import Role
from entrepot.rules.subjects import SubjectKind

from . import sql
from .connection import Connection, Row
from .listing_keys import all_by_keys, by_keys, first_column, named
from .lists import from_text


class SqlUserRows:
    """Keeps `ports.listing.Rows` of users."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keys(self, where: UsersWhere, by: By) -> Sequence[str]:
        created = by is By.CREATED
        statement = sql.LISTING_PEOPLE_USERS_BY_CREATED if created else _USERS
        values = {**named(where.name), **named(where.email, "email")}
        return await first_column(self._connection, statement, values)

    async def rows(self, keys: Sequence[str]) -> list[UserItem]:
        rows = await by_keys(self._connection, sql.LISTING_PEOPLE_USERS_ROWS, keys)
        return [
            UserItem(
                name,
                Role(role),
                created_at,
                Source(source) if source else Source.LOCAL,
                email or "",
                display_name or "",
                enabled is None or bool(enabled),
            )
            for name, role, created_at, source, email, display_name, enabled in rows
        ]


class SqlGroupRows:
    """Keeps `ports.listing.Rows` of groups."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keys(self, where: GroupsWhere, by: By) -> Sequence[str]:
        created = by is By.CREATED
        statement = sql.LISTING_PEOPLE_GROUPS_BY_CREATED if created else _GROUPS
        return await first_column(self._connection, statement, named(where.name))

    async def rows(self, keys: Sequence[str]) -> list[Group]:
        rows = await by_keys(self._connection, sql.LISTING_PEOPLE_GROUPS_ROWS, keys)
        return [Group(*row) for row in rows]


class SqlRobotRows:
    """Keeps `ports.listing.RobotRows`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keys(self, where: RobotsWhere, by: By) -> Sequence[int]:
        created = by is By.CREATED
        statement = sql.LISTING_PEOPLE_ROBOTS_BY_CREATED if created else _ROBOTS
        values = {**named(where.name), "project": where.project}
        return await first_column(self._connection, statement, values)

    async def rows(self, keys: Sequence[int]) -> list[Robot]:
        rows = await by_keys(self._connection, sql.LISTING_PEOPLE_ROBOTS_ROWS, keys)
        return [
            Robot(number, name, project, description, from_text(networks), bool(enabled), *rest)
            for number, name, project, description, networks, enabled, *rest in rows
        ]

    async def grants(self, names: Sequence[str]) -> dict[str, list[GrantRow]]:
        rows = await all_by_keys(self._connection, sql.LISTING_PEOPLE_GRANTS_OF_ROBOTS, names)
        found: dict[str, list[GrantRow]] = {}
        for row in map(_grant, rows):
            found.setdefault(row.subject, []).append(row)
        return found


class SqlGrantRows:
    """Keeps `ports.listing.GrantRows`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keys(self, where: GrantsWhere, by: By) -> Sequence[int]:
        by_name = by is By.NAME
        statement = sql.LISTING_PEOPLE_GRANTS_BY_NAME if by_name else _GRANTS
        values = {
            **named(where.name),
            "project": where.project,
            "kind": where.kind,
            "whole": int(where.whole),
        }
        return await first_column(self._connection, statement, values)

    async def rows(self, keys: Sequence[int]) -> list[GrantRow]:
        rows = await by_keys(self._connection, sql.LISTING_PEOPLE_GRANTS_ROWS, keys)
        return [_grant(row) for row in rows]

    async def sorts(self, project: str) -> list[tuple[str, tuple[str, ...], int]]:
        values = {"project": project}
        rows = await self._connection.rows(sql.LISTING_PEOPLE_GRANTS_SORTS, values)
        return [(role, from_text(permissions), count) for role, permissions, count in rows]


def _grant(row: Row) -> GrantRow:
    number, kind, subject, scope, role, permissions, *rest = row
    return GrantRow(number, SubjectKind(kind), subject, scope, role, from_text(permissions), *rest)


_USERS = sql.LISTING_PEOPLE_USERS_BY_NAME
_GROUPS = sql.LISTING_PEOPLE_GROUPS_BY_NAME
_ROBOTS = sql.LISTING_PEOPLE_ROBOTS_BY_NAME
_GRANTS = sql.LISTING_PEOPLE_GRANTS_BY_ID
