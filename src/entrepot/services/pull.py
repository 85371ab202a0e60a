"""Pulling: manifests, blobs, referrers and lists. Nothing is written here."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.oci.manifest import MANIFEST_SIZE_MAX_BYTES, Manifest, parse
from entrepot.oci.name import RepositoryName
from entrepot.oci.ranges import Span
from entrepot.oci.reference import Reference, Tag
from entrepot.ports.blobs import Blob, BlobStore, Reading
from entrepot.ports.catalog import Catalog, ManifestRow, Repository, Tx
from entrepot.rules.leases import BlobRow, has_bytes

from .blobs import unknown_blob
from .inline import may_wait

ENTRY_BYTES = 400
"""What a manifest in memory takes beside its bytes; most are hardly larger than that."""


@dataclass(frozen=True, slots=True)
class PullLimits:
    """Bounds on what one answer or the memory holds."""

    cache_bytes: int = 32 << 20
    """Manifest bytes kept in memory; they never change, so only room pushes them out."""
    page_max: int = 1000
    """Most entries of a page, whatever a client asks for."""
    referrers_steps: int = 10
    """Most steps of a page's length looked through for one page under a filter."""


Item = TypeVar("Item")
Text = TypeVar("Text", bound=str)


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Part of a list; `more` says that there is a next page, to be asked for after `cursor`."""

    items: list[Item]
    more: bool
    cursor: str = ""


class PullService:
    """Answers what the registry holds."""

    def __init__(self, catalog: Catalog, store: BlobStore, *, limits: PullLimits) -> None:
        self._catalog = catalog
        self._store = store
        self._limits = limits
        self._raw: OrderedDict[Digest, bytes] = OrderedDict()
        self._raw_bytes = 0

    async def version(self) -> int:
        """Return a number that changes whenever what is answered here may have changed.

        What was read after it was returned counts as long as it stays the same.
        """
        return await self._catalog.latest()

    async def manifest(
        self, name: RepositoryName, reference: Reference
    ) -> tuple[ManifestRow, bytes]:
        """Return a manifest and its bytes as pushed (I5).

        By digest also one that was pushed as a blob, as some clients do with the layers of delta
        artifacts; its row has id 0. Raises `Fault(MANIFEST_UNKNOWN)`, or NAME_UNKNOWN when there is
        no such repository.
        """
        async with self._catalog.begin() as tx:
            repository = await _repository(tx, name)
            if isinstance(reference, Digest):
                row = await tx.manifests.find(repository.id, reference)
            else:
                row = await tx.manifests.by_tag(repository.id, reference)
            raw = await self._bytes(tx, row.digest) if row else None
            blob = None
            if row is None and isinstance(reference, Digest):
                blob = await tx.blobs.in_repository(repository.id, reference)
        if row is not None and raw is not None:
            return row, raw
        manifest = await self._pushed_as_blob(blob) if blob else None
        if manifest is None:
            raise unknown_manifest(name, reference)
        return manifest_row(manifest, repository.id, 0.0), manifest.raw

    async def blob(self, name: RepositoryName, digest: Digest) -> BlobRow:
        """Return the row of a blob that the repository shows, or raise BLOB_UNKNOWN."""
        async with self._catalog.begin() as tx:
            repository = await tx.repositories.find(name)
            if repository is not None:
                row = await tx.blobs.in_repository(repository.id, digest)
                if row is not None:
                    return row
                # A manifest can be another one's layer: its bytes are served from both addresses.
                if await tx.manifests.find(repository.id, digest):
                    row = await tx.blobs.find(digest)
                    if row is not None and has_bytes(row):
                        return row
        raise unknown_blob(name, digest)

    async def open(self, row: BlobRow, span: Span | None = None) -> Reading:
        """Open a blob's bytes, or a span of them."""
        return await self._store.open(Blob(row.digest, row.generation), span)

    async def tags(self, name: RepositoryName, after: str, limit: int) -> Page[Tag]:
        """Return up to `limit` tags that sort after `after`, bytewise."""
        limit = min(limit, self._limits.page_max)
        async with self._catalog.begin() as tx:
            repository = await _repository(tx, name)
            found = await tx.tags.page(repository.id, after, limit + 1)
        return _page(found, limit)

    async def repositories(self, after: str, limit: int) -> Page[RepositoryName]:
        """Return up to `limit` repositories whose wire names sort after `after`."""
        limit = min(limit, self._limits.page_max)
        async with self._catalog.begin() as tx:
            found = await tx.repositories.page(after, limit + 1)
        return _page(found, limit)

    async def referrers(
        self,
        name: RepositoryName,
        subject: Digest,
        *,
        artifact_types: frozenset[str],
        after: int,
        limit: int,
    ) -> Page[ManifestRow]:
        """Return up to `limit` manifests with this subject and an id above `after`.

        An empty page for a subject or a repository that does not exist, as the specification has
        it. With types given, only those.
        """
        limit = min(limit, self._limits.page_max)
        async with self._catalog.begin() as tx:
            repository = await tx.repositories.find(name)
            if repository is None:
                return Page([], more=False)
            found: list[ManifestRow] = []
            for _ in range(self._limits.referrers_steps):
                rows = await tx.manifests.referrers(repository.id, subject, after, limit + 1)
                seen, more = rows[:limit], len(rows) > limit
                fitting = [
                    r for r in seen if not artifact_types or r.artifact_type in artifact_types
                ]
                room = limit - len(found)
                if len(fitting) > room:
                    found, more, seen = found + fitting[:room], True, fitting[:room]
                else:
                    found += fitting
                after = seen[-1].id if seen else after
                if not more or len(found) >= limit:
                    break
        return Page(found, more=more, cursor=str(after))

    async def _pushed_as_blob(self, row: BlobRow) -> Manifest | None:
        if row.size > MANIFEST_SIZE_MAX_BYTES:
            return None
        # Who may not wait (`inline.at_once`) turns back here: closing a coroutine within a
        # generator's wait would leave the generator's file open until the memory is collected.
        await may_wait()
        reading = await self.open(row)
        try:
            raw = b"".join([chunk async for chunk in reading.chunks()])
        finally:
            reading.close()
        try:
            return parse(raw, algorithm=row.digest.algorithm)
        except Fault:
            return None

    async def _bytes(self, tx: Tx, digest: Digest) -> bytes | None:
        raw = self._raw.get(digest)
        if raw is not None:
            self._raw.move_to_end(digest)
            return raw
        raw = await tx.manifests.raw(digest)
        if raw is not None and len(raw) <= self._limits.cache_bytes:
            self._raw[digest] = raw
            self._raw_bytes += len(raw) + ENTRY_BYTES
            while self._raw_bytes > self._limits.cache_bytes:
                self._raw_bytes -= len(self._raw.popitem(last=False)[1]) + ENTRY_BYTES
        return raw


