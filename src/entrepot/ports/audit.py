"""The audit log: what was done or refused, by whom, from where."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from entrepot.rules.audit import AuditLine


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """What to look for; empty fields do not narrow."""

    actor: str = ""
    project: str = ""
    operation: str = ""
    refused: bool = False
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Lines, newest first; `next` is the `before` to go on with, None at the end.

    A page may have few lines or none and still a `next`: one call looks at a bounded number.
    """

    lines: tuple[AuditLine, ...]
    next: int | None


class Audit(Protocol):
    """Lines of the log; nothing changes one, and only age removes them."""

    async def append(self, line: AuditLine) -> None: ...
    async def page(self, query: AuditQuery, before: int | None, limit: int) -> AuditPage:
        """Return lines, newest first, with ids below `before`."""
        ...

    async def after(self, line_id: int, limit: int) -> list[AuditLine]:
        """Return lines oldest first, with ids above it, for those who pass them on."""
        ...

    async def prune(self, before: float, limit: int) -> int:
        """Remove the oldest lines, up to `limit`, that are from before a time; how many."""
        ...

    async def remove(self, line_id: int) -> None:
        """Remove one line, because of its age and what it is about."""
        ...

    async def last(self) -> int:
        """Return the highest id ever given; 0 for none."""
        ...

    async def since(self, at: float) -> int:
        """Return an id such that all lines from `at` on, clocks set back apart, are above it."""
        ...


class Receiver(Protocol):
    """Whom lines are passed on to."""

    async def send(self, messages: Sequence[bytes]) -> None:
        """Send messages in order. Raises OSError, also TimeoutError; they are sent again then."""
        ...

    def close(self) -> None:
        """Let go of the connection; the next `send` makes another."""
        ...


class Place(Protocol):
    """Where is kept how far lines were passed on."""

    async def read(self) -> int | None:
        """Return the last one's id, or None where nothing was passed on yet."""
        ...

    async def write(self, line_id: int) -> None:
        """Keep the id. Raises OSError."""
        ...
