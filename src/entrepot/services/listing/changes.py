"""Which repositories were changed, as the outbox tells: no push pays for it."""

from collections.abc import Hashable

from entrepot.ports.catalog import Busy, Catalog

READ_MAX = 2000
"""Changes that are looked through at once; after more all is taken for changed."""
PLACES_MAX = 20_000
"""Repositories and projects whose last change is known; others are taken for changed."""


class Changes:
    """Knows a number for each repository and project that grows when it is changed.

    Nothing is read unless something was committed since the last time.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._version: Hashable = None
        self._seen = -1
        self._base = 0
        self._last: dict[str, int] = {}

    async def of(self, place: str) -> int:
        """Return the number of a repository, by its full name, a project, or all ('').

        What was read under the same number is what would be read now. Raises `Busy` or
        `CatalogFailed`.
        """
        version = await self.anything()  # before the rows: those may only be newer
        if version != self._version:
            await self._look()
            self._version = version
        return self._last.get(place, self._base) if place else self._seen

    async def anything(self) -> Hashable:
        """Return what is another once anything was committed; also while that cannot be told.

        Raises `CatalogFailed`.
        """
        try:
            return await self._catalog.latest()
        except Busy:
            return object()

    async def _look(self) -> None:
        async with self._catalog.begin() as tx:
            after = self._seen
            found = await tx.lists.changes(after, READ_MAX) if after >= 0 else []
            if after < 0 or len(found) == READ_MAX or _lacks(found, after):
                self._forget(max(await tx.outbox.last(), self._seen))
                return
        for sequence, place in found:
            self._last[place] = max(sequence, self._last.get(place, 0))
            project = place.partition("/")[0]
            self._last[project] = max(sequence, self._last.get(project, 0))
            self._seen = max(self._seen, sequence)
        if len(self._last) > PLACES_MAX:
            self._forget(self._seen)

    def _forget(self, upto: int) -> None:
        self._seen = self._base = upto
        self._last.clear()


def _lacks(found: list[tuple[int, str]], after: int) -> bool:
    """Whether rows between were removed before they were seen."""
    return bool(found) and found[0][0] != after + 1