def manifest_row(manifest: Manifest, repository_id: int, pushed_at: float) -> ManifestRow:
    """Return the row of a manifest that has no id yet."""
    return ManifestRow(
        id=0,
        repository_id=repository_id,
        digest=manifest.digest,
        media_type=manifest.media_type,
        artifact_type=manifest.artifact_type,
        size=len(manifest.raw),
        subject=manifest.subject.digest if manifest.subject else None,
        annotations=encode(manifest.annotations).decode(),
        pushed_at=pushed_at,
    )


def unknown_manifest(name: RepositoryName, reference: Reference) -> Fault:
    """Return the fault for a tag or digest that the repository does not have."""
    kind = "manifest" if isinstance(reference, Digest) else "tag"
    return Fault(
        Code.MANIFEST_UNKNOWN,
        f"{kind} {reference} is not in {name.wire}: push it first, or ask for one that "
        f"/v2/{name.wire}/tags/list names",
        {"name": name.wire, "reference": str(reference)},
    )


async def _repository(tx: Tx, name: RepositoryName) -> Repository:
    repository = await tx.repositories.find(name)
    if repository is None:
        raise Fault(
            Code.NAME_UNKNOWN,
            f"there is no repository {name.wire}: check the name, or push to it first",
            {"name": name.wire},
        )
    return repository


def _page(found: list[Text], limit: int) -> Page[Text]:
    items = found[:limit]
    return Page(items, more=len(found) > limit, cursor=str(items[-1]) if items else "")
