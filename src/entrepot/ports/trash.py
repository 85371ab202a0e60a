"""What was deleted and can be restored: bytes of manifests, holding blobs."""

from dataclasses import dataclass
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag

KIND_MANIFEST = "manifest"
KIND_TAG = "tag"


@dataclass(frozen=True, slots=True)
class TrashEntry:
    """One deletion. `id` is 0 until it is written; `repository` is the name of `repository_id`.

    Of a manifest with the bytes and all the tags it had; of a tag with just its name and what it
    pointed at. Entries of one operation share their `batch`. Only a manifest's entry holds blobs.
    """

    id: int
    batch: str
    repository_id: int
    repository: RepositoryName
    kind: str
    digest: Digest
    tags: tuple[Tag, ...]
    media_type: str
    size: int
    pushed_at: float
    pushed_by: str
    deleted_at: float
    purge_at: float
    actor: str
    client: str
    reason: str


@dataclass(frozen=True, slots=True)
class TrashContent:
    """What an entry keeps: the manifest's bytes, None for a tag's entry, and what it holds."""

    raw: bytes | None
    holds: tuple[Digest, ...]


@dataclass(frozen=True, slots=True)
class TrashScope:
    """Which entries are meant: all of them, or those with what is given."""

    repository_id: int | None = None
    project: str | None = None
    batch: str | None = None


class Trash(Protocol):
    """Entries of the trash."""

    async def add(self, entry: TrashEntry, raw: bytes | None, holds: list[Digest]) -> int:
        """Write an entry (its `id` is ignored) and what it holds; return its id."""
        ...

    async def find(self, entry_id: int) -> TrashEntry | None: ...

    async def of(self, repository_id: int, digest: Digest) -> list[TrashEntry]:
        """Return entries of this digest, newest first."""
        ...

    async def content(self, entry_id: int) -> TrashContent: ...

    async def page(self, scope: TrashScope, after: int, limit: int) -> list[TrashEntry]:
        """Return entries with an id above `after`, in that order."""
        ...

    async def due(self, now: float, limit: int) -> list[TrashEntry]:
        """Return entries whose `purge_at` has come, oldest first."""
        ...

    async def remove(self, entry_id: int) -> list[Digest]:
        """Remove an entry; return the targets it held."""
        ...

    async def holds(self, target: Digest) -> bool:
        """Whether some entry holds this digest."""
        ...

    async def holders(self, repository_id: int, target: Digest, limit: int) -> list[TrashEntry]:
        """Return entries of other manifests of the repository that hold this digest."""
        ...
