"""Repositories' pages: what people wrote, or else what the newest image says."""

from collections import OrderedDict
from dataclasses import dataclass, replace

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import EDGE_CHILD, Catalog, ManifestRow, Repository, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.pages import RepositoryFigures, RepositoryPage
from entrepot.rules.pages import PageText, check_page, told_by

from .auditing import Act, record
from .configs import ImageConfigs
from .context import Caller
from .recently import remember

LATEST = Tag("latest")
NAMES_MAX = 1000
LARGE = 10_000
"""Tags and artifacts of a repository whose figures are remembered for a while."""
REMEMBERED_SECONDS = 10.0
COUNTED_MAX = 1024
"""Repositories whose figures are remembered."""
DEPTH_MAX = 4
"""Deepest nesting of indexes that is looked into for an image."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A repository's page as people see it."""

    name: RepositoryName
    text: PageText
    """What was written, and where nothing was, what the newest image says."""
    written: RepositoryPage | None
    annotations: dict[str, str]
    """Of the newest image: its annotations and labels."""


class PageService:
    """Keeps pages and fills them in. The caller has checked rights."""

    def __init__(self, catalog: Catalog, clock: Clock, *, configs: ImageConfigs) -> None:
        self._catalog = catalog
        self._clock = clock
        self._configs = configs
        self._counted: OrderedDict[RepositoryName, tuple[float, RepositoryFigures]] = OrderedDict()

    async def get(self, name: RepositoryName) -> Shown:
        """Return a repository's page; `Fault(NAME_UNKNOWN)`. Raises OSError if the store fails."""
        async with self._catalog.begin() as tx:
            repository = await _found(tx, name)
            written = await tx.pages.find(name)
            newest = await _newest(tx, repository)
        facts = await self._facts(newest) if newest is not None else {}
        told = told_by(facts)
        text = told
        if written is not None:
            text = PageText(
                written.description or told.description,
                written.readme,
                written.source_url or told.source_url,
                written.maintainers or told.maintainers,
            )
        return Shown(name, text, written, facts)

    async def readme(self, name: RepositoryName) -> str:
        """Return the README, Markdown; empty for none. `Fault(NAME_UNKNOWN)`."""
        async with self._catalog.begin() as tx:
            await _found(tx, name)
            page = await tx.pages.find(name)
        return page.readme if page is not None else ""

    async def figures(self, name: RepositoryName) -> RepositoryFigures:
        """Return how much is in a repository; `Fault(NAME_UNKNOWN)`.

        All of its tags and artifacts are counted, aside from the event loop: a million of tags take
        0.15 s, so that what is as large may be `REMEMBERED_SECONDS` old.
        """
        at, figures = self._counted.get(name, (0.0, None))
        if figures is not None and 0 <= self._clock.now() - at < REMEMBERED_SECONDS:
            return figures
        async with self._catalog.begin(aside=True) as tx:
            repository = await _found(tx, name)
            figures = await tx.pages.figures(repository.id)
        if figures.artifacts + figures.tags >= LARGE:
            remember(self._counted, name, (self._clock.now(), figures), COUNTED_MAX)
        return figures

    async def names(self, project: str, after: str, limit: int) -> list[RepositoryName]:
        """Return repositories with content, with wire names above `after`, in their order.

        Of all projects, or of one; `Fault(NAME_INVALID)` for what is no repository's name.
        """
        async with self._catalog.begin() as tx:
            if project:
                full = RepositoryName.parse(after) if after else ""
                return await tx.pages.repositories(project, full, limit)
            return await tx.repositories.page(after, limit)

    async def descriptions(self, names: list[RepositoryName]) -> dict[RepositoryName, str]:
        """Return what was written of those repositories that have a page.

        At most `NAMES_MAX` names, ValueError for more.
        """
        if len(names) > NAMES_MAX:
            raise ValueError(f"{len(names)} names at once, of {NAMES_MAX} at most")
        async with self._catalog.begin() as tx:
            return await tx.pages.descriptions(names)

    async def change(
        self,
        name: RepositoryName,
        caller: Caller,
        *,
        description: str | None = None,
        readme: str | None = None,
        source_url: str | None = None,
        maintainers: tuple[str, ...] | None = None,
    ) -> RepositoryPage:
        """Write what is given; empty texts take back what was written.

        `Fault`: NAME_UNKNOWN, REQUEST_INVALID.
        """
        async with self._catalog.begin(write=True) as tx:
            await _found(tx, name)
            old = await tx.pages.find(name) or RepositoryPage(name, "", "", "", (), 0.0, "")
            new = replace(
                old,
                description=old.description if description is None else description,
                readme=old.readme if readme is None else readme,
                source_url=old.source_url if source_url is None else source_url,
                maintainers=old.maintainers if maintainers is None else maintainers,
            )
            text = PageText(new.description, new.readme, new.source_url, new.maintainers)
            wrong = check_page(text)
            if wrong is not None:
                raise wrong
            if new == old:
                return old
            now = self._clock.now()
            new = replace(new, changed_at=now, changed_by=caller.actor)
            if text == PageText():
                await tx.pages.remove(name)
            else:
                await tx.pages.put(new)
            fields = [
                field
                for field in ("description", "readme", "source_url", "maintainers")
                if getattr(new, field) != getattr(old, field)
            ]
            act = Act("repository.described", name.wire, name.project, {"fields": fields})
            await record(tx, caller, now, act)
        return new

    async def _facts(self, row: ManifestRow) -> dict[str, str]:
        """Return the annotations and labels of an image, or of the first one in an index."""
        found: dict[str, str] = {}
        at: ManifestRow | None = row
        for _ in range(DEPTH_MAX):
            if at is None:
                break
            facts = await self._configs.facts(at.digest, at.media_type)
            found = {**dict(sorted(facts.labels)), **found}
            async with self._catalog.begin() as tx:
                at = await _first_child(tx, at)
        return found


async def _first_child(tx: Tx, row: ManifestRow) -> ManifestRow | None:
    for child in await tx.manifests.edges(row.id):
        if child.kind == EDGE_CHILD:
            return await tx.manifests.find(row.repository_id, child.target)
    return None


async def _newest(tx: Tx, repository: Repository) -> ManifestRow | None:
    """Return what `latest` is, or else the newest artifact."""
    latest = await tx.manifests.by_tag(repository.id, LATEST)
    if latest is not None:
        return latest
    rows = await tx.manifests.page(repository.id, None, 1)
    return rows[0] if rows and rows[0].subject is None else None


async def _found(tx: Tx, name: RepositoryName) -> Repository:
    repository = await tx.repositories.find(name)
    if repository is None:
        raise Fault(
            Code.NAME_UNKNOWN,
            f"there is no repository {name.wire[:80]}: push an image to make it",
            {"name": name.wire},
        )
    return repository
