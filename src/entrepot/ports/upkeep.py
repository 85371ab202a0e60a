"""What collection and inspection need of the catalog, apart from serving."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.rules.leases import BlobRow


@dataclass(frozen=True, slots=True)
class Looked:
    """What a bounded look at rows found: those that are `due`, of `count` looked at.

    `last` is the highest generation seen, from where the next look goes on; None after the last.
    `waiting` are those that nobody holds either, but whose lease is not over.
    """

    due: list[BlobRow]
    count: int
    last: int | None
    waiting: tuple[BlobRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """That a repository shows a blob. They are in order of repository, then digest."""

    repository_id: int
    digest: str


FIRST_LINK = Link(0, "")
"""Comes before all links."""


@dataclass(frozen=True, slots=True)
class LookedLinks:
    """The same for links."""

    due: list[Link]
    count: int
    last: Link | None


@dataclass(frozen=True, slots=True)
class Swept:
    """One generation whose bytes a collector removed; `id` is 0 until it is written."""

    job_id: int
    digest: Digest
    generation: int
    size: int
    reason: str
    at: float
    id: int = 0


class Collection(Protocol):
    """The collector's steps: look, condemn, (delete the bytes), forget; and drop links."""

    async def due(self, after: int, now: float, limit: int) -> Looked:
        """Look at rows of a generation above `after`, in that order.

        Due is what neither an edge nor the trash holds and whose lease ended before `now`.
        """
        ...

    async def condemn(self, generation: int, now: float) -> BlobRow | None:
        """Condemn the row if it is due, and return it.

        Its links to repositories go at once, so that nobody is shown it any more.
        """
        ...

    async def condemned(self, after: BlobRow | None, limit: int) -> list[BlobRow]:
        """Return rows condemned before, whose bytes may still lie in the store.

        They come by the end of their leases; `after` is the last one that was seen.
        """
        ...

    async def forget(self, digest: Digest, generation: int) -> bool:
        """Remove a condemned row of just that generation; False if there is none."""
        ...

    async def generations(self, digests: Sequence[Digest]) -> dict[Digest, int]:
        """Return the generations of the rows that these digests have."""
        ...

    async def idle_links(self, after: Link, now: float, limit: int) -> LookedLinks:
        """Look at links after that one.

        Due is what no manifest of its repository holds, of a blob whose lease ended before `now`.
        """
        ...

    async def drop_link(self, link: Link, now: float) -> bool:
        """Take the blob from the repository's sight if the link is due; False if not."""
        ...


class Sweeps(Protocol):
    """What collectors removed."""

    async def add(self, swept: list[Swept]) -> None: ...

    async def page(self, job_id: int, after: int, limit: int) -> list[Swept]:
        """Return what one job removed with an id above `after`, in that order."""
        ...

    async def prune(self, before: float, limit: int) -> int:
        """Remove the oldest `limit` lines as far as they are from before then; return how many."""
        ...


class Reach(Protocol):
    """Who holds what, across repositories; each answer is bounded by `limit`."""

    async def holders(self, target: Digest, limit: int) -> int:
        """Count the manifests of all repositories that hold it, up to `limit`."""
        ...

    async def parents(self, repository_id: int, target: Digest, limit: int) -> list[Digest]:
        """Return indexes of the repository that name the manifest."""
        ...

    async def repositories(
        self, project: str, after: str, limit: int
    ) -> list[tuple[int, RepositoryName]]:
        """Return ids and names of a project's repositories with a name above `after`, in order."""
        ...


DAMAGE = "damage"
DAMAGED = "damaged"
"""Of a blob whose bytes are known to be wrong or gone; nobody is served them."""


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
        """Find edges and holds of the trash whose target has no live row, and stray children.

        Those are manifests that an index names and that are not in its repository.
        """
        ...

    async def stray_tags(self, limit: int) -> list[Finding]:
        """Find tags that point into another repository."""
        ...

    async def lost_manifests(self, limit: int) -> list[Finding]:
        """Find manifests, in the trash too, without bytes or the edge to their own bytes."""
        ...

    async def drifted_ledgers(self, limit: int) -> list[Finding]:
        """Find ledgers that say something else than what their manifests hold (I7)."""
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
