"""Replaying events: what each did is done again, in a catalog made anew.

The blobs that the store has are rows already (`services/rebuild`). What an event needs and the
store has not is written down as lost, and forgotten again if a later event deletes it anyway.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Fault
from entrepot.oci.manifest import Manifest, parse
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.blobs import BlobStore
from entrepot.ports.catalog import EDGE_SPARSE, Catalog, Event, ManifestRow, Repository, TagMove, Tx
from entrepot.ports.policies import PolicyRow
from entrepot.ports.trash import KIND_MANIFEST, KIND_TAG, TrashEntry
from entrepot.rules.admission import Facts
from entrepot.rules.leases import BlobRow, BlobState
from entrepot.rules.notifications.kinds import NOTICES

from .events import (
    BLOB_DELETED,
    MANIFEST_DELETED,
    MANIFEST_PUBLISHED,
    MANIFEST_RESTORED,
    POLICY_CHANGED,
    POLICY_REMOVED,
    QUOTA_CHANGED,
    TAG_DELETED,
    TAG_MOVED,
    TRASH_PURGED,
)
from .holding import Entry, enter, leave
from .readahead import Documents

BRINGS_MANIFEST = frozenset({MANIFEST_PUBLISHED, MANIFEST_RESTORED, TAG_MOVED})
SETS = frozenset({POLICY_CHANGED, POLICY_REMOVED, QUOTA_CHANGED})


class _Facts(msgspec.Struct, rename="camel"):
    actor: str = ""
    client: str = ""
    digest: str = ""
    media_type: str = ""
    size: int = 0
    tags: list[str] = []
    tag: str = ""
    sparse: list[str] = []
    """What a manifest names and was not there when it came."""
    came: list[str] = []
    """What of that had come when it was deleted."""
    batch: str = ""
    trash: int = 0
    reason: str = ""
    purge_at: float = 0.0
    pushed_at: float = 0.0
    pushed_by: str = ""


class _Setting(msgspec.Struct, rename="camel"):
    """What an event says of a project's policy, or of a quota."""

    actor: str = ""
    kind: str = ""
    project: str = ""
    document: str | None = None
    name: str = ""
    limit_bytes: int | None = None
    limit_manifests: int | None = None


_SETTING = msgspec.json.Decoder(_Setting)
_FACTS = msgspec.json.Decoder(_Facts)


@dataclass(frozen=True, slots=True)
class LostManifest:
    """What the events tell of a manifest whose bytes are not there."""

    media_type: str
    size: int
    pushed_at: float
    tags: set[Tag] = field(default_factory=set)


@dataclass(slots=True)
class Lost:
    """What was told of and is not there, as of the event replayed last."""

    manifests: dict[tuple[RepositoryName, Digest], LostManifest] = field(default_factory=dict)
    """With the tags that point at them."""
    trash: dict[int, str] = field(default_factory=dict)
    """Entries that cannot be restored any more, by id."""
    events: int = 0
    """Events of kinds that are unknown here, or that cannot be read."""


@dataclass(frozen=True, slots=True)
class _Told:
    """One event, read."""

    event: Event
    facts: _Facts
    digest: Digest
    repository: Repository

    def move(self, tag: Tag, before: Digest | None, after: Digest | None) -> TagMove:
        return TagMove(tag, before, after, self.event.at, self.facts.actor, self.facts.client)


