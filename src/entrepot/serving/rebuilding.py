"""Rebuilding the catalog of a registry that does not run."""

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.catalog.adopting import adopt_access
from entrepot.adapters.catalog.prepare import CatalogUnusable
from entrepot.adapters.catalog.swapping import begin_anew, discard, swap
from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.journal import open_journal
from entrepot.adapters.system import SystemClock
from entrepot.ports.catalog import Catalog
from entrepot.rules.leases import Grace
from entrepot.services.rebuild import RebuildService, Report
from entrepot.wiring.cold import open_stopped


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of it: `kept` is the old catalog; it still serves unless `is_swapped`."""

    report: Report
    is_swapped: bool
    kept: Path | None = None


async def rebuild(path: Path, *, read: bool, force: bool) -> Rebuilt:
    """Make the catalog in `path` anew from journal and blobs.

    If something is lost and the old catalog can still be read, that stays, unless `force`.
    Raises `DirectoryBusy` while a server runs on it, `CatalogFailed` or OSError.
    """
    if not (path / "blobs").is_dir():
        raise FileNotFoundError(f"{path} holds no registry")
    data = DataDirectory(path)
    fresh = begin_anew(data.catalog)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(data.close)
        async with contextlib.AsyncExitStack() as opened:
            store = await open_stopped(data.path)
            opened.push_async_callback(store.close)
            journal = await open_journal(data.journal)
            opened.push_async_callback(journal.close)
            old = await _open_old(data.catalog) if data.catalog.exists() else None
            if old is not None:
                opened.push_async_callback(old.close)
            catalog = await open_catalog(fresh)
            opened.push_async_callback(catalog.close)
            service = RebuildService(catalog, store, journal, SystemClock(), grace=Grace())
            report = await service.rebuild(old=old, read=read)
        if report.accounts is not None:
            # Both are closed by now: tables are copied by the database itself.
            for table in await asyncio.to_thread(adopt_access, fresh, data.catalog):
                report.access.add(table)
        if not report.is_whole and report.accounts is not None and not force:
            discard(fresh)
            return Rebuilt(report, is_swapped=False)
        return Rebuilt(report, is_swapped=True, kept=swap(fresh, data.catalog))


async def _open_old(path: Path) -> Catalog | None:
    try:
        return await open_catalog(path)
    except CatalogUnusable:
        # That is what a rebuild is for.
        return None
