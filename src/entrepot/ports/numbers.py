"""Numbers of what has only a name, for clients that know things by numbers."""

from collections.abc import Sequence
from typing import Protocol


class Numbers(Protocol):
    """Numbers from 1, of each kind by itself; a name keeps its number for ever."""

    async def of(self, kind: str, names: Sequence[str]) -> dict[str, int]:
        """Return the numbers of those names that have one."""
        ...

    async def name(self, kind: str, number: int) -> str | None: ...

    async def give(self, kind: str, names: Sequence[str]) -> None:
        """Give each name the next number, in this order; those that have one keep it."""
        ...
