"""Copying an artifact to another repository, without transferring it.

Blobs are mounted and manifests published again. Children come before their index, what hangs on an
artifact after it; each manifest is published in a transaction of its own, so that a copy that broke
off can be made again.
"""

from dataclasses import dataclass, field

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.manifest import parse
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference, Tag
from entrepot.ports.catalog import Catalog

from .blobs import BlobService
from .context import Caller
from .pull import PullService
from .push import Pushed, PushService

MANIFESTS_MAX = 1000
"""Most manifests of one copy."""
DEPTH_MAX = 16
"""Deepest nesting of indexes, and of what hangs on what."""
REFERRERS_MAX = 100
"""Most referrers that go along with one manifest."""


@dataclass(slots=True)
class _Copy:
    """One copy under way."""

    source: RepositoryName
    target: RepositoryName
    caller: Caller
    done: set[Digest] = field(default_factory=set)


class CopyService:
    """Copies within the registry. The caller has checked rights to both repositories."""

    def __init__(
        self, catalog: Catalog, *, push: PushService, pull: PullService, blobs: BlobService
    ) -> None:
        self._catalog = catalog
        self._push = push
        self._pull = pull
        self._blobs = blobs

    async def copy(
        self, source: RepositoryName, reference: Reference, target: RepositoryName, caller: Caller
    ) -> Digest:
        """Copy an artifact with its children, what hangs on it, and its tags; return its digest.

        What the target has already is left alone, its other tags move. Raises `Fault`:
        MANIFEST_UNKNOWN, UNSUPPORTED for one with too many parts, and as pushes do.
        """
        row, _ = await self._pull.manifest(source, reference)
        async with self._catalog.begin() as tx:
            tags = tuple(await tx.tags.of(row.id)) if row.id else ()
        await self._one(_Copy(source, target, caller), row.digest, tags, DEPTH_MAX)
        return row.digest

    async def _one(self, copy: _Copy, digest: Digest, tags: tuple[Tag, ...], depth: int) -> None:
        if digest in copy.done:
            return
        if len(copy.done) >= MANIFESTS_MAX or not depth:
            raise Fault(
                Code.UNSUPPORTED,
                f"{digest} has too many parts: copy it by a client (docker buildx imagetools, "
                "skopeo, crane)",
            )
        copy.done.add(digest)
        row, raw = await self._pull.manifest(copy.source, digest)
        manifest = parse(raw, row.media_type, digest.algorithm)
        for child in manifest.children:
            if await self._is_there(copy.source, child.digest):
                await self._one(copy, child.digest, (), depth - 1)
        for blob in manifest.blobs():
            await self._mount(copy, blob.digest, optional=blob.may_be_absent)
        pushed = Pushed(raw, row.media_type, digest, tags)
        await self._push.publish(copy.target, pushed, copy.caller)
        found = await self._pull.referrers(
            copy.source, digest, artifact_types=frozenset(), after=0, limit=REFERRERS_MAX
        )
        for referrer in found.items:
            await self._one(copy, referrer.digest, (), depth - 1)

    async def _mount(self, copy: _Copy, digest: Digest, *, optional: bool) -> None:
        async def may_pull(_: RepositoryName) -> bool:
            return True

        row = await self._blobs.mount(
            copy.target, digest, copy.source, may_pull, caller=copy.caller
        )
        if row is None and not optional:
            raise Fault(
                Code.UNAVAILABLE,
                f"blob {digest} of {copy.source.wire} is gone: push that image again, then copy it",
                {"digest": digest},
            )

    async def _is_there(self, name: RepositoryName, digest: Digest) -> bool:
        """Whether a child came with its index; publishing says whether it may be missing."""
        async with self._catalog.begin() as tx:
            repository = await tx.repositories.find(name)
            if repository is None:
                return False
            return await tx.manifests.find(repository.id, digest) is not None
