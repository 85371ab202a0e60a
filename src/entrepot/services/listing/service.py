"""Lists with filters, orders, pages by number and totals.

The keys of a whole list are walked for once and remembered until it is changed; a page is cut out
of them, and only its rows are read. So any page takes the same time, and totals are exact.
"""

from collections.abc import Iterable, Sequence

from entrepot.oci.errors import Code, Fault
from entrepot.ports.audit import AuditQuery
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock
from entrepot.ports.jobs import Job
from entrepot.ports.ledgers import Ledger
from entrepot.ports.listing import (
    TYPES_MAX,
    ArtifactItem,
    ArtifactsWhere,
    By,
    JobsWhere,
    LedgersWhere,
    ProjectsWhere,
    RepositoriesWhere,
    RepositoryItem,
    TagItem,
    TagsWhere,
)
from entrepot.ports.projects import Project
from entrepot.rules.audit import AuditLine

from .artifacts import ArtifactPages
from .audit import AuditPages
from .figures import Figures, RepositoryFigures
from .people import PeopleListing
from .spans import Listed, Span

AHEAD_MAX = 5000
"""Repositories whose figures are looked up before anybody asks; more would crowd out lists."""
AHEAD_STEP = 16
AHEAD_REST_SECONDS = 0.02


class ListingService(PeopleListing):
    """Pages of lists. It decides nothing about who may see them: filters say what is visible."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        super().__init__(catalog)
        self._clock = clock
        self._artifacts = ArtifactPages(catalog, clock, self._changes, self._memory)
        self._audit = AuditPages(catalog)
        self._figures = Figures(catalog, clock, self._changes, self._memory)

    async def projects(self, where: ProjectsWhere, span: Span) -> Listed[Project]:
        """Return projects, by name, when they were made, what they hold or may hold."""
        known = (By.NAME, By.CREATED, By.USED, By.LIMIT)
        return await self._page(lambda tx: tx.lists.projects, where, span, known)

    async def project_names(self, where: ProjectsWhere) -> frozenset[str]:
        """Return the names of all projects that a filter lets pass."""
        return frozenset(await self._keys(lambda tx: tx.lists.projects, where, By.NAME))

    async def named_projects(self, names: Sequence[str]) -> dict[str, Project]:
        """Return projects by name, those of them that there are; few at once."""
        async with self._catalog.begin() as tx:
            return {one.name: one for one in await tx.lists.projects.rows(names)}

    async def repositories(self, where: RepositoriesWhere, span: Span) -> Listed[RepositoryItem]:
        """Return repositories, by name, when they were made or last pushed to."""
        known = (By.NAME, By.CREATED, By.UPDATED)
        scope = ""
        if where.projects is not None and len(where.projects) == 1:
            (scope,) = where.projects
        return await self._page(lambda tx: tx.lists.repositories, where, span, known, scope=scope)

    async def artifacts(self, where: ArtifactsWhere, span: Span) -> Listed[ArtifactItem]:
        """Return artifacts, by when they were pushed, or their size; see `ArtifactPages`."""
        return await self._artifacts.page(where, span)

    async def tags(self, where: TagsWhere, span: Span) -> Listed[TagItem]:
        """Return tags, by name or when they were moved.

        Raises `Fault(REQUEST_INVALID)` for a page beyond the first `NAMES_MAX` of a repository.
        """
        span.check()
        by = By.MOVED if span.by is By.MOVED else By.NAME
        stamp = await self._changes.of(where.repository)

        async def names() -> Sequence[str]:
            async with self._catalog.begin(aside=True) as tx:
                return await tx.lists.tags.keys(where, by, descending=span.descending)

        async def count() -> Sequence[int]:
            async with self._catalog.begin(aside=True) as tx:
                return [await tx.lists.tags.count(where)]

        keys = await self._memory.of((where, by, span.descending), stamp, names)
        (total,) = await self._memory.of((where, "count"), stamp, count)
        chosen = keys[span.offset : span.offset + span.limit]
        if len(keys) <= span.offset < total:
            raise Fault(
                Code.REQUEST_INVALID,
                f"of {total} tags the first {len(keys)} are reached: sort them the other way, or "
                "ask for part of their name",
            )
        async with self._catalog.begin() as tx:
            rows = await tx.lists.tags.rows(where, chosen)
        return Listed(tuple(rows), total)

    async def ledgers(self, where: LedgersWhere, span: Span) -> Listed[Ledger]:
        """Return ledgers, by name, what is used, or the limit."""
        known = (By.NAME, By.USED, By.LIMIT)
        return await self._page(lambda tx: tx.lists.ledgers, where, span, known)

    async def jobs(self, where: JobsWhere, span: Span) -> Listed[Job]:
        """Return jobs, by id."""
        if len(where.kinds) > TYPES_MAX:
            raise Fault(Code.REQUEST_INVALID, f"too many kinds: name up to {TYPES_MAX}")
        return await self._page(lambda tx: tx.lists.jobs, where, span, (By.ID,))

    async def used_bytes(self, kind: str) -> int:
        """Return what all ledgers of a kind are charged; what lies in several counts in each."""
        async with self._catalog.begin() as tx:
            return await tx.lists.ledgers.used_bytes(kind)

    async def audit(self, query: AuditQuery, span: Span) -> Listed[AuditLine]:
        """Return lines of the audit log by id; `AuditPages.page` says how exact totals are."""
        return await self._audit.page(query, span)

    async def audit_of_any(self, queries: Sequence[AuditQuery], span: Span) -> Listed[AuditLine]:
        """Return lines that any of some queries asks for; see `AuditPages.page_of_any`."""
        return await self._audit.page_of_any(queries, span)

    async def figures(self, names: Iterable[str]) -> dict[str, RepositoryFigures]:
        """Return those of each of some repositories, by full names."""
        return await self._figures.of(names)

    async def count_ahead(self) -> int:
        """Look up the figures of the first repositories; return of how many.

        Counting takes longer than all else of a page. Raises `Busy` or `CatalogFailed`.
        """
        where = RepositoriesWhere()
        keys = await self._keys(lambda tx: tx.lists.repositories, where, By.NAME, scope="")
        keys, counted = keys[:AHEAD_MAX], 0
        for start in range(0, len(keys), AHEAD_STEP):
            async with self._catalog.begin(aside=True) as tx:
                rows = await tx.lists.repositories.rows(keys[start : start + AHEAD_STEP])
            counted += len(await self.figures([row.name for row in rows]))
            await self._clock.sleep(AHEAD_REST_SECONDS)
        return counted
