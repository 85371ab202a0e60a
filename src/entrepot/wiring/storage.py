"""Catalog and blobs, in a directory or where all replicas have them."""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from entrepot.adapters.blobs.fs import Retired, UploadLocks, UploadTurns
from entrepot.adapters.blobs.fs import open_store as open_directory
from entrepot.adapters.blobs.held import FleetHolds, HeldStore, Holds
from entrepot.adapters.blobs.tiered import CacheOptions, LevelStore, TieredStore
from entrepot.adapters.blobs.tiered import open_store as open_cache
from entrepot.adapters.catalog import CatalogUnusable, open_catalog
from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.holding import SoleHolder
from entrepot.adapters.journal import ObjectJournal, open_journal
from entrepot.adapters.secrets import FileSecrets, ObjectSecrets, Secrets
from entrepot.ports.blobs import BlobStore
from entrepot.ports.caching import CacheFigures
from entrepot.ports.catalog import Catalog
from entrepot.ports.holding import Holder
from entrepot.ports.journal import Journal
from entrepot.ports.sharing import SharedBlobStore
from entrepot.settings import Settings

from .cold import note_cold


@dataclass(frozen=True, slots=True)
class Storage:
    """What is kept, and how it is shared."""

    catalog: Catalog
    store: BlobStore
    """What serves: `base`, or a cache in front of it."""
    base: BlobStore
    """Where the bytes are; who looks after them goes there."""
    shared: SharedBlobStore | None
    """`store` again, where other processes take turns at its uploads."""
    holder: Holder
    secrets: Secrets
    journal: Callable[[], Awaitable[Journal]]
    cache: Callable[[], CacheFigures] | None = None
    """What the cache counts, where there is one."""
    levels: tuple[BlobStore, BlobStore] | None = None
    """The hot and the cold store, where there are two."""
    is_embedded: bool = True
    """Whether catalog and blobs are in the data directory, whole."""


async def open_storage(
    data: DataDirectory,
    stack: contextlib.AsyncExitStack,
    *,
    settings: Settings,
    shared: bool,
    joins: bool,
) -> Storage:
    """Open what the settings name; `stack` closes it.

    `shared` where several processes of this machine do so; all but the first of them say `joins`.
    Raises `CatalogUnusable`, `Busy`, `CatalogFailed`, ValueError or OSError.
    """
    given = settings.storage
    if shared and given.blobs and not given.catalog:
        raise CatalogUnusable(
            "several workers with blobs in a bucket need a catalog that holds their uploads: set "
            "storage.catalog to a PostgreSQL, or server.workers to 1"
        )
    catalog = await open_catalog(
        given.catalog or data.catalog, turnstile=data.turnstile if shared else None, joins=joins
    )
    stack.push_async_callback(catalog.close)
    holder = await _holder(given.catalog, stack)
    ground = await _ground(data, holder, stack, settings=settings, shared=shared)
    tiers = await _tiers(ground.store, data.path, settings)
    store, cache = tiers.store, tiers.cache
    stack.push_async_callback(store.close)
    return Storage(
        catalog=catalog,
        store=store,
        base=tiers.base,
        shared=HeldStore(store, ground.holds) if ground.holds is not None else None,
        holder=holder,
        secrets=ground.secrets,
        journal=ground.journal,
        cache=cache.figures if cache is not None else None,
        levels=(ground.store, tiers.cold) if tiers.cold is not None else None,
        is_embedded=not (given.catalog or given.blobs),
    )


async def open_place(place: str, settings: Settings) -> BlobStore:
    """Open a further store: of an URL, or of a directory. Raises ValueError or OSError."""
    if "://" not in place:
        return await open_directory(Path(place))
    # Not at the top: a directory does without the clients of clouds.
    from entrepot.adapters.blobs.objects import open_store

    return await open_store(place, settings.objects)


