"""Notices: events that tell of no change, and so are not written with one.

They are bounded and best effort: what waits in memory is lost with the process. Pulls are told only
where a webhook asks for them, as often as they are counted, and for all pulls of a manifest once.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Busy, Catalog, CatalogFailed, Tx
from entrepot.ports.clock import Clock
from entrepot.rules.notifications import kinds

from .context import Caller
from .events import Change, announce
from .webhooks import HOOKS_EPOCH, IN_ALL_MAX, document_of

FLUSH_SECONDS = 2.0
EVERY_SECONDS = 60.0
"""How often it is told of one project that pushes are refused."""
PROJECTS_MAX = 1000
"""Projects of which that is remembered; beyond it the oldest are told anew."""
WAITING_MAX = 64
"""Notices that wait to be written; others are not told."""


class Log(Protocol):
    """A structured logger, as far as it is needed here."""

    def warning(self, event: str, **facts: Any) -> Any: ...


class Notices:
    """What was refused because of a quota, told a moment later, and pulls."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self._waiting: list[tuple[Caller, Change, dict[str, Any]]] = []
        self._told_at: dict[str, float] = {}
        self._epoch = -1
        self._wanted: frozenset[str] = frozenset()

    def exceeded(self, name: RepositoryName, caller: Caller, fault: Fault) -> None:
        """Take note that a push was refused because of a quota."""
        now = self._clock.now()
        told = self._told_at.pop(name.project, None)
        if told is not None and now - told < EVERY_SECONDS:
            self._told_at[name.project] = told
            return
        self._told_at[name.project] = now
        while len(self._told_at) > PROJECTS_MAX:
            del self._told_at[next(iter(self._told_at))]
        if len(self._waiting) < WAITING_MAX:
            facts = {**(fault.detail or {}), "text": fault.message}
            self._waiting.append((caller, Change(kinds.QUOTA_EXCEEDED, name, now), facts))

    async def flush(self) -> None:
        """Write what waits; what cannot be is kept. Raises `Busy` or `CatalogFailed`."""
        waiting = self._waiting
        if not waiting:
            return
        self._waiting = []
        try:
            async with self._catalog.begin(write=True, durable=False) as tx:
                for caller, change, facts in waiting:
                    await announce(tx, caller, change, facts)
        except BaseException:
            self._waiting = [*waiting, *self._waiting]
            raise

    async def run(self, log: Log) -> None:
        """Flush again and again until cancelled."""
        while True:
            await self._clock.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except asyncio.CancelledError:
                raise
            except (Busy, CatalogFailed) as error:
                log.warning("notices are not written", reason=str(error))

    async def pulled(self, tx: Tx, counts: Mapping[tuple[int, Digest], int], now: float) -> None:
        """Tell of pulls that were counted, in the transaction that writes them.

        Only of those that a webhook asks for.
        """
        wanted = await self._asked_for(tx)
        if not wanted:
            return
        for (repository_id, digest), count in counts.items():
            found = await tx.repositories.by_id(repository_id)
            if found is not None and ("" in wanted or found.name.project in wanted):
                change = Change(kinds.PULLED, found.name, now)
                await announce(tx, Caller(), change, {"digest": digest, "count": count})

    async def _asked_for(self, tx: Tx) -> frozenset[str]:
        """Return the projects whose pulls a webhook asks for; "" for all of them."""
        epoch = await tx.epochs.find(HOOKS_EPOCH)
        if epoch != self._epoch:
            rows = await tx.webhooks.page(None, 0, IN_ALL_MAX)
            asking = [row for row in rows if row.enabled]
            self._wanted = frozenset(
                row.project for row in asking if document_of(row).asks_for(kinds.PULLED)
            )
            self._epoch = epoch
        return self._wanted
