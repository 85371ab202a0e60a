"""Repositories' pages in the catalog."""

from collections.abc import Sequence
from dataclasses import asdict

from entrepot.oci.name import RepositoryName
from entrepot.ports.pages import RepositoryFigures, RepositoryPage

from . import sql
from .asked import asked
from .connection import Connection
from .lists import from_text, to_text

ASKED_AT_ONCE = 100
"""As the statement has it."""


class SqlPages:
    """Keeps `ports.pages.RepositoryPages`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, repository: RepositoryName) -> RepositoryPage | None:
        row = await self._connection.row(sql.PAGES_FIND, {"repository": repository})
        if row is None:
            return None
        name, description, readme, source_url, maintainers, changed_at, changed_by = row
        return RepositoryPage(
            RepositoryName(name),
            description,
            readme,
            source_url,
            from_text(maintainers),
            changed_at,
            changed_by,
        )

    async def put(self, page: RepositoryPage) -> None:
        values = {**asdict(page), "maintainers": to_text(page.maintainers)}
        await self._connection.run(sql.PAGES_PUT, values)

    async def remove(self, repository: RepositoryName) -> bool:
        return await self._connection.run(sql.PAGES_REMOVE, {"repository": repository}) > 0

    async def descriptions(
        self, repositories: Sequence[RepositoryName]
    ) -> dict[RepositoryName, str]:
        found: dict[RepositoryName, str] = {}
        for values in asked("repository", repositories, ASKED_AT_ONCE):
            rows = await self._connection.rows(sql.PAGES_DESCRIPTIONS, values)
            found |= {RepositoryName(name): description for name, description in rows}
        return found

    async def fade(self, repository: RepositoryName) -> bool:
        return await self._connection.run(sql.PAGES_FADE, {"repository": repository}) > 0

    async def forget_project(self, project: str, limit: int) -> int:
        # `0` is the character behind `/`.
        values = {"first_name": f"{project}/", "last_name": f"{project}0", "limit": limit}
        rows = await self._connection.rows(sql.PAGES_IN_PROJECT, values)
        await self._connection.run_many(
            sql.PAGES_REMOVE, [{"repository": name} for (name,) in rows]
        )
        return len(rows)

    async def repositories(self, project: str, after: str, limit: int) -> list[RepositoryName]:
        values = {
            "first_name": max(after, f"{project}/"),
            "last_name": f"{project}0",
            "limit": limit,
        }
        rows = await self._connection.rows(sql.PAGES_REPOSITORIES, values)
        return [RepositoryName(name) for (name,) in rows]

    async def figures(self, repository_id: int) -> RepositoryFigures:
        values = {"repository_id": repository_id}
        (artifacts,) = await self._connection.row(sql.PAGES_COUNT_ARTIFACTS, values) or (0,)
        (tags,) = await self._connection.row(sql.PAGES_COUNT_TAGS, values) or (0,)
        pulls = await self._connection.row(sql.PAGES_COUNT_PULLS, values) or (None, None)
        newest = await self._connection.row(sql.PAGES_NEWEST, values)
        pushed_at = newest[0] if newest else None
        return RepositoryFigures(artifacts, tags, pulls[0] or 0, pulls[1], pushed_at)
