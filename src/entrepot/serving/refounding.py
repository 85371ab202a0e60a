"""A catalog made anew: in a file, and from there into the database of a fleet."""

import contextlib
from pathlib import Path

from entrepot.adapters.catalog import CatalogUnusable, open_catalog
from entrepot.adapters.catalog.adopting import adopt_access_of
from entrepot.adapters.catalog.places import existing, is_free, is_server, reading, writing
from entrepot.adapters.catalog.swapping import begin_anew, discard
from entrepot.adapters.catalog.transfer import transfer
from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.system import SystemClock
from entrepot.ports.catalog import Catalog, CatalogFailed
from entrepot.rules.leases import Grace
from entrepot.services.rebuild import RebuildService, Report
from entrepot.settings import Settings
from entrepot.wiring.recovery import open_blobs
from entrepot.wiring.storage import open_beside

from .inspection import see_that_nobody_serves

HOLDS_ONE = (
    "the database holds a catalog already, and nothing was changed: name an empty database, or a "
    "new schema with ?search_path=NAME, and the old one with --old-catalog if it can be read; if "
    "this one is worth nothing, drop and create it"
)
WENT_ON = (
    "the journal in the bucket went on meanwhile, as a replica still serves: stop all replicas, "
    "then run this again; the database is empty"
)
OLD_AWAY = (
    "the old catalog does not answer any more, and nothing was changed: run this again, or without "
    "--old-catalog if accounts and all of access are to be lost"
)


class _NotWhole(Exception):
    """Something would be lost; undoes what was begun."""


async def remake(fresh: Path, settings: Settings, old: Catalog | None, *, read: bool) -> Report:
    """Make a catalog in the file `fresh`, from the journal and the blobs of these settings.

    Raises `CatalogUnusable` if somebody wrote meanwhile, `CatalogFailed`, ValueError or OSError.
    """
    place = settings.storage.blobs or settings.storage.data
    async with contextlib.AsyncExitStack() as stack:
        store = await open_blobs(settings)
        stack.push_async_callback(store.close)
        _, journal = await open_beside(place, settings, stack)
        catalog = await open_catalog(fresh)
        stack.push_async_callback(catalog.close)
        service = RebuildService(catalog, store, journal, SystemClock(), grace=Grace())
        report = await service.rebuild(old=old, read=read)
        if settings.storage.blobs:
            # Nobody else has a data directory that is locked; a bucket is open to all.
            _, again = await open_beside(place, settings, stack)
            if again.last != journal.last:
                raise CatalogUnusable(WENT_ON)
        return report


async def refound(settings: Settings, old: str, *, read: bool, force: bool) -> Report:
    """Fill the empty database of a fleet, all at once or not at all.

    It is made in a file of the data directory first, which needs the room. Replicas that start on
    the database wait meanwhile. `old` is the URL or file of a catalog to take accounts, access and
    schedules from, "" for none; with it nothing is filled in if something is lost, unless `force`.
    Raises `CatalogUnusable` for a database that is not empty, or an old one that is in use;
    `DirectoryBusy`, `CatalogFailed`, `Busy`, `TransferFailed`, ValueError or OSError.
    """
    url = settings.storage.catalog
    if not await is_free(url):
        raise CatalogUnusable(HOLDS_ONE)
    if is_server(old):
        await see_that_nobody_serves(old)
    data = DataDirectory(Path(settings.storage.data))
    with contextlib.ExitStack() as stack:
        stack.callback(data.close)
        fresh = begin_anew(data.catalog)
        stack.callback(discard, fresh)
        try:
            # First of all: from here on no replica makes this database a registry of its own.
            async with writing(url) as target:
                report = await _remake_with(fresh, settings, old, read=read)
                if old and not report.is_whole and not force:
                    raise _NotWhole
                async with reading(fresh) as moment:
                    await transfer(moment, target, _nobody)
        except _NotWhole:
            pass
    return report


async def _remake_with(fresh: Path, settings: Settings, old: str, *, read: bool) -> Report:
    """Make the catalog in `fresh`, with what only an old one knows."""
    if not old:
        return await remake(fresh, settings, None, read=read)
    async with contextlib.AsyncExitStack() as stack:
        before = await existing(old)
        stack.push_async_callback(before.close)
        report = await remake(fresh, settings, before, read=read)
    if report.accounts is None:
        raise CatalogFailed(OLD_AWAY)
    if is_server(old):
        await see_that_nobody_serves(old)
    async with reading(old) as moment:
        await adopt_access_of(fresh, moment)
    return report


def _nobody(table: str, rows: int) -> None:
    """Nobody listens."""
    del table, rows
