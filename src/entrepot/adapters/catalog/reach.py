"""Who holds what, in the catalog."""

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName

from . import sql
from .connection import Connection


class SqlReach:
    """Keeps `ports.upkeep.Reach`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def holders(self, target: Digest, limit: int) -> int:
        # An edge of each kind may be the same manifest's.
        values = {"target": target, "limit": 2 * limit}
        row = await self._connection.row(sql.REACH_HOLDERS, values)
        return min(int(row[0]), limit) if row else 0

    async def parents(self, repository_id: int, target: Digest, limit: int) -> list[Digest]:
        values = {"repository_id": repository_id, "target": target, "limit": limit}
        return [Digest(row[0]) for row in await self._connection.rows(sql.REACH_PARENTS, values)]

    async def repositories(
        self, project: str, after: str, limit: int
    ) -> list[tuple[int, RepositoryName]]:
        values = {"after": after or f"{project}/", "end": f"{project}0", "limit": limit}
        rows = await self._connection.rows(sql.REACH_REPOSITORIES, values)
        return [(number, RepositoryName(name)) for number, name in rows]
