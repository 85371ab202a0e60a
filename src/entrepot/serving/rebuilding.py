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
from entrepot.ports.catalog import Catalog
from entrepot.services.rebuild import Report
from entrepot.settings import Settings, Storage

from .refounding import refound, remake


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of it: `kept` is the old catalog; it still serves unless `is_swapped`."""

    report: Report
    is_swapped: bool
    kept: Path | None = None


async def rebuild(path: Path, *, read: bool, force: bool) -> Rebuilt:
    """Make the catalog in `path` anew, as `rebuild_settings` does."""
    settings = Settings(storage=Storage(data=str(path)))
    return await rebuild_settings(settings, read=read, force=force)


async def rebuild_settings(
    settings: Settings, *, read: bool, force: bool, old: str = ""
) -> Rebuilt:
    """Make the catalog that these settings name anew, from journal and blobs.

    One in the data directory takes the place of the old one, which is kept. If something is lost
    and the old catalog can still be read, that stays, unless `force`. For one on PostgreSQL see
    `refound`; `old` is for that alone. Raises `DirectoryBusy` while a server runs on the data
    directory, `CatalogUnusable`, `CatalogFailed`, ValueError or OSError.
    """
    if settings.storage.catalog:
        report = await refound(settings, old, read=read, force=force)
        return Rebuilt(report, is_swapped=not old or force or report.is_whole)
    if old:
        raise ValueError(
            "the old catalog is that in the data directory: --old-catalog is for one that goes "
            "into an empty PostgreSQL"
        )
    path = Path(settings.storage.data)
    if not (settings.storage.blobs or (path / "blobs").is_dir()):
        raise FileNotFoundError(f"{path} holds no registry")
    data = DataDirectory(path)
    fresh = begin_anew(data.catalog)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(data.close)
        async with contextlib.AsyncExitStack() as opened:
            before = await _open_old(data.catalog) if data.catalog.exists() else None
            if before is not None:
                opened.push_async_callback(before.close)
            report = await remake(fresh, settings, before, read=read)
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
