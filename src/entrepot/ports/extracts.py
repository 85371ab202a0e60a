"""Extracts of manifests, kept beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ExtractRow:
    """What lists show of a manifest (`rules.extracts`); it goes with its manifest."""

    manifest_id: int
    text: str
    size_bytes: int | None
    """That of all it is made of; None where that may change, or is not known."""


class Extracts(Protocol):
    """Extracts by ids of manifests."""

    async def missing(self, after: int, limit: int) -> list[int]:
        """Return ids above one of manifests that have none, ascending."""
        ...

    async def lasting(self, ids: Sequence[int]) -> set[int]:
        """Return those of a few indexes whose children are all here, with sizes that are kept."""
        ...

    async def add(self, rows: Sequence[ExtractRow]) -> int:
        """Add those whose manifests are there and have none; return how many were to be added."""
        ...
