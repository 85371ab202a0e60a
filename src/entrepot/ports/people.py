"""What is known of users beside their accounts: profiles and groups."""

from dataclasses import dataclass
from typing import Protocol

from .identity import Source


@dataclass(frozen=True, slots=True)
class Profile:
    """What an account's source says of its user."""

    name: str
    source: Source
    subject: str
    """What never changes of them in that source."""
    email: str
    display_name: str
    enabled: bool
    seen_at: float
    """When their source last vouched for them."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of users; one that only a directory names has no row."""

    name: str
    description: str
    created_at: float


class Profiles(Protocol):
    """Profiles by the account's name."""

    async def find(self, name: str) -> Profile | None: ...
    async def by_subject(self, source: Source, subject: str) -> Profile | None: ...
    async def put(self, profile: Profile) -> None:
        """Write it, instead of what was there."""
        ...

    async def remove(self, name: str) -> bool: ...
    async def page(self, source: Source, after: str, limit: int) -> list[Profile]:
        """Return those of one source, by name, above `after`."""
        ...


class Groups(Protocol):
    """Groups, and who is in them according to whom."""

    async def find(self, name: str) -> Group | None: ...
    async def put(self, group: Group) -> None: ...
    async def remove(self, name: str) -> bool:
        """Remove the group with its memberships; False when it had neither row nor member."""
        ...

    async def page(self, after: str, limit: int) -> list[Group]: ...
    async def of(self, user: str) -> list[tuple[str, Source]]:
        """Return the groups of a user, by name, each with who says so."""
        ...

    async def members(self, group: str, after: str, limit: int) -> list[tuple[str, Source]]:
        """Return users above `after`."""
        ...

    async def enter(self, user: str, group: str, source: Source) -> bool:
        """Make a user a member; False for one who was."""
        ...

    async def leave(self, user: str, group: str, source: Source) -> bool: ...
    async def leave_all(self, user: str) -> int: ...
