"""Manifests enter and leave a repository: edges, links and charges, in one place.

Whoever adds or removes a manifest does it here, in its own transaction: pushes, deletions, the
trash, retention and the rebuilding of a catalog. So what is held, shown and counted never drifts.
"""

from dataclasses import dataclass

from entrepot.oci.digest import Digest
from entrepot.oci.manifest import Manifest
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import (
    EDGE_BLOB,
    EDGE_CHILD,
    EDGE_SELF,
    EDGE_SPARSE,
    Edge,
    ManifestRow,
    Tx,
)
from entrepot.ports.ledgers import KIND_PROJECT, KIND_USER, Ledger
from entrepot.rules.admission import Facts

from .pull import manifest_row


@dataclass(frozen=True, slots=True)
class Entry:
    """A manifest on its way in; `pushed_by` is empty for an anonymous caller."""

    name: RepositoryName
    repository_id: int
    manifest: Manifest
    facts: Facts
    pushed_at: float
    pushed_by: str


async def enter(tx: Tx, entry: Entry) -> tuple[int, list[Ledger]]:
    """Write the manifest; return its id and the ledgers it is charged on, as they are then.

    Its own bytes and all that `facts` names have rows that are live.
    """
    manifest, repository_id = entry.manifest, entry.repository_id
    await _link_documents(tx, entry)
    edges = [Edge(manifest.digest, EDGE_SELF)]
    edges += [Edge(d.digest, _kind(d.digest, entry.facts)) for d in manifest.references()]
    row = manifest_row(manifest, repository_id, entry.pushed_at)
    manifest_id = await tx.manifests.add(row, manifest.raw, edges)
    owners = [(KIND_PROJECT, entry.name.project)]
    if entry.pushed_by:
        owners.append((KIND_USER, entry.pushed_by))
    ledgers = []
    for kind, name in owners:
        ledger = await tx.ledgers.ensure(kind, name)
        ledgers.append(await tx.ledgers.charge(ledger.id, manifest_id))
    return manifest_id, ledgers


async def leave(tx: Tx, row: ManifestRow) -> tuple[list[Digest], str]:
    """Remove a manifest that no tag points at; return what it held, and who had pushed it.

    It is no longer shown as a blob either, unless it is the layer of another.
    """
    ledgers = await tx.ledgers.discharge(row.id)
    targets = await tx.manifests.remove(row)
    if await tx.manifests.holder(row.repository_id, row.digest, EDGE_BLOB) is None:
        await tx.blobs.unlink(row.repository_id, row.digest)
    return targets, next((found.name for found in ledgers if found.kind == KIND_USER), "")


async def absent_of(tx: Tx, manifest_id: int) -> dict[str, list[str]]:
    """Return, for its event, what was not there when a manifest came.

    A replay of events cannot know it, as what is pushed without a manifest has none.
    """
    edges = await tx.manifests.edges(manifest_id)
    absent = [str(edge.target) for edge in edges if edge.kind == EDGE_SPARSE]
    return {"sparse": absent} if absent else {}


async def facts_of(tx: Tx, repository_id: int, manifest: Manifest) -> Facts:
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


def _kind(digest: Digest, facts: Facts) -> str:
    if digest in facts.children:
        return EDGE_CHILD
    return EDGE_BLOB if digest in facts.blobs else EDGE_SPARSE


async def _link_documents(tx: Tx, entry: Entry) -> None:
    """Let the repository show as blobs the manifests that are this one's layers.

    Otherwise they would go out of its sight once they are deleted as manifests.
    """
    for descriptor in entry.manifest.blobs():
        if await tx.manifests.find(entry.repository_id, descriptor.digest):
            await tx.blobs.link(entry.repository_id, descriptor.digest, entry.pushed_at)
