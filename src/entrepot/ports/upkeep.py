"""What collection and inspection need of the catalog, apart from serving."""

from dataclasses import dataclass
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.rules.leases import BlobRow


class Collection(Protocol):
    """The collector's steps: condemn, (delete the bytes), forget."""

    async def condemn(self, now: float, limit: int) -> list[BlobRow]:
        """Condemn rows that no edge holds and whose lease ended before `now`; return them.

        Their links to repositories go at once, so that nobody is shown them any more.
        """
        ...

    async def condemned(self, limit: int) -> list[BlobRow]:
        """Return rows condemned before, whose bytes may still lie in the store."""
        ...

    async def forget(self, digest: Digest, generation: int) -> bool:
        """Remove a condemned row of just that generation; False if there is none."""
        ...


DAMAGE = "damage"


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest's row with its bytes, which are None where they are lost."""

    id: int
    digest: Digest
    media_type: str
    artifact_type: str
    size: int
    subject: Digest | None
    raw: bytes | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken invariant: its id in docs/invariants.md and what is wrong, in words.

    The id of what the database says of itself is `DAMAGE`.
    """

    invariant: str
    message: str


class Inspection(Protocol):
    """Looks for rows that contradict one another; each answer is bounded by `limit`."""

    async def dangling_edges(self, limit: int) -> list[Finding]:
        """Find edges whose target has no live row, or a child that is not in the repository."""
        ...

    async def stray_tags(self, limit: int) -> list[Finding]:
        """Find tags that point into another repository."""
        ...

    async def lost_manifests(self, limit: int) -> list[Finding]:
        """Find manifests without bytes or without the edge to their own bytes."""
        ...

    async def blobs(self, after: int, limit: int) -> list[BlobRow]:
        """Return rows of blobs with a generation above `after`, in that order."""
        ...

    async def manifests(self, after: int, limit: int) -> list[StoredManifest]:
        """Return manifests with an id above `after`, in that order."""
        ...

    async def damage(self, *, deep: bool) -> list[Finding]:
        """Return what the database finds wrong with its own files.

        A look through all of its tables; `deep` compares each index with its table as well.
        """
        ...
