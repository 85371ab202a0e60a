"""Checking the data of a registry that does not run, or of a fleet that does."""

import asyncio
import contextlib
from pathlib import Path

from entrepot.adapters.catalog import CatalogUnusable
from entrepot.adapters.catalog.places import existing, users
from entrepot.adapters.datadir import DataDirectory
from entrepot.ports.upkeep import Finding
from entrepot.services.fsck import check_live, check_stopped, count_debris
from entrepot.settings import Settings, Storage
from entrepot.wiring.recovery import open_blobs

FILE = "catalog.db"
LOOKS = 10
LOOK_SECONDS = 0.2


async def inspect(path: Path, *, read: bool) -> tuple[list[Finding], int]:
    """Check a data directory that nobody uses, as `inspect_settings` does."""
    return await inspect_settings(Settings(storage=Storage(data=str(path))), read=read)


async def inspect_settings(
    settings: Settings, *, read: bool, stopped: bool = False
) -> tuple[list[Finding], int]:
    """Check what these settings name; return findings, and the number of debris.

    With `read` every blob is read and its digest compared. Of a fleet, replicas may go on, unless
    it is said to be `stopped`: then its uploads are checked too. Anything in a data directory is
    stopped in any case. Raises `DirectoryBusy` while a server runs on that, `CatalogUnusable`
    while replicas do on a stopped fleet, `CatalogFailed` where the catalog is damaged too much,
    ValueError or OSError.
    """
    given = settings.storage
    is_fleet = bool(given.catalog and given.blobs)
    async with contextlib.AsyncExitStack() as stack:
        if not is_fleet:
            stack.callback(lock(settings).close)
        elif stopped:
            await see_that_nobody_serves(given.catalog)
        catalog = await existing(given.catalog or Path(given.data) / FILE)
        stack.push_async_callback(catalog.close)
        store = await open_blobs(settings)
        stack.push_async_callback(store.close)
        check = check_live if is_fleet and not stopped else check_stopped
        findings = [finding async for finding in check(catalog, store, read=read)]
        return findings, await count_debris(catalog, store)


def lock(settings: Settings) -> DataDirectory:
    """Keep servers from a data directory that holds catalog or blobs.

    Raises FileNotFoundError if it does not, `DirectoryBusy` or OSError.
    """
    path = Path(settings.storage.data)
    held = path / "blobs" if settings.storage.catalog else path / FILE
    if not held.exists():
        raise FileNotFoundError(f"{path} holds no registry")
    return DataDirectory(path)


async def see_that_nobody_serves(url: str) -> None:
    """Raise `CatalogUnusable` while replicas use the database of a fleet."""
    for left in reversed(range(LOOKS)):
        machines = await users(url)
        if not machines:
            return
        # A connection that was closed is there for a moment more.
        await asyncio.sleep(LOOK_SECONDS if left else 0)
    raise CatalogUnusable(
        "processes of Entrepot are connected to the catalog's database, from "
        f"{', '.join(machines)}: stop all replicas first"
    )
