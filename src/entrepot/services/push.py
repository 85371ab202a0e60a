"""Pushing manifests: one transaction for manifest, edges, tags and event."""

from collections.abc import Callable
from dataclasses import dataclass

from entrepot.oci.digest import DEFAULT_ALGORITHM, Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.manifest import Manifest, parse
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference, Tag
from entrepot.ports.catalog import (
    EDGE_BLOB,
    EDGE_CHILD,
    EDGE_SELF,
    EDGE_SPARSE,
    Catalog,
    Edge,
    Event,
    TagMove,
    Tx,
)
from entrepot.ports.clock import Clock
from entrepot.rules.admission import Facts, Sparse, decide
from entrepot.rules.leases import BlobRow

from .blobs import BlobService
from .context import Caller
from .events import MANIFEST_PUBLISHED, TAG_MOVED, payload
from .pull import manifest_row


@dataclass(frozen=True, slots=True)
class Precondition:
    """What the tag must point at before the push (RFC 9110 sections 13.1.1 and 13.1.2)."""

    matches: frozenset[Digest] | None = None
    """One of these; None for no such wish, and empty for "whatever is there, but something"."""
    absent: bool = False
    """The tag must not exist yet."""
    differs: frozenset[Digest] = frozenset()
    """None of these."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """A manifest to publish, as it came in."""

    raw: bytes
    media_type: str
    reference: Reference
    tags: tuple[Tag, ...] = ()
    """Further tags to set, for a push by digest."""
    precondition: Precondition | None = None


@dataclass(frozen=True, slots=True)
class _Publication:
    """What one transaction publishes; `stored` is the row of new bytes, None for known ones."""

    name: RepositoryName
    manifest: Manifest
    pushed: Pushed
    caller: Caller
    stored: BlobRow | None


class PushService:
    """Publishes manifests and indexes."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        *,
        blobs: BlobService,
        sparse: Sparse = Sparse.OFF,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._blobs = blobs
        self._sparse = sparse

    async def publish(self, name: RepositoryName, pushed: Pushed, caller: Caller) -> Manifest:
        """Make a manifest part of the repository and point its tags at it, all or nothing.

        Raises `Fault`: MANIFEST_INVALID, DIGEST_INVALID, MANIFEST_BLOB_UNKNOWN, PRECONDITION.
        """
        manifest = _checked(pushed)
        if not await self._known(name, manifest):
            # The bytes lie in the store too, so that the catalog can be rebuilt from it.
            raw = _Whole(manifest.raw)
            stored = await self._blobs.put(manifest.digest, raw, len(manifest.raw))
        else:
            stored = None
        async with self._catalog.begin(write=True) as tx:
            await self._publish(tx, _Publication(name, manifest, pushed, caller, stored))
        return manifest

    async def _known(self, name: RepositoryName, manifest: Manifest) -> bool:
        """Whether the repository has it; refuses early what cannot be admitted."""
        async with self._catalog.begin() as tx:
            repository = await tx.repositories.find(name)
            repository_id = repository.id if repository else 0
            if await tx.manifests.find(repository_id, manifest.digest):
                return True
            _raise(decide(manifest, await _facts(tx, repository_id, manifest), self._sparse))
            return False

    async def _publish(self, tx: Tx, what: _Publication) -> None:
        now = self._clock.now()
        manifest = what.manifest
        repository = await tx.repositories.ensure(what.name, now)
        await _check_precondition(tx, repository.id, what.pushed)
        row = await tx.manifests.find(repository.id, manifest.digest)
        manifest_id = row.id if row else await self._enter(tx, repository.id, what, now)
        moved = []
        for tag in _tags(what.pushed):
            before = await tx.tags.find(repository.id, tag)
            if before != manifest.digest:
                caller = what.caller
                move = TagMove(tag, before, manifest.digest, now, caller.actor, caller.client)
                await tx.tags.move(repository.id, manifest_id, move)
                moved.append(tag)
        if row is None or moved:
            facts = payload(
                what.caller,
                digest=manifest.digest,
                mediaType=manifest.media_type,
                size=len(manifest.raw),
                tags=[*moved],
            )
            # One event for each committed change, never more (I9).
            kind = TAG_MOVED if row else MANIFEST_PUBLISHED
            await tx.outbox.append(Event(kind, what.name, facts, now))

    async def _enter(self, tx: Tx, repository_id: int, what: _Publication, now: float) -> int:
        if what.stored is None:
            raise Fault(Code.UNAVAILABLE, "the manifest was deleted meanwhile: push it again")
        facts = await _facts(tx, repository_id, what.manifest)
        _raise(decide(what.manifest, facts, self._sparse))
        await self._blobs.settle(tx, what.stored)
        return await _add(tx, repository_id, what.manifest, facts, now)


