"""The outbox in the catalog."""

from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Event

from . import sql
from .connection import Connection
from .sequences import last_of, skip_to


class SqlOutbox:
    """Keeps `ports.catalog.Outbox`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def append(self, event: Event) -> None:
        await self._connection.later(
            sql.OUTBOX_APPEND,
            {
                "kind": event.kind,
                "repository": event.repository,
                "payload": event.payload,
                "at": event.at,
            },
        )

    async def after(self, sequence: int, limit: int) -> list[Event]:
        """Return events with a higher sequence, in its order, which is that of their commits."""
        rows = await self._connection.rows(sql.OUTBOX_AFTER, {"after": sequence, "limit": limit})
        return [Event(row[0], RepositoryName(row[1]), *row[2:]) for row in rows]

    async def last(self) -> int:
        return await last_of(self._connection, "outbox")

    async def skip_to(self, sequence: int) -> None:
        await skip_to(self._connection, "outbox", sequence)

    async def prune(self, upto: int, before: float, limit: int) -> int:
        values = {"upto": upto, "before": before, "limit": limit}
        return await self._connection.run(sql.OUTBOX_PRUNE, values)
