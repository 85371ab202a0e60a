"""What repositories say of themselves, written by people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from entrepot.oci.name import RepositoryName


@dataclass(frozen=True, slots=True)
class RepositoryPage:
    """A repository's page; empty texts say nothing."""

    repository: RepositoryName
    description: str
    readme: str
    """Markdown."""
    source_url: str
    maintainers: tuple[str, ...]
    changed_at: float
    changed_by: str


@dataclass(frozen=True, slots=True)
class RepositoryFigures:
    """How much is in a repository; times are None for never."""

    artifacts: int
    """Manifests without a subject."""
    tags: int
    pulls: int
    pulled_at: float | None
    pushed_at: float | None
    """When the newest artifact came."""


class RepositoryPages(Protocol):
    """Pages by the repository's full name."""

    async def find(self, repository: RepositoryName) -> RepositoryPage | None: ...

    async def put(self, page: RepositoryPage) -> None:
        """Write it, instead of what was there."""
        ...

    async def remove(self, repository: RepositoryName) -> bool: ...

    async def descriptions(
        self, repositories: Sequence[RepositoryName]
    ) -> dict[RepositoryName, str]:
        """Return the descriptions of those that have a page."""
        ...

    async def fade(self, repository: RepositoryName) -> bool:
        """Remove the page of a repository that has no manifest left, not even in the trash."""
        ...

    async def forget_project(self, project: str, limit: int) -> int:
        """Remove at most so many pages of a project; how many it were."""
        ...

    async def repositories(self, project: str, after: str, limit: int) -> list[RepositoryName]:
        """Return a project's repositories with a manifest, by full name, those above `after`."""
        ...

    async def figures(self, repository_id: int) -> RepositoryFigures:
        """Count what is in a repository: all of its rows are walked over, so read it aside."""
        ...