def _checked(pushed: Pushed) -> Manifest:
    wanted = pushed.reference if isinstance(pushed.reference, Digest) else None
    algorithm = wanted.algorithm if wanted else DEFAULT_ALGORITHM
    manifest = parse(pushed.raw, pushed.media_type, algorithm)
    if wanted is not None and manifest.digest != wanted:
        raise Fault(
            Code.DIGEST_INVALID,
            f"the manifest has digest {manifest.digest}, not {wanted}: push it by its own digest "
            "or by a tag",
            {"expected": wanted, "actual": manifest.digest},
        )
    return manifest


def _tags(pushed: Pushed) -> tuple[Tag, ...]:
    own = (pushed.reference,) if isinstance(pushed.reference, Tag) else ()
    return tuple(dict.fromkeys((*own, *pushed.tags)))


async def _add(tx: Tx, repository_id: int, manifest: Manifest, facts: Facts, now: float) -> int:
    await _link_documents(tx, repository_id, manifest, now)
    edges = [Edge(manifest.digest, EDGE_SELF)]
    edges += [Edge(d.digest, _kind(d.digest, facts)) for d in manifest.references()]
    row = manifest_row(manifest, repository_id, now)
    return await tx.manifests.add(row, manifest.raw, edges)


def _kind(digest: Digest, facts: Facts) -> str:
    if digest in facts.children:
        return EDGE_CHILD
    return EDGE_BLOB if digest in facts.blobs else EDGE_SPARSE


async def _facts(tx: Tx, repository_id: int, manifest: Manifest) -> Facts:
    """Look up what the repository holds of the manifest's references."""
    children: dict[Digest, int] = {}
    blobs: dict[Digest, int] = {}
    for descriptor in manifest.children:
        child = await tx.manifests.find(repository_id, descriptor.digest)
        if child is not None:
            children[descriptor.digest] = child.size
        elif not descriptor.is_manifest:
            layer = await tx.blobs.in_repository(repository_id, descriptor.digest)
            if layer is not None:
                blobs[descriptor.digest] = layer.size
    for descriptor in manifest.blobs():
        blob = await tx.blobs.in_repository(repository_id, descriptor.digest)
        if blob is not None:
            blobs[descriptor.digest] = blob.size
            continue
        # A manifest may be the layer of another one; delta artifacts do that.
        document = await tx.manifests.find(repository_id, descriptor.digest)
        if document is not None:
            blobs[descriptor.digest] = document.size
    return Facts(blobs, children)


async def _link_documents(tx: Tx, repository_id: int, manifest: Manifest, now: float) -> None:
    """Let the repository show as blobs the manifests that are this one's layers.

    Otherwise they would go out of its sight once they are deleted as manifests.
    """
    for descriptor in manifest.blobs():
        if await tx.manifests.find(repository_id, descriptor.digest):
            await tx.blobs.link(repository_id, descriptor.digest, now)


async def _check_precondition(tx: Tx, repository_id: int, pushed: Pushed) -> None:
    wish = pushed.precondition
    if wish is None or not isinstance(pushed.reference, Tag):
        return
    current = await tx.tags.find(repository_id, pushed.reference)
    if wish.absent and current is not None:
        raise _precondition_failed(
            f"tag {pushed.reference} exists already: push another tag", current
        )
    if current in wish.differs:
        raise _precondition_failed(
            f"tag {pushed.reference} is at {current} already: nothing to do", current
        )
    if wish.matches is not None and (
        current is None or (wish.matches and current not in wish.matches)
    ):
        raise _precondition_failed(
            f"tag {pushed.reference} has moved or is gone: look at it again", current
        )


def _precondition_failed(message: str, current: Digest | None) -> Fault:
    return Fault(Code.PRECONDITION, message, {"current": current})


def _raise(refusal: Fault | None) -> None:
    if refusal is not None:
        raise refusal


class _Whole:
    """A body that is in memory already."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def drain(self, write: Callable[[memoryview], None]) -> None:
        write(memoryview(self._data))
