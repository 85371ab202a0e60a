"""Deleting tags and manifests, into the trash; a collector takes the bytes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference, Tag
from entrepot.ports.catalog import (
    EDGE_CHILD,
    EDGE_SPARSE,
    Catalog,
    ManifestRow,
    Repository,
    TagMove,
    Tx,
)
from entrepot.ports.clock import Clock
from entrepot.ports.trash import KIND_MANIFEST, KIND_TAG, TrashEntry
from entrepot.rules.trash import purge_at

from .blobs import BlobService
from .context import Caller
from .events import MANIFEST_DELETED, TAG_DELETED, Change, tell
from .fading import fade
from .holding import leave
from .pull import unknown_manifest

Guard = Callable[
    [Tx, RepositoryName, Tag | None, Digest | None, Digest | None], Awaitable[Fault | None]
]
"""Why a tag may not move from the one digest to the other (None: it is not there), or None.

Without a tag it is asked whether the manifest itself may go, or come.
"""


async def allow_all(
    _tx: Tx,
    _name: RepositoryName,
    _tag: Tag | None,
    _current: Digest | None,
    _new: Digest | None,
) -> Fault | None:
    """Guard nothing."""
    return None


@dataclass(frozen=True, slots=True)
class Cause:
    """Who deletes, as part of which operation, and why."""

    caller: Caller
    batch: str = ""
    """Shared by all that goes together, so that it can be restored together; empty for none."""
    reason: str = ""


class DeletionService:
    """Takes references away; content that nothing refers to any more goes with the collector."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        *,
        blobs: BlobService,
        keep_days: float = 0.0,
        guard: Guard = allow_all,
    ) -> None:
        """`keep_days` is how long the trash keeps what was deleted; 0 for no trash."""
        self._catalog = catalog
        self._clock = clock
        self._blobs = blobs
        self._keep_days = keep_days
        self._guard = guard

    async def delete(self, name: RepositoryName, reference: Reference, caller: Caller) -> None:
        """Delete a tag, or a manifest with all its tags.

        Pushed as a blob too, or the layer of another, a manifest is served from both addresses:
        it goes from both, but for one that is still a layer.
        Raises `Fault`: MANIFEST_UNKNOWN; UNSUPPORTED for a manifest that an index needs; what the
        guard says.
        """
        cause = Cause(caller)
        async with self._catalog.begin(write=True) as tx:
            repository = await tx.repositories.find(name)
            if repository is None:
                raise unknown_manifest(name, reference)
            if isinstance(reference, Digest):
                gone = await self.drop_manifest(tx, repository, reference, cause)
            else:
                gone = await self.drop_tag(tx, repository, reference, cause)
            if not gone:
                raise unknown_manifest(name, reference)

    async def drop_tag(self, tx: Tx, repository: Repository, tag: Tag, cause: Cause) -> bool:
        """Delete a tag in the caller's transaction; False if it is not there.

        Raises what the guard says, with nothing changed.
        """
        row = await tx.manifests.by_tag(repository.id, tag)
        if row is None:
            return False
        await self._permit(tx, repository.name, (tag,), row.digest)
        now, caller = self._clock.now(), cause.caller
        await tx.tags.move(
            repository.id, None, TagMove(tag, row.digest, None, now, caller.actor, caller.client)
        )
        entry_id = 0
        if self._keep_days > 0:
            entry = self._entry(KIND_TAG, _Gone(repository, row, (tag,)), cause)
            entry_id = await tx.trash.add(entry, None, [])
        facts = {
            "tag": tag,
            "digest": row.digest,
            "batch": cause.batch,
            "trash": entry_id,
            "reason": cause.reason,
            "purgeAt": purge_at(now, self._keep_days),
        }
        await tell(tx, caller, Change(TAG_DELETED, repository.name, now), facts)
        return True

    async def drop_manifest(
        self,
        tx: Tx,
        repository: Repository,
        digest: Digest,
        cause: Cause,
        *,
        always_trash: bool = False,
    ) -> bool:
        """Delete a manifest with its tags in the caller's transaction; False if it is not there.

        With `always_trash` it goes to the trash even where that keeps nothing: it is due at once.
        Raises, with nothing changed: UNSUPPORTED for a manifest that an index needs; what the guard
        says.
        """
        row = await tx.manifests.find(repository.id, digest)
        if row is None:
            return False
        await _check_unneeded(tx, repository, digest)
        tags = tuple(await tx.tags.of(row.id))
        await self._permit(tx, repository.name, (None, *tags), digest)
        gone = _Gone(repository, row, tags)
        keeps = self._keep_days > 0 or always_trash
        raw = await tx.manifests.raw(digest) if keeps else None
        came = await _came(tx, row) if keeps else []
        entry_id = await self._leave(tx, gone, cause, raw)
        facts = {
            "digest": digest,
            "mediaType": row.media_type,
            "tags": [*tags],
            "batch": cause.batch,
            "trash": entry_id,
            "reason": cause.reason,
            "purgeAt": purge_at(self._clock.now(), self._keep_days),
            **({"came": came} if came else {}),
        }
        change = Change(MANIFEST_DELETED, repository.name, self._clock.now())
        await tell(tx, cause.caller, change, facts)
        return True

    async def _leave(self, tx: Tx, gone: "_Gone", cause: Cause, raw: bytes | None) -> int:
        """Return the entry of the trash, or 0 where there is none."""
        row, caller, now = gone.row, cause.caller, self._clock.now()
        holds = await _held(tx, row) if raw is not None else []
        for tag in gone.tags:
            move = TagMove(tag, row.digest, None, now, caller.actor, caller.client)
            await tx.tags.move(row.repository_id, None, move)
        targets, pushed_by = await leave(tx, row)
        await self._blobs.keep_dropped(tx, row.repository_id, targets)
        if raw is None:
            await fade(tx, row.repository_id, gone.repository.name, row.digest)
            return 0
        entry = self._entry(KIND_MANIFEST, gone, cause)
        return await tx.trash.add(replace(entry, pushed_by=pushed_by), raw, holds)

    async def _permit(
        self, tx: Tx, name: RepositoryName, tags: tuple[Tag | None, ...], digest: Digest
    ) -> None:
        for tag in tags:
            refusal = await self._guard(tx, name, tag, digest, None)
            if refusal is not None:
                raise refusal

    def _entry(self, kind: str, gone: "_Gone", cause: Cause) -> TrashEntry:
        repository, row, now = gone.repository, gone.row, self._clock.now()
        return TrashEntry(
            id=0,
            batch=cause.batch,
            repository_id=repository.id,
            repository=repository.name,
            kind=kind,
            digest=row.digest,
            tags=gone.tags,
            media_type=row.media_type,
            size=row.size,
            pushed_at=row.pushed_at,
            pushed_by="",
            deleted_at=now,
            purge_at=purge_at(now, self._keep_days),
            actor=cause.caller.actor,
            client=cause.caller.client,
            reason=cause.reason,
        )


