"""Artifacts with all that decides how long they stay."""

from dataclasses import dataclass
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.oci.reference import Tag


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """A manifest without a subject; times in seconds since the epoch.

    `size` is the sum of the sizes of what it holds, its own bytes included; `tags` come with the
    time they were moved to it; `child_of` is an index that names it, in the repository or in its
    trash.
    """

    id: int
    digest: Digest
    media_type: str
    annotations: str
    pushed_at: float
    pulled_at: float | None
    size: int
    child_of: Digest | None
    tags: tuple[tuple[Tag, float], ...]


class Artifacts(Protocol):
    """Artifacts of a repository."""

    async def page(self, repository_id: int, after: int, limit: int) -> list[ArtifactRow]:
        """Return artifacts with an id above `after`, in that order; no referrers."""
        ...
