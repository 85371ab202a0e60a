"""How far the audit log was passed on, where any replica may go on from there."""

from entrepot.ports.catalog import Catalog

KIND = "cursor"
NAME = "audit-syslog"


class NotedPlace:
    """Keeps `ports.audit.Place` in the catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def read(self) -> int | None:
        async with self._catalog.begin() as tx:
            found = await tx.notes.of(KIND, [NAME])
        text = found.get(NAME, "")
        return int(text) if text.isdecimal() else None

    async def write(self, line_id: int) -> None:
        # Not durable: after a crash some lines are sent twice.
        async with self._catalog.begin(write=True, durable=False) as tx:
            await tx.notes.put(KIND, NAME, str(line_id))
