"""Counts pulls: in memory while they happen, written a while later.

Nothing is written on the pull path. A crash loses the pulls since the last `flush`, which makes an
image look unused for that much longer; retention goes by days.
"""

import asyncio
from typing import Any, Protocol

from entrepot.oci.digest import Digest
from entrepot.ports.catalog import Busy, Catalog, CatalogFailed
from entrepot.ports.clock import Clock
from entrepot.ports.pulls import Pulled

from .notices import Notices

FLUSH_SECONDS = 30.0
"""How long a pull stays in memory, about; its time is that of the writing."""
KEPT_MAX = 100_000
"""Most manifests that are counted between two flushes (I13); pulls of others are not counted."""
STEP = 32
"""Rows written in one transaction."""


class Log(Protocol):
    """A structured logger, as far as it is needed here."""

    def warning(self, event: str, **facts: Any) -> Any: ...


class PullRecorder:
    """Takes note of pulls of manifests, by repository and digest."""

    __slots__ = ("_catalog", "_clock", "_counts", "_notices")

    def __init__(self, catalog: Catalog, clock: Clock, notices: Notices | None = None) -> None:
        """`notices` tell of pulls where a webhook asks for that."""
        self._notices = notices
        self._catalog = catalog
        self._clock = clock
        self._counts: dict[tuple[int, Digest], int] = {}

    def note(self, repository_id: int, digest: Digest) -> None:
        """Count one pull. It costs a fraction of a microsecond."""
        counts, key = self._counts, (repository_id, digest)
        if key in counts:
            counts[key] += 1
        elif len(counts) < KEPT_MAX:
            counts[key] = 1

    async def flush(self) -> int:
        """Write what was counted; return of how many manifests.

        What cannot be written now is kept for the next time. Raises `Busy` or `CatalogFailed`.
        """
        written = 0
        while self._counts:
            now = self._clock.now()
            keys = list(self._counts)[:STEP]
            step = {key: self._counts.pop(key) for key in keys}
            try:
                async with self._catalog.begin(write=True, durable=False) as tx:
                    for (repository_id, digest), count in step.items():
                        await tx.pulls.add(Pulled(repository_id, digest, now, count))
                    if self._notices is not None:
                        await self._notices.pulled(tx, step, now)
            except BaseException:
                for key, count in step.items():
                    self._counts[key] = self._counts.get(key, 0) + count
                raise
            written += len(step)
            await self._clock.sleep(0)  # others have their turn
        return written

    async def run(self, log: Log) -> None:
        """Flush again and again until cancelled."""
        while True:
            await self._clock.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except asyncio.CancelledError:
                raise
            except (Busy, CatalogFailed) as error:
                log.warning("pulls are not written", reason=str(error))
