"""All blobs into another store, by the running server's job or by a command."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from entrepot.adapters.datadir import DataDirectory
from entrepot.adapters.secrets import Secrets
from entrepot.adapters.system import SystemClock, SystemRandom
from entrepot.oci.errors import Code, Fault
from entrepot.ports.blobs import BlobStore
from entrepot.ports.catalog import Event, Tx
from entrepot.ports.journal import Journal
from entrepot.services.migrating import Migrated, MigrationService
from entrepot.settings import Settings
from entrepot.wiring.outside import MASTER_KEYS, UPLOAD_KEY, Outside
from entrepot.wiring.storage import Storage, open_beside, open_place, open_storage

Tell = Callable[[str], None]

JOURNAL_BATCH = 1000
"""Events of the journal that are copied together."""


@dataclass(slots=True)
class _Command:
    """A run of no job: nobody ends it but a signal, and it goes on by looking at the target."""

    args: dict[str, Any]
    tell: Tell
    progress: dict[str, Any] = field(default_factory=dict)

    async def save(self, tx: Tx, progress: dict[str, Any]) -> None:
        del tx
        self.progress = progress

    async def pause(self) -> None:
        """Nobody else needs the time."""

    async def log(self, text: str) -> None:
        self.tell(text)


def migration_service(settings: Settings, outside: Outside) -> MigrationService:
    """Return the handler of the server's jobs."""
    return MigrationService(
        outside.catalog,
        outside.base,
        target=_targets(settings),
        clock=outside.clock,
        random=outside.random,
    )


async def migrate_stopped(settings: Settings, args: dict[str, Any], tell: Tell) -> Migrated:
    """Copy the blobs of a registry that does not run; `args` are those of the job.

    Once all are there, the secrets and the journal that lie with them come along.

    Raises `DirectoryBusy` while a server runs on its data directory, `Fault`, `CatalogFailed`,
    `CatalogUnusable` or OSError.
    """
    path = Path(settings.storage.data)
    if not settings.storage.catalog and not (path / "catalog.db").exists():
        raise FileNotFoundError(f"{path} holds no registry")
    data = DataDirectory(path)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(data.close)
        storage = await open_storage(data, stack, settings=settings, shared=False, joins=False)
        service = MigrationService(
            storage.catalog,
            storage.base,
            target=_targets(settings),
            clock=SystemClock(),
            random=SystemRandom(),
        )
        done = await service.migrate(_Command(args, tell))
        if done.is_settled:
            await _bring_along(storage, await open_beside(args["to"], settings, stack))
        return done


async def _bring_along(storage: Storage, target: tuple[Secrets, Journal]) -> None:
    """Copy secrets and journal; `Fault(REQUEST_INVALID)` if the target has other secrets."""
    secrets, journal = target
    for name in (MASTER_KEYS, UPLOAD_KEY):
        ours = await storage.secrets.find(name)
        if ours is not None and await secrets.ensure(name, partial(bytes, ours)) != ours:
            raise Fault(
                Code.REQUEST_INVALID,
                f"the target has a {name} of its own, as if a server had been started on it: "
                f"remove secrets/{name} there, and run this again",
            )
    source = await storage.journal()
    try:
        batch: list[Event] = []
        async for event in source.events(journal.last):
            if isinstance(event, Event):
                batch.append(event)
            if len(batch) == JOURNAL_BATCH:
                await journal.append(batch)
                batch = []
        if batch:
            await journal.append(batch)
    finally:
        await source.close()


def _targets(
    settings: Settings,
) -> Callable[[str], contextlib.AbstractAsyncContextManager[BlobStore]]:
    """Return what opens the stores that blobs may go to."""

    @contextlib.asynccontextmanager
    async def opened(to: str) -> AsyncIterator[BlobStore]:
        given = settings.storage
        if to == given.blobs or (not given.blobs and _is_same(to, given.data)):
            raise ValueError(f"the blobs are in {to} already: name another place")
        store = await open_place(to, settings)
        try:
            yield store
        finally:
            await store.close()

    return opened


def _is_same(one: str, other: str) -> bool:
    return "://" not in one and Path(one).resolve() == Path(other).resolve()
