"""When manifests were pulled last, and how often."""

from dataclasses import dataclass
from typing import Protocol

from entrepot.oci.digest import Digest


@dataclass(frozen=True, slots=True)
class Pulled:
    """How often and when last a repository's manifest was pulled."""

    repository_id: int
    digest: Digest
    pulled_at: float
    count: int


class Pulls(Protocol):
    """Pulls by repository and digest."""

    async def add(self, pulled: Pulled) -> None:
        """Add to the count; the later time stays."""
        ...

    async def page(self, repository_id: int, after: str, limit: int) -> list[Pulled]:
        """Return those of digests above `after`, in their order."""
        ...

    async def last_use(self, target: Digest) -> float | None:
        """Return when a manifest that holds `target` was pushed or pulled last, in any repository.

        None if no manifest holds it.
        """
        ...

    async def remove(self, repository_id: int, digest: Digest) -> None: ...
