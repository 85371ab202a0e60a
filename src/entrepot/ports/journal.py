"""The journal: every committed change, apart from the catalog."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from .catalog import Event


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line of the journal that is damaged; `place` says where, in words."""

    place: str


class Journal(Protocol):
    """Events in the order of their sequence, each once. Errors of the medium are OSError."""

    @property
    def last(self) -> int:
        """The sequence of the newest event that is durable here; 0 for none."""
        ...

    async def append(self, events: list[Event]) -> None:
        """Write events down, durably. Those up to `last` are there and passed over."""
        ...

    def events(self, after: int = 0) -> AsyncIterator[Event | Unreadable]:
        """Yield what was written, in order, from the event above `after` on."""
        ...

    async def close(self) -> None:
        """Let go of files and threads."""
        ...
