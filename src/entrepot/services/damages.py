"""What scrubs found damaged, for operators."""

from entrepot.ports.catalog import Catalog
from entrepot.ports.integrity import Damage

PAGE_MAX = 1000
"""Most entries of a page."""


class DamageService:
    """Lists damages; scrubs report and heal them."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def page(self, after: int, limit: int, *, healed: bool = False) -> list[Damage]:
        """Return damages with an id above `after`, in that order, at most `PAGE_MAX`.

        Those whose blob still waits for its bytes; with `healed` all others too.
        """
        limit = min(limit, PAGE_MAX)
        async with self._catalog.begin() as tx:
            if healed:
                return await tx.damages.page(after, limit)
            return await tx.damages.open(after, limit)
