"""Rows to fill a catalog with."""

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import (
    EDGE_BLOB,
    EDGE_SELF,
    Catalog,
    Edge,
    Event,
    ManifestRow,
    TagMove,
    Tx,
    UploadSession,
)
from entrepot.rules.leases import BlobRow, BlobState

NAME = RepositoryName("acme/api")
OTHER = RepositoryName("library/web")
NOW = 1000.0


def digest(text: str) -> Digest:
    return Digest.of(text.encode())


def manifest(repository_id: int, text: str, *, subject: str | None = None) -> ManifestRow:
    return ManifestRow(
        id=0,
        repository_id=repository_id,
        digest=digest(text),
        media_type="application/vnd.oci.image.manifest.v1+json",
        artifact_type="application/vnd.example",
        size=len(text),
        subject=digest(subject) if subject else None,
        annotations='{"a": "ä"}',
        pushed_at=NOW,
    )


async def publish(
    tx: Tx,
    name: RepositoryName,
    text: str,
    *,
    tag: str = "",
    blobs: tuple[str, ...] = (),
    user: str = "",
) -> ManifestRow:
    """Put a manifest, with live rows for all it holds, into the repository."""
    repository = await tx.repositories.ensure(name, NOW)
    for each in (text, *blobs):
        await live(tx, repository.id, each)
    row = manifest(repository.id, text)
    edges = [Edge(row.digest, EDGE_SELF), *(Edge(digest(blob), EDGE_BLOB) for blob in blobs)]
    manifest_id = await tx.manifests.add(row, text.encode(), edges)
    await tx.ledgers.charge(manifest_id, name.project, user)
    if tag:
        await tx.tags.move(repository.id, manifest_id, move(tag, None, row.digest))
    found = await tx.manifests.find(repository.id, row.digest)
    assert found is not None
    return found


async def live(tx: Tx, repository_id: int, text: str, *, keep_until: float = NOW) -> BlobRow:
    """Make the blob live and linked, if it is not."""
    row = await tx.blobs.find(digest(text))
    if row is None or row.state is BlobState.CONDEMNED:
        row = await tx.blobs.arrive(digest(text), len(text), keep_until)
        await tx.blobs.set_state(row.digest, row.generation, BlobState.LIVE)
    await tx.blobs.link(repository_id, row.digest, NOW)
    return row


def move(tag: str, before: Digest | None, after: Digest | None, at: float = NOW) -> TagMove:
    return TagMove(Tag(tag), before, after, at, "alice", "docker/28")


def session(upload_id: str, repository_id: int, expires_at: float = NOW) -> UploadSession:
    return UploadSession(upload_id, repository_id, "alice", "sha256", 0, NOW, expires_at)


async def note(catalog: Catalog, text: str, *, fail: bool = False) -> str:
    """Write one event in a transaction of its own; ZeroDivisionError after it if told to fail."""
    async with catalog.begin(write=True) as tx:
        await tx.outbox.append(Event("note", NAME, text, NOW))
        if fail:
            raise ZeroDivisionError(text)
    return text


async def notes(catalog: Catalog) -> list[str]:
    """Return the committed events."""
    async with catalog.begin() as tx:
        return [event.payload for event in await tx.outbox.after(0, 10_000)]
