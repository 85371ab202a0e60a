"""Lists of projects, repositories, ledgers and jobs; and all lists together."""

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

from entrepot.oci.name import RepositoryName
from entrepot.ports.jobs import Job, JobState
from entrepot.ports.ledgers import Ledger
from entrepot.ports.listing import (
    TYPES_MAX,
    By,
    JobsWhere,
    LedgersWhere,
    ProjectsWhere,
    RepositoriesWhere,
    RepositoryItem,
)
from entrepot.ports.projects import Project

from . import sql
from .connection import Connection, Row
from .listing_artifacts import SqlArtifactRows, SqlTagRows
from .listing_audit import SqlAuditRows
from .listing_keys import TOP, by_keys, first_column, named, padded, stretch
from .listing_people import SqlGrantRows, SqlGroupRows, SqlRobotRows, SqlUserRows
from .listing_related import SqlRelatedRows
from .lists import from_text


class SqlProjectRows:
    """Keeps `ports.listing.Rows` of projects; those without a limit come first by it."""

    __slots__ = ("_connection",)
    _BY: ClassVar = {
        By.CREATED: sql.LISTING_PROJECTS_BY_CREATED,
        By.USED: sql.LISTING_PROJECTS_BY_USED,
        By.LIMIT: sql.LISTING_PROJECTS_BY_LIMIT,
    }

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keys(self, where: ProjectsWhere, by: By) -> Sequence[str]:
        rows = await self._connection.rows(
            self._BY.get(by, sql.LISTING_PROJECTS_BY_NAME),
            {
                "limit_bytes": where.limit_bytes,
                **named(where.name),
                "public": None if where.public is None else int(where.public),
                "owner": where.owner,
            },
        )
        names = where.names
        return [name for name, public in rows if names is None or public or name in names]

    async def rows(self, keys: Sequence[str]) -> list[Project]:
        rows = await by_keys(self._connection, sql.LISTING_PROJECTS_ROWS, keys)
        return [
            Project(name, bool(public), from_text(networks), *rest)
            for name, public, networks, *rest in rows
        ]


class SqlRepositoryRows:
    """Keeps `ports.listing.Rows` of repositories."""

    __slots__ = ("_connection",)
    _BY: ClassVar = {
        By.CREATED: sql.LISTING_REPOSITORIES_BY_CREATED,
        By.UPDATED: sql.LISTING_REPOSITORIES_BY_UPDATED,
    }

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keys(self, where: RepositoriesWhere, by: By) -> Sequence[int]:
        projects = where.projects
        low, high = "", TOP
        if projects is not None and len(projects) == 1:
            (project,) = projects
            low, high = stretch(project, "")
        if where.name.exact:
            low, high = stretch("", where.name.exact)
        rows = await self._connection.rows(
            self._BY.get(by, sql.LISTING_REPOSITORIES_BY_NAME),
            {**named(where.name), "low": low, "high": high},
        )
        return [
            number
            for number, name in rows
            if projects is None or name.partition("/")[0] in projects
        ]

    async def rows(self, keys: Sequence[int]) -> list[RepositoryItem]:
        rows = await by_keys(self._connection, sql.LISTING_REPOSITORIES_ROWS, keys)
        return [RepositoryItem(number, RepositoryName(name), *at) for number, name, *at in rows]


class SqlLedgerRows:
    """Keeps `ports.listing.LedgerRows`; those without a limit come last by it."""

    __slots__ = ("_connection",)
    _BY: ClassVar = {By.USED: sql.LISTING_LEDGERS_BY_USED, By.LIMIT: sql.LISTING_LEDGERS_BY_LIMIT}

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keys(self, where: LedgersWhere, by: By) -> Sequence[int]:
        values = {**named(where.name), "kind": where.kind}
        statement = self._BY.get(by, sql.LISTING_LEDGERS_BY_NAME)
        return await first_column(self._connection, statement, values)

    async def rows(self, keys: Sequence[int]) -> list[Ledger]:
        rows = await by_keys(self._connection, sql.LISTING_LEDGERS_ROWS, keys)
        return [Ledger(*row) for row in rows]

    async def used_bytes(self, kind: str) -> int:
        row = await self._connection.row(sql.LISTING_LEDGERS_SUM, {"kind": kind})
        return row[0] if row else 0


class SqlJobRows:
    """Keeps `ports.listing.Rows` of jobs, by id."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keys(self, where: JobsWhere, by: By) -> Sequence[int]:  # noqa: ARG002  ids are time
        kinds = where.kinds
        several = sql.LISTING_JOBS_OF_KINDS if len(kinds) > 1 else sql.LISTING_JOBS_OF_KIND
        statement = several if kinds else sql.LISTING_JOBS_ALL
        values: dict[str, object] = {"state": where.state, **padded("kind", kinds, TYPES_MAX, "")}
        return await first_column(self._connection, statement, values)

    async def rows(self, keys: Sequence[int]) -> list[Job]:
        rows = await by_keys(self._connection, sql.LISTING_JOBS_ROWS, keys)
        return [_job(row) for row in rows]


def _job(row: Row) -> Job:
    job_id, kind, args, mutex, state, run_at, attempt, owner, lease_until, cancelled, *rest = row
    life = (JobState(state), run_at, attempt, owner, lease_until, bool(cancelled))
    return Job(job_id, kind, args, mutex, *life, *rest)


class SqlLists:
    """Keeps `ports.listing.Lists`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @cached_property
    def projects(self) -> SqlProjectRows:
        return SqlProjectRows(self._connection)

    @cached_property
    def repositories(self) -> SqlRepositoryRows:
        return SqlRepositoryRows(self._connection)

    @cached_property
    def artifacts(self) -> SqlArtifactRows:
        return SqlArtifactRows(self._connection)

    @cached_property
    def related(self) -> SqlRelatedRows:
        return SqlRelatedRows(self._connection)

    @cached_property
    def tags(self) -> SqlTagRows:
        return SqlTagRows(self._connection)

    @cached_property
    def ledgers(self) -> SqlLedgerRows:
        return SqlLedgerRows(self._connection)

    @cached_property
    def jobs(self) -> SqlJobRows:
        return SqlJobRows(self._connection)

    @cached_property
    def users(self) -> SqlUserRows:
        return SqlUserRows(self._connection)

    @cached_property
    def groups(self) -> SqlGroupRows:
        return SqlGroupRows(self._connection)

    @cached_property
    def robots(self) -> SqlRobotRows:
        return SqlRobotRows(self._connection)

    @cached_property
    def grants(self) -> SqlGrantRows:
        return SqlGrantRows(self._connection)

    @cached_property
    def audit(self) -> SqlAuditRows:
        return SqlAuditRows(self._connection)

    async def changes(self, after: int, limit: int) -> list[tuple[int, str]]:
        values = {"after": after, "limit": limit}
        rows = await self._connection.rows(sql.LISTING_CHANGES, values)
        return [(sequence, repository) for sequence, repository in rows]
