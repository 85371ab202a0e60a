"""Checking the data of a registry that does not run."""

import contextlib
from pathlib import Path

from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.datadir import DataDirectory
from entrepot.ports.upkeep import Finding
from entrepot.services.fsck import check_stopped, count_debris
from entrepot.wiring.cold import open_stopped


async def inspect(path: Path, *, read: bool) -> tuple[list[Finding], int]:
    """Check the data of a stopped registry; return findings, and the number of debris.

    With `read` every blob is read and its digest compared. Raises `DirectoryBusy` while a server
    runs on it, `CatalogUnusable`, `CatalogFailed` where it is damaged too much, or OSError.
    """
    if not (path / "catalog.db").exists():
        raise FileNotFoundError(f"{path} holds no registry")
    data = DataDirectory(path)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(data.close)
        catalog = await open_catalog(data.catalog)
        stack.push_async_callback(catalog.close)
        store = await open_stopped(data.path)
        stack.push_async_callback(store.close)
        findings = [finding async for finding in check_stopped(catalog, store, read=read)]
        return findings, await count_debris(catalog, store)
