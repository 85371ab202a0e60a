"""Sealing: what the catalog keeps that nobody may read in its file or in a backup."""

from typing import Protocol


class SealBroken(Exception):
    """A value that cannot be opened, or keys that cannot be used; the message says the cure."""


class Sealer(Protocol):
    """Seals values with the newest of its keys, and opens what any of them has sealed.

    A sealed value is bound to its `purpose`, such as `secret:NAME`: as another one's it is broken,
    so that rows cannot be exchanged for each other.
    """

    @property
    def current(self) -> str:
        """The id of the key that seals now."""
        ...

    def seal(self, purpose: str, plain: bytes) -> bytes:
        """Return `plain` sealed, different each time. Raises ValueError for one beyond limits."""
        ...

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """Return what was sealed for this purpose. Raises `SealBroken`."""
        ...

    def key_id(self, sealed: bytes) -> str:
        """Return the id of the key that sealed it, known here or not. Raises `SealBroken`."""
        ...
