"""Backups of a data directory, and data directories from backups."""

import contextlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

from entrepot.adapters.blobs.fs import FsReplica, FsReplicas
from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.catalog.snapshot import snapshot
from entrepot.adapters.catalog.swapping import discard
from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.shelf import DirectoryShelf, copy_file, copy_folders
from entrepot.adapters.system import SystemClock
from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog
from entrepot.services.backup import BackupService, Copied, Parts, restore
from entrepot.settings import Settings
from entrepot.wiring.cold import noted_cold

RESTORING = "catalog.db.restoring"


def parts_of(data: Path, *, links: bool = True) -> Callable[[str], Parts]:
    """Return what a backup of this data directory is made of, by target.

    Without `links` blobs are copied even where a hard link would do.
    """

    def parts(target: str) -> Parts:
        shelf = DirectoryShelf(data, Path(target))
        copy = Path(shelf.catalog)
        return Parts(
            shelf=shelf,
            replica=FsReplicas(
                [FsReplica(place, Path(target), links=links) for place in _places(data)]
            ),
            snapshot=partial(snapshot, data / "catalog.db", copy),
            open=partial(_opened, copy),
        )

    return parts


def _places(data: Path) -> list[Path]:
    """Return the directories that blobs lie in; `Fault(UNSUPPORTED)` if some lie elsewhere."""
    cold = noted_cold(data)
    if "://" in cold:
        raise Fault(
            Code.UNSUPPORTED,
            f"some blobs are in {cold}, and would not be in the backup: back that up by its own "
            "means, and the data directory by snapshots of its file system",
        )
    return [data, Path(cold)] if cold else [data]


async def backup_settings(settings: Settings, target: Path, *, links: bool) -> Copied:
    """Back up a registry that does not run, as `backup_stopped`.

    Raises `Fault(UNSUPPORTED)` where catalog or blobs are not in the data directory.
    """
    if settings.storage.catalog or settings.storage.blobs:
        raise elsewhere(settings)
    return await backup_stopped(Path(settings.storage.data), target, links=links)


def elsewhere(settings: Settings) -> Fault:
    """Return what to say where catalog or blobs are not in the data directory.

    Bytes are there before their row, and go after it: so of a catalog and a later copy of the
    store all blobs are there, unless they were collected in between.
    """
    given = settings.storage
    catalog = "PostgreSQL (pg_dump, or a base backup with WAL)" if given.catalog else "the catalog"
    blobs = "the bucket (a copy, or its versioning)" if given.blobs else "the data directory"
    return Fault(
        Code.UNSUPPORTED,
        "catalog or blobs are not in the data directory: back them up with their own tools, first "
        f"{catalog}, then {blobs}. In this order all blobs of the catalog are in the copy, in the "
        "other one some may lack; docs/scale.md has the steps",
    )


async def backup_stopped(path: Path, target: Path, *, links: bool) -> Copied:
    """Back up a registry that does not run.

    Raises `DirectoryBusy` while it does, `Fault`, `CatalogFailed`, `CatalogUnusable` or OSError.
    """
    if not (path / "catalog.db").exists():
        raise FileNotFoundError(f"{path} holds no registry")
    data = DataDirectory(path)
    try:
        service = BackupService(SystemClock(), parts_of(data.path, links=links))
        return await service.backup(str(target), _nothing)
    finally:
        data.close()


async def restore_backup(source: Path, path: Path, *, links: bool) -> tuple[list[str], Copied]:
    """Make a data directory from a backup; return files that are not as they were, and the rest.

    The directory is new or empty, or one that an earlier restore began. The catalog gets its name
    last. Raises FileExistsError for another, `Fault` for a backup that is not complete,
    `DirectoryBusy`, `CatalogUnusable` or OSError.
    """
    shelf = DirectoryShelf(path, source)
    changed = await shelf.check()
    if not is_free(path):
        raise FileExistsError(f"{path} is not empty: name a new directory with --data")
    data = DataDirectory(path)
    try:
        copy = data.path / RESTORING
        discard(copy)
        copy_file(Path(shelf.catalog), copy)
        copy_folders(source, data.path)
        replica = FsReplica(source, data.path, links=links)
        parts = Parts(shelf, replica, _nothing, partial(_opened, copy))
        copied = await restore(parts, _nothing, SystemClock().now())
        copy.replace(data.catalog)
        return changed, copied
    finally:
        data.close()


def is_free(path: Path) -> bool:
    """Whether a restore may write there: nothing is, or what an earlier one began."""
    return not path.exists() or (path / RESTORING).exists() or not any(path.iterdir())


@contextlib.asynccontextmanager
async def _opened(path: Path) -> AsyncIterator[Catalog]:
    catalog = await open_catalog(path)
    try:
        yield catalog
    finally:
        await catalog.close()


async def _nothing() -> None:
    """Nobody waits for a sign of life."""
