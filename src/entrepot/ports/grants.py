"""Grants and custom roles, as rows of the catalog."""

from dataclasses import dataclass
from typing import Protocol

from entrepot.rules.subjects import SubjectKind


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A grant to somebody. `id` is 0 until it is written."""

    id: int
    subject_kind: SubjectKind
    subject: str
    """A name; empty for everyone."""
    scope: str
    """`*`, a project, or a pattern of repositories, as `rules.access.Scope` reads it."""
    role: str
    """Empty where the permissions are named one by one."""
    permissions: tuple[str, ...]
    created_at: float
    created_by: str


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A custom role; `permissions` are names, which may be older than those known now."""

    name: str
    permissions: tuple[str, ...]
    description: str
    changed_at: float


class Grants(Protocol):
    """Who was given what, and where."""

    async def add(self, row: GrantRow) -> int | None:
        """Write a grant and return its id; None when there is one like it."""
        ...

    async def find(self, grant_id: int) -> GrantRow | None: ...
    async def change(self, row: GrantRow) -> bool:
        """Write role and permissions of a grant anew; False when there is one like it."""
        ...

    async def remove(self, grant_id: int) -> bool: ...
    async def of_user(self, name: str, project: str) -> list[GrantRow]:
        """Return those to a user, to their groups, and to everyone, about a project or all."""
        ...

    async def of_subject(self, kind: SubjectKind, subject: str, limit: int) -> list[GrantRow]:
        """Return those to one subject, oldest first."""
        ...

    async def page(self, project: str, after: int, limit: int) -> list[GrantRow]:
        """Return those about a project, or `*`, with an id above `after`."""
        ...

    async def forget(self, kind: SubjectKind, subject: str) -> int:
        """Remove all to one subject; how many."""
        ...

    async def forget_project(self, project: str) -> int:
        """Remove all about one project; how many."""
        ...


class Roles(Protocol):
    """Custom roles by name."""

    async def find(self, name: str) -> RoleRow | None: ...
    async def put(self, row: RoleRow) -> None:
        """Write it, instead of what was there."""
        ...

    async def remove(self, name: str) -> bool: ...
    async def page(self, after: str, limit: int) -> list[RoleRow]: ...
    async def granted(self, role: str) -> GrantRow | None:
        """Return one grant that names the role, or None."""
        ...


class Epochs(Protocol):
    """Counters of changes, for those who remember what they read."""

    async def find(self, name: str) -> int:
        """Return it; 0 before the first change."""
        ...

    async def advance(self, name: str) -> None: ...


ACCESS_EPOCH = "access"
"""The counter that every change of who may do what advances, in its own transaction."""