async def open_beside(
    place: str, settings: Settings, stack: contextlib.AsyncExitStack
) -> tuple[Secrets, Journal]:
    """Open the secrets and the journal that lie with the blobs of a place; `stack` closes them.

    Nobody else may use them. Raises ValueError or OSError.
    """
    if "://" not in place:
        data = Path(place)
        journal: Journal = await open_journal(data / "journal")
        stack.push_async_callback(journal.close)
        return FileSecrets(data / "secrets"), journal
    # Not at the top: a directory does without the clients of clouds.
    from entrepot.adapters.blobs.objects import open_store

    store = await open_store(place, settings.objects)
    stack.push_async_callback(store.close)
    made = ObjectJournal(store.bucket)
    await made.look()
    return ObjectSecrets(store.bucket, SoleHolder()), made


@dataclass(frozen=True, slots=True)
class _Ground:
    """The store where blobs begin, and what else lies with them."""

    store: BlobStore
    holds: Holds | None
    secrets: Secrets
    journal: Callable[[], Awaitable[Journal]]


async def _holder(catalog: str, stack: contextlib.AsyncExitStack) -> Holder:
    if not catalog:
        return SoleHolder()
    # Not at the top: the embedded catalog does without the driver.
    from entrepot.adapters.catalog.postgres import PostgresHolder

    holder = PostgresHolder(catalog)
    stack.push_async_callback(holder.close)
    return holder


@dataclass(frozen=True, slots=True)
class _Tiers:
    """What stands on the store where blobs begin; `store` closes all of it."""

    base: BlobStore
    store: BlobStore
    cold: BlobStore | None
    cache: TieredStore | None


async def _tiers(hot: BlobStore, data: Path, settings: Settings) -> _Tiers:
    """Open what the settings name behind and before `hot`, which is closed if that fails."""
    async with contextlib.AsyncExitStack() as opened:
        opened.push_async_callback(hot.close)
        if not settings.storage.blobs:
            note_cold(data, settings.cold.blobs)
        base, cold = hot, None
        if settings.cold.blobs:
            cold = await open_place(settings.cold.blobs, settings)
            opened.push_async_callback(cold.close)
            base = LevelStore(hot, cold)
        store, cache = base, None
        if settings.cache.dir:
            store = cache = await open_cache(base, _cache_options(settings, data))
        opened.pop_all()
    return _Tiers(base, store, cold, cache)


async def _ground(
    data: DataDirectory,
    holder: Holder,
    stack: contextlib.AsyncExitStack,
    *,
    settings: Settings,
    shared: bool,
) -> _Ground:
    if settings.storage.blobs:
        return await _in_bucket(holder, settings)
    opened = await open_directory(data.path)
    secrets, journal = FileSecrets(data.secrets), partial(open_journal, data.journal)
    if not shared:
        return _Ground(opened, None, secrets, journal)
    turns = UploadTurns(opened, UploadLocks(data.upload_holds), Retired(data.retired_uploads))
    stack.callback(turns.close)
    return _Ground(opened, turns, secrets, journal)


async def _in_bucket(holder: Holder, settings: Settings) -> _Ground:
    # Not at the top: a directory does without the clients of clouds.
    from entrepot.adapters.blobs.objects import open_store

    store = await open_store(settings.storage.blobs, settings.objects)
    objects = store.bucket

    async def journal() -> Journal:
        made = ObjectJournal(objects)
        await made.look()
        return made

    holds = FleetHolds(holder) if settings.storage.catalog else None
    return _Ground(store, holds, ObjectSecrets(objects, holder), journal)


def _cache_options(settings: Settings, data: Path) -> CacheOptions:
    given = settings.cache
    return CacheOptions(
        directory=data / given.dir,
        size_max_bytes=given.size_max_bytes,
        admit=given.admit,
        keep_pushed=given.keep_pushed,
        check_bytes_per_second=given.check_bytes_per_second,
        slots=settings.server.workers,
    )
