"""Deleting tags and manifests (distribution-spec, "Content Management")."""

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference, Tag
from entrepot.ports.catalog import EDGE_BLOB, EDGE_CHILD, Catalog, Event, TagMove, Tx
from entrepot.ports.clock import Clock

from .blobs import BlobService
from .context import Caller
from .events import MANIFEST_DELETED, TAG_DELETED, payload
from .pull import unknown_manifest


class DeletionService:
    """Takes tags and manifests away. Bytes stay for the collector."""

    def __init__(self, catalog: Catalog, clock: Clock, *, blobs: BlobService) -> None:
        self._catalog = catalog
        self._clock = clock
        self._blobs = blobs

    async def delete(self, name: RepositoryName, reference: Reference, caller: Caller) -> None:
        """Delete a tag, or a manifest with all its tags.

        Pushed as a blob too, or the layer of another, a manifest is served from both addresses:
        it goes from both, but for one that is still a layer.
        Raises `Fault`: MANIFEST_UNKNOWN; UNSUPPORTED for a manifest that an index needs.
        """
        async with self._catalog.begin(write=True) as tx:
            repository = await tx.repositories.find(name)
            if repository is None:
                raise unknown_manifest(name, reference)
            if isinstance(reference, Digest):
                gone = await self._manifest(tx, repository.id, name, reference, caller)
            else:
                gone = await self._tag(tx, repository.id, name, reference, caller)
            if not gone:
                raise unknown_manifest(name, reference)

    async def _tag(
        self, tx: Tx, repository_id: int, name: RepositoryName, tag: Tag, caller: Caller
    ) -> bool:
        before = await tx.tags.find(repository_id, tag)
        if before is None:
            return False
        now = self._clock.now()
        move = TagMove(tag, before, None, now, caller.actor, caller.client)
        await tx.tags.move(repository_id, None, move)
        facts = payload(caller, tag=tag, digest=before)
        await tx.outbox.append(Event(TAG_DELETED, name, facts, now))
        return True

    async def _manifest(
        self, tx: Tx, repository_id: int, name: RepositoryName, digest: Digest, caller: Caller
    ) -> bool:
        row = await tx.manifests.find(repository_id, digest)
        if row is None:
            return False
        holder = await tx.manifests.holder(repository_id, digest, EDGE_CHILD)
        if holder is not None:
            raise Fault(
                Code.UNSUPPORTED,
                f"manifest {digest} is part of index {holder}: delete the index first",
                {"digest": digest, "index": holder},
            )
        now = self._clock.now()
        tags = await tx.tags.of(row.id)
        for tag in tags:
            move = TagMove(tag, digest, None, now, caller.actor, caller.client)
            await tx.tags.move(repository_id, None, move)
        targets = await tx.manifests.remove(row)
        if await tx.manifests.holder(repository_id, digest, EDGE_BLOB) is None:
            await tx.blobs.unlink(repository_id, digest)
        await self._blobs.keep_dropped(tx, targets)
        facts = payload(caller, digest=digest, mediaType=row.media_type, tags=[*tags])
        await tx.outbox.append(Event(MANIFEST_DELETED, name, facts, now))
        return True
