"""What a store must do besides, where several processes use it at once."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from .blobs import BlobStore


class SharedBlobStore(BlobStore, Protocol):
    """A store whose uploads are handed from process to process, one request at a time.

    `begin` and `resume` of an upload that others may know of are called, and what they return is
    used, within `hold` only. `resume` finds what any process left.
    """

    def hold(self, upload_id: str) -> AbstractAsyncContextManager[None]:
        """Keep all others from an upload; a process that dies lets go.

        Raises BlockingIOError while somebody else holds it, here or in another process; `Busy` or
        `CatalogFailed` while that cannot be told.
        """
        ...

    def retire(self, upload_id: str) -> None:
        """Let all processes know that an id is used up."""
        ...

    def is_retired(self, upload_id: str) -> bool:
        """Whether any process of this machine has retired an id; in the end that is forgotten."""
        ...
