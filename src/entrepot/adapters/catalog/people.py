"""Profiles and groups of users in the catalog."""

from dataclasses import asdict

from entrepot.ports.identity import Source
from entrepot.ports.people import Group, Profile

from . import sql
from .connection import Connection, Row

_SOURCES = len(Source)


class SqlProfiles:
    """Keeps `ports.people.Profiles`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, name: str) -> Profile | None:
        row = await self._connection.row(sql.PROFILES_FIND, {"name": name})
        return _profile(row) if row else None

    async def by_subject(self, source: Source, subject: str) -> Profile | None:
        values = {"source": source.value, "subject": subject}
        row = await self._connection.row(sql.PROFILES_BY_SUBJECT, values)
        return _profile(row) if row else None

    async def put(self, profile: Profile) -> None:
        values = asdict(profile) | {
            "source": profile.source.value,
            "enabled": int(profile.enabled),
        }
        await self._connection.run(sql.PROFILES_PUT, values)

    async def remove(self, name: str) -> bool:
        return await self._connection.run(sql.PROFILES_REMOVE, {"name": name}) > 0

    async def page(self, source: Source, after: str, limit: int) -> list[Profile]:
        values = {"source": source.value, "after": after, "limit": limit}
        return [_profile(row) for row in await self._connection.rows(sql.PROFILES_PAGE, values)]


class SqlGroups:
    """Keeps `ports.people.Groups`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, name: str) -> Group | None:
        row = await self._connection.row(sql.GROUPS_FIND, {"name": name})
        return Group(*row) if row else None

    async def put(self, group: Group) -> None:
        await self._connection.run(sql.GROUPS_PUT, asdict(group))

    async def remove(self, name: str) -> bool:
        left = await self._connection.run(sql.GROUPS_EMPTY, {"group_name": name})
        removed = await self._connection.run(sql.GROUPS_REMOVE, {"name": name})
        return left + removed > 0

    async def page(self, after: str, limit: int) -> list[Group]:
        values = {"after": after, "limit": limit}
        return [Group(*row) for row in await self._connection.rows(sql.GROUPS_PAGE, values)]

    async def of(self, user: str) -> list[tuple[str, Source]]:
        rows = await self._connection.rows(sql.GROUPS_OF, {"user_name": user})
        return [(group, Source(source)) for group, source in rows]

    async def members(self, group: str, after: str, limit: int) -> list[tuple[str, Source]]:
        # The next page begins above the last user: it must not cut between two of their sources.
        values = {"group_name": group, "after": after, "limit": limit + _SOURCES - 1}
        rows = await self._connection.rows(sql.GROUPS_MEMBERS, values)
        if len(rows) > limit:
            last = rows[limit - 1][0]
            rows = [row for row in rows if row[0] <= last]
        return [(user, Source(source)) for user, source in rows]

    async def enter(self, user: str, group: str, source: Source) -> bool:
        values = {"user_name": user, "group_name": group, "source": source.value}
        return await self._connection.run(sql.GROUPS_ENTER, values) > 0

    async def leave(self, user: str, group: str, source: Source) -> bool:
        values = {"user_name": user, "group_name": group, "source": source.value}
        return await self._connection.run(sql.GROUPS_LEAVE, values) > 0

    async def leave_all(self, user: str) -> int:
        return await self._connection.run(sql.GROUPS_LEAVE_ALL, {"user_name": user})


def _profile(row: Row) -> Profile:
    name, source, subject, email, display_name, enabled, seen_at = row
    return Profile(name, Source(source), subject, email, display_name, bool(enabled), seen_at)
