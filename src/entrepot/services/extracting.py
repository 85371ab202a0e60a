"""Works out what lists show of manifests, a moment after they were pushed.

A list that met a manifest for the first time had to read it, and its configuration. Here that is
done ahead, off the way of pushes and pulls: for new manifests, and bit by bit for those that were
pushed before there were extracts. What has none yet is read as it is listed, and shown the same.
"""

import asyncio
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Fault
from entrepot.oci.mediatype import INDEXES
from entrepot.ports.catalog import Busy, Catalog, CatalogFailed
from entrepot.ports.clock import Clock
from entrepot.ports.extracts import ExtractRow
from entrepot.ports.listing import ArtifactItem
from entrepot.rules.extracts import Inside, sizes_of, text_of

from .artifacts import ArtifactService

EVERY_SECONDS = 1.0
"""How often it is looked whether anything was pushed."""
STEP = 64
"""Manifests of one transaction."""
AT_ONCE = 8
"""Manifests that are worked out at a stretch: others have their turn between."""
REST_SECONDS = 0.1
"""Between two steps, which take a fifth of that: the event loop is also the pulls'."""


class Log(Protocol):
    """A structured logger, as far as it is needed here."""

    def warning(self, event: str, **facts: Any) -> Any: ...


class Extractor:
    """Gives manifests their extracts, in the order of their ids."""

    def __init__(self, catalog: Catalog, artifacts: ArtifactService, clock: Clock) -> None:
        self._catalog = catalog
        self._artifacts = artifacts
        self._clock = clock
        self._after = 0
        self._version: Hashable = None

    async def fill(self, rest_seconds: float = REST_SECONDS) -> int:
        """Go on to the newest manifest; return how many extracts were written.

        What could not be read is tried again by the next process. Raises `Busy`, `CatalogFailed`,
        or OSError if the store fails.
        """
        written = 0
        version = await self._catalog.latest()  # before the rows: those may only be newer
        while version != self._version:
            async with self._catalog.begin(aside=True) as tx:
                ids = await tx.extracts.missing(self._after, STEP)
            if ids:
                written += await self._step(ids)
                self._after = ids[-1]
            if len(ids) < STEP:
                self._version = version
                break
            await self._clock.sleep(rest_seconds)
        return written

    async def run(self, log: Log) -> None:
        """Fill again and again until cancelled."""
        while True:
            try:
                await self.fill()
            except asyncio.CancelledError:
                raise
            except (Busy, CatalogFailed, OSError) as error:
                log.warning("extracts are not written", reason=str(error))
            await self._clock.sleep(EVERY_SECONDS)

    async def _step(self, ids: Sequence[int]) -> int:
        async with self._catalog.begin(aside=True) as tx:
            items = await tx.lists.artifacts.rows(ids)
        rows: list[ExtractRow] = []
        indexes: list[ExtractRow] = []
        for start in range(0, len(items), AT_ONCE):
            chosen = items[start : start + AT_ONCE]
            insides = await self._insides(chosen)
            for item in chosen:
                made = _row(item, insides.get(item.digest))
                if made is not None:
                    (indexes if item.media_type in INDEXES else rows).append(made)
            await self._clock.sleep(0)  # others have their turn
        if not rows and not indexes:
            return 0
        async with self._catalog.begin(write=True, durable=False) as tx:
            written = await tx.extracts.add(rows)
            # What an index is made of may have come with this very step.
            lasting = await tx.extracts.lasting([row.manifest_id for row in indexes])
            known = [row if row.manifest_id in lasting else _unsized(row) for row in indexes]
            return written + await tx.extracts.add(known)

    async def _insides(self, items: Sequence[ArtifactItem]) -> dict[Digest, Inside]:
        try:
            return await self._artifacts.insides(items, layers=True)
        except Fault:
            if len(items) == 1:
                return {}  # its bytes are no manifest any more: fsck tells of it
        alone = [await self._insides([item]) for item in items]
        return {digest: inside for one in alone for digest, inside in one.items()}


def _row(item: ArtifactItem, inside: Inside | None) -> ExtractRow | None:
    """Return what is to be kept of a manifest; None for nothing."""
    text = text_of(inside) if inside is not None else None
    if text is None or inside is None:
        return None
    row = ExtractRow(item.id, text, item.size)
    if inside.manifest.is_index or item.size == sizes_of(inside.manifest):
        return row
    return _unsized(row)  # a blob of it is not there yet


def _unsized(row: ExtractRow) -> ExtractRow:
    return replace(row, size_bytes=None)