class Replay:
    """Does events again, in order; one transaction each, as it was."""

    def __init__(
        self, catalog: Catalog, store: BlobStore, *, keep_until: float, now: float
    ) -> None:
        self._catalog = catalog
        self._documents = Documents(catalog, store)
        self._keep_until = keep_until
        self._now = now
        self.lost = Lost()

    async def look_ahead(self, events: Iterable[Event]) -> None:
        """Read the manifests that these events bring, before they are done again one by one."""
        named = [named_by(event) for event in events if event.kind in BRINGS_MANIFEST]
        await self._documents.look_ahead(digest for digest in named if digest is not None)

    async def apply(self, event: Event) -> None:
        """Do one event again. Nothing of it needs be durable yet."""
        if event.kind in NOTICES:
            return
        if event.kind in SETS:
            await self._set(event)
            return
        facts = _facts_of(event)
        digest = _digest_of(facts)
        if facts is None or digest is None:
            self.lost.events += 1
            return
        manifest = None
        if event.kind in BRINGS_MANIFEST:
            manifest = await self.manifest(digest, facts.media_type)
        async with self._catalog.begin(write=True, durable=False) as tx:
            repository = await tx.repositories.ensure(event.repository, event.at)
            told = _Told(event, facts, digest, repository)
            if event.kind in BRINGS_MANIFEST:
                await self._come(tx, told, manifest)
            elif event.kind == MANIFEST_DELETED:
                await self._go(tx, told)
            elif event.kind == TAG_DELETED:
                await self._drop_tag(tx, told)
            elif event.kind == TRASH_PURGED:
                self.lost.trash.pop(facts.trash, None)
                await tx.trash.remove(facts.trash)
            elif event.kind == BLOB_DELETED:
                await tx.blobs.unlink(repository.id, digest)
            else:
                self.lost.events += 1

    async def _set(self, event: Event) -> None:
        try:
            told = _SETTING.decode(event.payload)
        except msgspec.DecodeError:
            self.lost.events += 1
            return
        async with self._catalog.begin(write=True, durable=False) as tx:
            if event.kind == QUOTA_CHANGED:
                ledger = await tx.ledgers.ensure(told.kind, told.name)
                await tx.ledgers.set_limits(ledger.id, told.limit_bytes, told.limit_manifests)
            elif event.kind == POLICY_REMOVED or told.document is None:
                await tx.policies.remove(told.project, told.kind)
            else:
                await tx.policies.put(
                    PolicyRow(told.project, told.kind, told.document, event.at, told.actor)
                )

    async def manifest(self, digest: Digest, media_type: str) -> Manifest | None:
        """Return the manifest from the store; None where its bytes are not there, or not right."""
        async with self._catalog.begin() as tx:
            row = await tx.blobs.find(digest)
        raw = await self.read(row) if row is not None else None
        if raw is None:
            return None
        try:
            return parse(raw, media_type, digest.algorithm)
        except Fault:
            return None

    async def read(self, row: BlobRow) -> bytes | None:
        """Return the bytes of a small blob if they have its digest."""
        return await self._documents.read(row)

    async def _come(self, tx: Tx, told: _Told, manifest: Manifest | None) -> None:
        row = await tx.manifests.find(told.repository.id, told.digest)
        manifest_id = row.id if row else None
        if manifest_id is None and manifest is not None:
            manifest_id = await self._enter(tx, told, manifest)
        if manifest_id is None:
            facts, at = told.facts, told.event.at
            lost = LostManifest(facts.media_type, facts.size, facts.pushed_at or at)
            self.lost.manifests.setdefault((told.repository.name, told.digest), lost)
        for tag in (Tag(text) for text in told.facts.tags):
            await self._point(tx, told, tag, manifest_id)
        if told.facts.trash:
            self.lost.trash.pop(told.facts.trash, None)
            await tx.trash.remove(told.facts.trash)

    async def _enter(self, tx: Tx, told: _Told, manifest: Manifest) -> int:
        facts, event = told.facts, told.event
        repository = told.repository
        restored = event.kind == MANIFEST_RESTORED
        absent = set(facts.sparse)
        children: dict[Digest, int] = {}
        blobs: dict[Digest, int] = {}
        documents: set[Digest] = set()
        for descriptor in manifest.references():
            digest, size = descriptor.digest, descriptor.size
            if digest in absent:
                continue
            is_child = descriptor in manifest.children
            document = await tx.manifests.find(repository.id, digest)
            if is_child and (document is not None or descriptor.is_manifest):
                children[digest] = size
            else:
                blobs[digest] = size
            if document is not None and digest in blobs:
                documents.add(digest)
            await self._hold(tx, digest, size)
            if document is None and digest in blobs:
                await tx.blobs.link(repository.id, digest, event.at)
        entry = Entry(
            name=repository.name,
            repository_id=repository.id,
            manifest=manifest,
            facts=Facts(blobs, children, frozenset(documents)),
            pushed_at=facts.pushed_at if restored else event.at,
            pushed_by=facts.pushed_by if restored else facts.actor,
        )
        manifest_id, _ = await enter(tx, entry)
        self.lost.manifests.pop((repository.name, told.digest), None)
        return manifest_id

    async def _hold(self, tx: Tx, digest: Digest, size: int) -> None:
        """See that there is a row of this size; one that awaits its bytes if they are not right."""
        row = await tx.blobs.find(digest)
        if row is None:
            row = await tx.blobs.arrive(digest, size, self._keep_until)
            await tx.damages.report(digest, row.generation, "its bytes are missing", self._now)
        elif row.size != size and row.state is BlobState.LIVE:
            wrong = f"it has {row.size} bytes instead of {size}"
            await tx.rebuilding.adopt(
                BlobRow(digest, row.generation, BlobState.ARRIVING, size, row.keep_until)
            )
            await tx.damages.report(digest, row.generation, wrong, self._now)

    async def _point(self, tx: Tx, told: _Told, tag: Tag, manifest_id: int | None) -> None:
        before = await self._before(tx, told.repository, tag)
        await tx.tags.move(told.repository.id, manifest_id, told.move(tag, before, told.digest))
        if manifest_id is None:
            self.lost.manifests[told.repository.name, told.digest].tags.add(tag)

    async def _before(self, tx: Tx, repository: Repository, tag: Tag) -> Digest | None:
        """Return where the tag was, also where what it pointed at is lost."""
        moves = await tx.tags.history(repository.id, tag, 1)
        before = moves[0].after if moves else None
        lost = self.lost.manifests.get((repository.name, before)) if before else None
        if lost is not None:
            lost.tags.discard(tag)
        return before

    async def _drop_tag(self, tx: Tx, told: _Told) -> None:
        tag = Tag(told.facts.tag)
        known = await tx.manifests.by_tag(told.repository.id, tag)
        row = known or self.lost.manifests.get((told.repository.name, told.digest))
        await self._before(tx, told.repository, tag)
        await tx.tags.move(told.repository.id, None, told.move(tag, told.digest, None))
        if told.facts.trash and row is not None:
            await _throw(tx, told, _entry(told, KIND_TAG, row, (tag,), ""), None, [])

    async def _go(self, tx: Tx, told: _Told) -> None:
        tags = tuple(Tag(text) for text in told.facts.tags)
        for tag in tags:
            await tx.tags.move(told.repository.id, None, told.move(tag, told.digest, None))
        row = await tx.manifests.find(told.repository.id, told.digest)
        if row is None:
            self.lost.manifests.pop((told.repository.name, told.digest), None)
            if told.facts.trash:
                what = f"{told.repository.name.wire}@{told.digest}"
                self.lost.trash[told.facts.trash] = what
            return
        raw = await tx.manifests.raw(told.digest)
        came = set(told.facts.came)
        edges = await tx.manifests.edges(row.id)
        holds = [edge.target for edge in edges if edge.kind != EDGE_SPARSE or edge.target in came]
        _, pushed_by = await leave(tx, row)
        if told.facts.trash:
            await _throw(tx, told, _entry(told, KIND_MANIFEST, row, tags, pushed_by), raw, holds)


