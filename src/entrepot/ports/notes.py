"""Notes: what a face remembers of something, to show it again as it was told."""

from collections.abc import Sequence
from typing import Protocol

OF_GROUP = "group"
OF_ROBOT = "robot"
OF_USER = "user"
"""Kinds of notes that go with what has their name."""


class Notes(Protocol):
    """Texts by kind and name; what they say is the business of whoever wrote them."""

    async def of(self, kind: str, names: Sequence[str]) -> dict[str, str]:
        """Return the notes of those names that have one."""
        ...

    async def put(self, kind: str, name: str, text: str) -> None:
        """Write it, instead of what was there."""
        ...

    async def remove(self, kind: str, name: str) -> bool: ...
