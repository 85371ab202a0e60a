"""Lists of people, machines and what they were given; and how lists are paged."""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.grants import GrantRow
from entrepot.ports.listing import (
    By,
    GrantsWhere,
    GroupsWhere,
    RobotsWhere,
    Rows,
    UserItem,
    UsersWhere,
)
from entrepot.ports.people import Group
from entrepot.ports.robots import Robot

from .changes import Changes
from .remembering import KeyMemory
from .spans import Listed, Span

Where = TypeVar("Where", bound=Hashable)
Key = TypeVar("Key", int, str)
Item = TypeVar("Item")


class Paged:
    """Cuts pages out of remembered keys."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._changes = Changes(catalog)
        self._memory = KeyMemory()

    async def _page(
        self,
        rows_of: Callable[[Tx], Rows[Where, Key, Item]],
        where: Where,
        span: Span,
        known: tuple[By, ...],
        *,
        scope: str | None = None,
    ) -> Listed[Item]:
        """Return a page of a list that changes with `scope`, or with anything where it is None."""
        span.check()
        by = span.by if span.by in known else known[0]
        keys = await self._keys(rows_of, where, by, scope=scope)
        async with self._catalog.begin() as tx:
            rows = await rows_of(tx).rows(span.cut(keys))
        return Listed(tuple(rows), len(keys))

    async def _keys(
        self,
        rows_of: Callable[[Tx], Rows[Where, Key, Item]],
        where: Where,
        by: By,
        *,
        scope: str | None = None,
    ) -> Sequence[Key]:
        stamp: Hashable = await self._changes.anything()
        if scope is not None:
            stamp = await self._changes.of(scope)

        async def walk() -> Sequence[Key]:
            async with self._catalog.begin(aside=scope is not None) as tx:
                return await rows_of(tx).keys(where, by)

        return await self._memory.of((where, by), stamp, walk)


class PeopleListing(Paged):
    """Pages of people, machines and grants."""

    async def users(self, where: UsersWhere, span: Span) -> Listed[UserItem]:
        """Return users that have an account here, by name or when it was made."""
        return await self._page(lambda tx: tx.lists.users, where, span, (By.NAME, By.CREATED))

    async def groups(self, where: GroupsWhere, span: Span) -> Listed[Group]:
        """Return groups, by name or when they were made."""
        return await self._page(lambda tx: tx.lists.groups, where, span, (By.NAME, By.CREATED))

    async def robots(self, where: RobotsWhere, span: Span) -> Listed[Robot]:
        """Return robots, by name or when they were made."""
        return await self._page(lambda tx: tx.lists.robots, where, span, (By.NAME, By.CREATED))

    async def grants(self, where: GrantsWhere, span: Span) -> Listed[GrantRow]:
        """Return grants about a project, by id or whose they are."""
        return await self._page(lambda tx: tx.lists.grants, where, span, (By.ID, By.NAME))

    async def sorts_of_grants(self, project: str) -> list[tuple[str, tuple[str, ...], int]]:
        """Return role, permissions, and how many members of a project have them."""
        async with self._catalog.begin() as tx:
            return await tx.lists.grants.sorts(project)
