"""Numbers of what has only a name: given at the first question."""

from collections.abc import Sequence

from entrepot.oci.name import DEFAULT_PROJECT
from entrepot.ports.catalog import Catalog

from .accounts import ADMIN

PROJECT = "project"
USER = "user"
GROUP = "group"
RETENTION = "retention"
IMMUTABILITY = "immutability"
"""Kinds that are used so far; any other word makes one more."""

NAMES_MAX = 1000
"""Most names in one call: a page of the widest list."""
STEP = 256
"""Numbers given in one transaction."""


class NumberService:
    """Tells the numbers of names, and the names of numbers.

    Numbers outlive what they stand for: a project that is made again has the number it had.
    Nobody learns from a number whether there is such a thing; who asks for one has seen the name.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def ensure_first(self) -> None:
        """Let the project `library` and the first administrator be number 1, at the first start."""
        for kind, name in ((PROJECT, DEFAULT_PROJECT), (USER, ADMIN)):
            await self.of(kind, [name])

    async def of(self, kind: str, names: Sequence[str]) -> dict[str, int]:
        """Return the number of each name; those that have none get one now, in this order.

        ValueError for more than `NAMES_MAX` names.
        """
        if len(names) > NAMES_MAX:
            raise ValueError(f"{len(names)} names at once, of {NAMES_MAX} at most")
        async with self._catalog.begin() as tx:
            found = await tx.numbers.of(kind, names)
        missing = [name for name in dict.fromkeys(names) if name not in found]
        for start in range(0, len(missing), STEP):
            step = missing[start : start + STEP]
            async with self._catalog.begin(write=True) as tx:
                await tx.numbers.give(kind, step)
                found |= await tx.numbers.of(kind, step)
        return found

    async def one(self, kind: str, name: str) -> int:
        """Return the number of one name, given now if it has none."""
        return (await self.of(kind, [name]))[name]

    async def name(self, kind: str, number: int) -> str | None:
        """Return whose number that is, or None. There may be no such thing any more."""
        async with self._catalog.begin() as tx:
            return await tx.numbers.name(kind, number)
