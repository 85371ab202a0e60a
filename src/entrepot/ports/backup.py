"""Where a backup lies: files beside the blobs, and the blobs."""

from collections.abc import AsyncIterator
from typing import Protocol

from .blobs import Blob


class Shelf(Protocol):
    """The directory of one backup: what is in it beside blobs, and whether it is complete."""

    @property
    def catalog(self) -> str:
        """The path of its catalog."""
        ...

    async def begin(self) -> None:
        """Make it, or take over an earlier backup, which is incomplete from here on.

        Raises `Fault(REQUEST_INVALID)` for a directory that holds anything else.
        """
        ...

    async def keep(self) -> None:
        """Copy the journal and the keys."""
        ...

    async def finish(self, facts: dict[str, int | float]) -> None:
        """Write checksums, and at the very last the mark that it is complete."""
        ...

    async def check(self) -> list[str]:
        """Return the names of files that are not what the checksums say.

        Raises `Fault(REQUEST_INVALID)` for a backup that is not complete.
        """
        ...


class Replica(Protocol):
    """A second place for blobs, of the same shape as the first."""

    async def take(self, blob: Blob, size: int) -> int:
        """See that the blob is there, durable after `finish`; return how many bytes that took.

        What is there already with this size is passed over. Raises FileNotFoundError if the first
        place has no such blob.
        """
        ...

    async def is_right(self, blob: Blob) -> bool:
        """Whether the second place has the blob with its digest."""
        ...

    def scan(self) -> AsyncIterator[Blob]:
        """Yield what lies in the second place."""
        ...

    async def drop(self, blob: Blob) -> None:
        """Remove it from the second place."""
        ...

    async def finish(self) -> None:
        """Make all names durable."""
        ...
