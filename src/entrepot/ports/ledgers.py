"""Ledgers: what projects and users hold, counted as it changes (I7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

KIND_PROJECT = "project"
KIND_USER = "user"


@dataclass(frozen=True, slots=True)
class Ledger:
    """One project's or user's account of storage.

    `used_bytes` is the sum of the sizes of the distinct digests that its manifests hold, their own
    bytes included; each digest counts once, however many of its manifests hold it.
    """

    id: int
    kind: str
    name: str
    used_bytes: int
    manifests: int
    limit_bytes: int | None
    limit_manifests: int | None


class Ledgers(Protocol):
    """Ledgers and what is charged on them."""

    async def find(self, kind: str, name: str) -> Ledger | None: ...

    async def named(self, kind: str, names: Sequence[str]) -> list[Ledger]:
        """Return the ledgers of some names, those of them that there are."""
        ...

    async def owners(self, project: str, user: str) -> list[Ledger]:
        """Return the project's ledger and the user's, those of them that there are, in one read."""
        ...

    async def ensure(self, kind: str, name: str) -> Ledger:
        """Return the ledger, made now if it is new, without a limit."""
        ...

    async def page(self, kind: str, after: str, limit: int) -> list[Ledger]:
        """Return ledgers of the kind with a name above `after`."""
        ...

    async def set_limits(
        self, ledger_id: int, limit_bytes: int | None, limit_manifests: int | None
    ) -> None: ...

    async def charge(self, manifest_id: int, project: str, user: str) -> list[Ledger]:
        """Charge a manifest that was just added, with its edges; return the ledgers after that.

        The project's comes first, and each is made now if it is new; an empty `user` has none.
        Edges to what may be missing (`EDGE_SPARSE`) are not charged.
        """
        ...

    async def discharge(self, manifest_id: int) -> list[Ledger]:
        """Take a manifest off all its ledgers, before its edges go; return them before that."""
        ...
