"""The history of tags: `Tags.move` writes it, nothing removes it.

Moves are ordered by id, which is the order of their commits; times only filter (`rules.history`).
"""

from typing import Protocol

from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.rules.history import Fact, Move


class History(Protocol):
    """Moves of tags. No verb looks at the moves of other repositories."""

    async def fact(self, repository_id: int, tag: Tag, moment: float) -> Fact | None:
        """Return where the tag was and is; None if it never made a move.

        Takes time with the moves that this tag made after the moment.
        """
        ...

    async def facts(self, repository_id: int, moment: float, after: str, limit: int) -> list[Fact]:
        """Return that of each tag > `after`, bytewise, also of those that were not there then."""
        ...

    async def moves(
        self, repository_id: int, tag: Tag | None, before: int, limit: int
    ) -> list[Move]:
        """Return moves with an id below `before`, newest first, of all tags or of one."""
        ...

    async def newest(self) -> int:
        """Return the id of the newest move of all, 0 if there is none."""
        ...

    async def repositories(
        self, project: str | None, after: str, limit: int
    ) -> list[RepositoryName]:
        """Return full names > `after` of the project's repositories or all, emptied ones too."""
        ...
