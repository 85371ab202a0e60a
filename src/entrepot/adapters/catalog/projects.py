"""Projects in the catalog."""

from entrepot.ports.projects import Project

from . import sql
from .connection import Connection, Row
from .lists import from_text, to_text


class SqlProjects:
    """Keeps `ports.projects.Projects`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, name: str) -> Project | None:
        row = await self._connection.row(sql.PROJECTS_FIND, {"name": name})
        return _project(row) if row else None

    async def add(self, project: Project) -> bool:
        values = {
            "name": project.name,
            "public": int(project.public),
            "networks": to_text(project.networks),
            "created_at": project.created_at,
            "created_by": project.created_by,
        }
        return await self._connection.run(sql.PROJECTS_ADD, values) > 0

    async def change(self, project: Project) -> bool:
        values = {
            "name": project.name,
            "new_public": int(project.public),
            "new_networks": to_text(project.networks),
        }
        return await self._connection.run(sql.PROJECTS_CHANGE, values) > 0

    async def remove(self, name: str) -> bool:
        return await self._connection.run(sql.PROJECTS_REMOVE, {"name": name}) > 0

    async def page(self, after: str, limit: int) -> list[Project]:
        values = {"after": after, "limit": limit}
        return [_project(row) for row in await self._connection.rows(sql.PROJECTS_PAGE, values)]


def _project(row: Row) -> Project:
    name, public, networks, created_at, created_by = row
    return Project(name, bool(public), from_text(networks), created_at, created_by)
