"""Projects, as rows of the catalog."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Project:
    """A namespace of repositories: the first component of their names."""

    name: str
    public: bool
    """Whether anyone may pull from it."""
    networks: tuple[str, ...]
    """Where its callers must be, as `rules.networks` reads them; empty for anywhere."""
    created_at: float
    created_by: str
    """Who is told to be its owner; empty for nobody, as with projects from before 0003."""


class Projects(Protocol):
    """Projects by name."""

    async def find(self, name: str) -> Project | None: ...
    async def add(self, project: Project) -> bool:
        """Write a new project; False when there is one of that name."""
        ...

    async def change(self, project: Project) -> bool:
        """Write `public` and `networks` anew; False when there is no such project."""
        ...

    async def remove(self, name: str) -> bool: ...
    async def page(self, after: str, limit: int) -> list[Project]:
        """Return projects with names above `after`, bytewise."""
        ...
