"""Rows of blobs, and which repositories may show them."""

from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.rules.leases import BlobRow, BlobState


class Blobs(Protocol):
    """Blobs of the whole registry, and the repositories that may show them."""

    async def find(self, digest: Digest) -> BlobRow | None: ...

    async def in_repository(self, repository_id: int, digest: Digest) -> BlobRow | None:
        """Return the blob if it is live and linked to the repository."""
        ...

    async def arrive(self, digest: Digest, size: int, keep_until: float) -> BlobRow:
        """Return the digest's row, written now if there is none.

        It is in state `arriving` then, with a generation never used before, and so is one that
        replaces a condemned row.
        """
        ...

    async def set_state(self, digest: Digest, generation: int, state: BlobState) -> None:
        """Change the state of just that generation; nothing if it is not there any more."""
        ...

    async def keep(self, digest: Digest, until: float) -> None:
        """Extend the lease to `until`; never shorten it."""
        ...

    async def referenced(self, digest: Digest) -> bool:
        """Whether any manifest of any repository holds it, or an entry of the trash."""
        ...

    async def link(self, repository_id: int, digest: Digest, now: float) -> None:
        """Let the repository show the blob. Harmless when it does."""
        ...

    async def unlink(self, repository_id: int, digest: Digest) -> bool:
        """Take it from the repository's sight; False when it was not in sight."""
        ...

    async def sources(self, digest: Digest, limit: int) -> list[str]:
        """Return full names of repositories that show the blob, live."""
        ...
