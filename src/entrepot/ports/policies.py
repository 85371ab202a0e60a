"""Policies of projects: JSON documents that `rules/` reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One kind of policy of one project; `document` is JSON text."""

    project: str
    kind: str
    document: str
    changed_at: float
    changed_by: str


class Policies(Protocol):
    """Policies by project and kind."""

    async def of(self, project: str) -> list[PolicyRow]:
        """Return all of a project, by kind."""
        ...

    async def named(self, projects: Sequence[str]) -> list[PolicyRow]:
        """Return all of some projects, by kind."""
        ...

    async def put(self, row: PolicyRow) -> None:
        """Write it, instead of what was there."""
        ...

    async def remove(self, project: str, kind: str) -> bool: ...

    async def page(self, kind: str, after: str, limit: int) -> list[PolicyRow]:
        """Return policies of a kind, of projects above `after`."""
        ...
