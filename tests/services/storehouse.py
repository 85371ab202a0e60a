"""The real services over a data directory, and a dump of its catalog."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from entrepot.adapters.blobs.fs import open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.journal import open_journal
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Fault
from entrepot.oci.manifest import Manifest
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.blobs import Blob, BlobStore
from entrepot.ports.catalog import Catalog
from entrepot.ports.journal import Journal
from entrepot.ports.trash import TrashScope
from entrepot.rules.admission import Sparse
from entrepot.rules.leases import BlobState, Grace
from entrepot.rules.quota import Limit
from entrepot.rules.tickets import KEY_BYTES, Tickets
from entrepot.services.blobs import BlobService
from entrepot.services.context import Caller
from entrepot.services.deletion import DeletionService
from entrepot.services.journal import JournalKeeper
from entrepot.services.policies import ENVIRONMENT, PolicyService
from entrepot.services.purging import PurgeService
from entrepot.services.push import Pushed, PushService
from entrepot.services.quotas import QuotaService
from entrepot.services.trash import TrashService
from entrepot.services.uploads import Chunk, UploadLimits, UploadService
from tests.services.house import Bytes, Counting, HandClock, image, index
from tests.services.test_journal import ListLog

NAMES = (RepositoryName("library/app"), RepositoryName("acme/api/web"))
CALLERS = (Caller("alice", "docker/28"), Caller("", "crane"))
TAGS = tuple(Tag(text) for text in ("v1", "v2", "latest"))
GRACE_SECONDS = 100.0


@dataclass
class Storehouse:
    """Services over files, and a chance that rules what a history does."""

    catalog: Catalog
    store: BlobStore
    journal: Journal
    clock: HandClock
    blobs: BlobService
    uploads: UploadService
    push: PushService
    deletion: DeletionService
    trash: TrashService
    purging: PurgeService
    keeper: JournalKeeper
    policies: PolicyService
    quotas: QuotaService

    async def add_blob(self, name: RepositoryName, data: bytes) -> None:
        chunk = Chunk(Bytes(data))
        caller = CALLERS[0]
        await self.uploads.finish(name, self.uploads.begin(name), caller, Digest.of(data), chunk)

    async def add_image(
        self,
        name: RepositoryName,
        tag: Tag,
        layers: list[bytes],
        caller: Caller = CALLERS[0],
        **extra: object,
    ) -> Manifest:
        for data in (b"{}", *layers):
            await self.add_blob(name, data)
        pushed = Pushed(image(layers, **extra), OCI_MANIFEST, tag)
        return (await self.push.publish(name, pushed, caller)).manifest

    async def act(self, chance: Random) -> None:
        """Do something by chance; what the registry refuses is nothing."""
        self.clock.seconds += chance.choice((0.25, 1.0, 60.0))
        name, caller, tag = chance.choice(NAMES), chance.choice(CALLERS), chance.choice(TAGS)
        number = chance.randrange(13)
        with suppress(Fault):
            if number < 6:
                await self._publish(chance, number, name, tag, caller)
            else:
                await self._change(chance, number, name, tag, caller)

    async def _publish(
        self, chance: Random, number: int, name: RepositoryName, tag: Tag, caller: Caller
    ) -> None:
        known = await self._manifests(name)
        match number:
            case 0 | 1 | 2:
                layers = [b"layer %d" % chance.randrange(6) for _ in range(chance.randrange(3))]
                note = {"n": str(chance.randrange(3))}
                await self.add_image(name, tag, layers, caller, annotations=note)
            case 3:
                raw = index([image([b"layer 0"]), *(raw for _, raw in known[:2])])
                await self.push.publish(name, Pushed(raw, OCI_INDEX, tag), caller)
            case 4 if known:
                digest, raw = chance.choice(known)
                await self.push.publish(name, Pushed(raw, "", digest, (tag,)), caller)
            case 5:
                raw = image([b"layer %d" % chance.randrange(6), b"elsewhere"])
                await self.push.publish(name, Pushed(raw, OCI_MANIFEST, tag), caller)

    async def _change(
        self, chance: Random, number: int, name: RepositoryName, tag: Tag, caller: Caller
    ) -> None:
        known = await self._manifests(name)
        match number:
            case 6:
                await self.deletion.delete(name, tag, caller)
            case 7 | 8 if known:
                await self.deletion.delete(name, chance.choice(known)[0], caller)
            case 9:
                async with self.catalog.begin() as tx:
                    entries = await tx.trash.page(TrashScope(), 0, 100)
                picked = [entry.id for entry in entries if chance.random() < 0.4]
                give = chance.random() < 0.7
                await (self.trash.restore if give else self.purging.purge)(picked, caller)
            case 10:
                await self.collect()
            case 11:
                limit = Limit(chance.choice((None, 10**6, 10**9)), chance.choice((None, 50)))
                kind, whose = chance.choice((("project", name.project), ("user", "alice")))
                await self.quotas.set_limits(kind, whose, limit, caller)
            case 12:
                wanted = chance.choice(("production", "staging", None))
                if wanted is None:
                    await self.policies.remove(name.project, ENVIRONMENT, caller)
                else:
                    document = {"environment": wanted}
                    await self.policies.put(name.project, ENVIRONMENT, document, caller)

    async def collect(self) -> None:
        """Remove what nothing holds, as a collector does."""
        async with self.catalog.begin() as tx:
            rows = await tx.rebuilding.unheld(0, 100)
        for row in rows:
            if row.keep_until >= self.clock.now():
                continue
            async with self.catalog.begin(write=True) as tx:
                await tx.blobs.set_state(row.digest, row.generation, BlobState.CONDEMNED)
            await self.store.delete(Blob(row.digest, row.generation))
            async with self.catalog.begin(write=True) as tx:
                await tx.collection.forget(row.digest, row.generation)

    async def _manifests(self, name: RepositoryName) -> list[tuple[Digest, bytes]]:
        async with self.catalog.begin() as tx:
            repository = await tx.repositories.find(name)
            stored = await tx.inspection.manifests(0, 100)
            return [
                (row.digest, row.raw)
                for row in stored
                if repository and row.raw and await tx.manifests.find(repository.id, row.digest)
            ]


@asynccontextmanager
async def open_storehouse(path: Path) -> AsyncIterator[Storehouse]:
    """Yield services over the directory; at the end the journal is up to date and all is closed."""
    async with AsyncExitStack() as stack:
        catalog = await open_catalog(path / "catalog.db")
        stack.push_async_callback(catalog.close)
        store = await open_store(path)
        stack.push_async_callback(store.close)
        journal = await open_journal(path / "journal", segment_max_bytes=2000)
        stack.push_async_callback(journal.close)
        async with storehouse_over(catalog, store, journal) as house:
            yield house


@asynccontextmanager
async def storehouse_over(
    catalog: Catalog, store: BlobStore, journal: Journal
) -> AsyncIterator[Storehouse]:
    """Yield services over these; at the end the journal is up to date, and they stay open."""
    clock, chance = HandClock(), Counting()
    async with AsyncExitStack() as stack:
        blobs = BlobService(
            catalog, store, clock, chance, grace=Grace(GRACE_SECONDS, slack_seconds=0.0)
        )
        tickets = Tickets(bytes(KEY_BYTES))
        uploads = UploadService(
            catalog, store, clock, chance, blobs=blobs, limits=UploadLimits(), tickets=tickets
        )
        stack.push_async_callback(uploads.close)
        deletion = DeletionService(catalog, clock, blobs=blobs, keep_days=1.0)
        policies = PolicyService(catalog, clock)
        quotas = QuotaService(catalog, clock, project_bytes=10**12)
        keeper = JournalKeeper(catalog, journal, clock, ListLog())
        yield Storehouse(
            catalog=catalog,
            store=store,
            journal=journal,
            clock=clock,
            blobs=blobs,
            uploads=uploads,
            push=PushService(catalog, clock, blobs=blobs, sparse=Sparse.ALL, quotas=quotas),
            deletion=deletion,
            trash=TrashService(catalog, clock),
            purging=PurgeService(catalog, clock, deletion=deletion),
            keeper=keeper,
            policies=policies,
            quotas=quotas,
        )
        await keeper.follow()


_DUMP = {
    "manifests": "SELECT r.name, m.digest, media_type, artifact_type, size, subject, annotations, "
    "pushed_at, raw FROM manifests m JOIN repositories r ON r.id = m.repository_id "
    "JOIN manifest_bytes b ON b.digest = m.digest",
    "edges": "SELECT r.name, m.digest, target, kind FROM edges e JOIN manifests m "
    "ON m.id = e.manifest_id JOIN repositories r ON r.id = e.repository_id",
    "tags": "SELECT r.name, t.name, m.digest, moved_at FROM tags t JOIN manifests m "
    "ON m.id = t.manifest_id JOIN repositories r ON r.id = t.repository_id",
    "history": "SELECT r.name, tag, rank() OVER (PARTITION BY repository_id, tag ORDER BY h.id), "
    '"before", "after", at, actor, client FROM tag_history h '
    "JOIN repositories r ON r.id = h.repository_id",
    "trash": "SELECT t.id, r.name, batch, kind, digest, tags, media_type, size, pushed_at, "
    "pushed_by, raw, deleted_at, purge_at, actor, client, reason FROM trash t "
    "JOIN repositories r ON r.id = t.repository_id",
    "holds": "SELECT trash_id, target FROM trash_holds",
    "ledgers": "SELECT kind, name, used_bytes, manifests, limit_bytes, limit_manifests "
    "FROM ledgers WHERE manifests > 0 OR limit_bytes >= 0 OR limit_manifests >= 0",
    "policies": "SELECT * FROM policies",
    "charges": "SELECT l.kind, l.name, digest, holds FROM charges c "
    "JOIN ledgers l ON l.id = c.ledger_id",
    "links": "SELECT DISTINCT r.name, l.digest FROM repository_blobs l "
    "JOIN repositories r ON r.id = l.repository_id "
    "JOIN edges e ON e.repository_id = l.repository_id AND e.target = l.digest "
    "WHERE e.kind = 'blob'",
    "blobs": "SELECT DISTINCT b.digest, b.generation, b.state, b.size FROM blobs b "
    "WHERE EXISTS (SELECT 1 FROM edges e WHERE e.target = b.digest AND e.kind != 'sparse')",
    "accounts": "SELECT * FROM accounts",
}


def dump(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that a catalog says, without numbers that only it knows."""
    with closing(sqlite3.connect(path)) as raw:
        return {
            name: sorted(raw.execute(text).fetchall(), key=repr) for name, text in _DUMP.items()
        }