@dataclass(frozen=True, slots=True)
class _Gone:
    """A manifest on its way out, or just one of its tags."""

    repository: Repository
    row: ManifestRow
    tags: tuple[Tag, ...]


async def _check_unneeded(tx: Tx, repository: Repository, digest: Digest) -> None:
    holder = await tx.manifests.holder(repository.id, digest, EDGE_CHILD)
    if holder is not None:
        raise Fault(
            Code.UNSUPPORTED,
            f"manifest {digest} is part of index {holder}: delete the index first",
            {"digest": digest, "index": holder},
        )


async def _held(tx: Tx, row: ManifestRow) -> list[Digest]:
    """Return what an entry of this manifest must hold for a restore.

    Of what was missing when it came, that is what the repository has by now: another's blob must
    not come into this one's sight by a deletion and a restore.
    """
    edges = await tx.manifests.edges(row.id)
    sparse = {edge.target for edge in edges if edge.kind == EDGE_SPARSE}
    return [
        edge.target
        for edge in edges
        if edge.target not in sparse or await _shows(tx, row.repository_id, edge.target)
    ]


async def _came(tx: Tx, row: ManifestRow) -> list[str]:
    """Return what came after the manifest, for its event: what is pushed alone has none."""
    edges = await tx.manifests.edges(row.id)
    sparse = [edge.target for edge in edges if edge.kind == EDGE_SPARSE]
    return [str(target) for target in sparse if await _shows(tx, row.repository_id, target)]


async def _shows(tx: Tx, repository_id: int, digest: Digest) -> bool:
    if await tx.blobs.in_repository(repository_id, digest) is not None:
        return True
    return await tx.manifests.find(repository_id, digest) is not None
