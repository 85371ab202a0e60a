"""Names that one process of many holds, as long as it lives and can be reached."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Held(Protocol):
    """A name that is held."""

    async def lost(self) -> None:
        """Return when it is not held any more, though nobody let go: others may have it now."""
        ...


class Holder(Protocol):
    """Lets one process at a time hold a name, over all that share the catalog."""

    def hold(self, name: str) -> AbstractAsyncContextManager[Held]:
        """Hold a name until the block is left.

        Raises BlockingIOError while somebody else holds it, here or in another process; `Busy` or
        `CatalogFailed` while that cannot be told. A process that dies or is cut off lets go.
        """
        ...
