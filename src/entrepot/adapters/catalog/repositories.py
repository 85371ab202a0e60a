"""Repositories in the catalog."""

from collections.abc import Sequence

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Held, Repository
from entrepot.rules.leases import BlobState

from . import sql
from .connection import Connection
from .listing_keys import all_by_keys


class SqlRepositories:
    """Keeps `ports.catalog.Repositories`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, name: RepositoryName) -> Repository | None:
        row = await self._connection.row(sql.REPOSITORIES_FIND, {"name": name})
        return Repository(row[0], RepositoryName(row[1])) if row else None

    async def by_id(self, repository_id: int) -> Repository | None:
        values = {"repository_id": repository_id}
        row = await self._connection.row(sql.REPOSITORIES_BY_ID, values)
        return Repository(row[0], RepositoryName(row[1])) if row else None

    async def ensure(self, name: RepositoryName, now: float) -> Repository:
        found = await self.find(name)
        if found is None:
            values = {"name": name, "wire_name": name.wire, "created_at": now}
            await self._connection.run(sql.REPOSITORIES_ADD, values)
            found = await self.find(name)
        if found is None:
            raise LookupError(f"repository {name} vanished from the transaction that made it")
        return found

    async def held(self, repository_id: int, digests: Sequence[Digest]) -> list[Held]:
        values = {"repository_id": repository_id}
        rows = await all_by_keys(self._connection, sql.REPOSITORIES_HELD, digests, values)
        there = ("", BlobState.LIVE)
        return [Held(Digest(row[0]), row[1], row[2] == "") for row in rows if row[2] in there]

    async def page(self, after: str, limit: int) -> list[RepositoryName]:
        values = {"after": after, "limit": limit}
        rows = await self._connection.rows(sql.REPOSITORIES_PAGE, values)
        return [RepositoryName(row[0]) for row in rows]

    async def count(self, project: str) -> int:
        values = {"low": f"{project}/", "high": f"{project}0"}
        row = await self._connection.row(sql.REPOSITORIES_COUNT, values)
        return int(row[0]) if row else 0