def named_by(event: Event) -> Digest | None:
    """Return the digest that an event is about, or None."""
    return _digest_of(_facts_of(event))


def _facts_of(event: Event) -> _Facts | None:
    try:
        return _FACTS.decode(event.payload)
    except msgspec.DecodeError:
        return None


def _digest_of(facts: _Facts | None) -> Digest | None:
    try:
        return Digest.parse(facts.digest) if facts is not None else None
    except Fault:
        return None


def _entry(
    told: _Told, kind: str, row: ManifestRow | LostManifest, tags: tuple[Tag, ...], pushed_by: str
) -> TrashEntry:
    facts = told.facts
    return TrashEntry(
        id=0,
        batch=facts.batch,
        repository_id=told.repository.id,
        repository=told.repository.name,
        kind=kind,
        digest=told.digest,
        tags=tags,
        media_type=row.media_type,
        size=row.size,
        pushed_at=row.pushed_at,
        pushed_by=pushed_by,
        deleted_at=told.event.at,
        purge_at=facts.purge_at,
        actor=facts.actor,
        client=facts.client,
        reason=facts.reason,
    )


async def _throw(
    tx: Tx, told: _Told, entry: TrashEntry, raw: bytes | None, holds: list[Digest]
) -> None:
    # Ids only grow, in the order of events: the entry gets the one it had.
    await tx.rebuilding.skip_trash(told.facts.trash - 1)
    await tx.trash.add(entry, raw, holds)
