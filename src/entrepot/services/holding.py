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
from entrepot.ports.ledgers import KIND_USER, Ledger
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
    edges = [Edge(manifest.digest, EDGE_SELF)]
    edges += [Edge(d.digest, _kind(d.digest, entry.facts)) for d in manifest.references()]
    row = manifest_row(manifest, repository_id, entry.pushed_at)
    manifest_id = await tx.manifests.add(row, manifest.raw, edges)
    # The repository shows them as blobs too: else they would go out of its sight once they are
    # deleted as manifests.
    for digest in sorted(entry.facts.documents):
        await tx.blobs.link(repository_id, digest, entry.pushed_at)
    ledgers = await tx.ledgers.charge(manifest_id, entry.name.project, entry.pushed_by)
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
    return _sparse([edge.target for edge in edges if edge.kind == EDGE_SPARSE])


def absent_in(facts: Facts, manifest: Manifest) -> dict[str, list[str]]:
    """Return the same of one that has just come."""
    targets = {descriptor.digest for descriptor in manifest.references()}
    return _sparse([one for one in sorted(targets) if _kind(one, facts) == EDGE_SPARSE])


def _sparse(targets: list[Digest]) -> dict[str, list[str]]:
    return {"sparse": [str(target) for target in targets]} if targets else {}


async def facts_of(tx: Tx, repository_id: int, manifest: Manifest) -> Facts:
    """Look up what the repository holds of the manifest's references."""
    wanted = [descriptor.digest for descriptor in (*manifest.children, *manifest.blobs())]
    held = await tx.repositories.held(repository_id, list(dict.fromkeys(wanted))) if wanted else []
    manifests = {one.digest: one.size for one in held if one.is_manifest}
    layers = {one.digest: one.size for one in held if not one.is_manifest}
    children: dict[Digest, int] = {}
    blobs: dict[Digest, int] = {}
    for descriptor in manifest.children:
        digest = descriptor.digest
        if digest in manifests:
            children[digest] = manifests[digest]
        elif not descriptor.is_manifest and digest in layers:
            blobs[digest] = layers[digest]
    named = [descriptor.digest for descriptor in manifest.blobs()]
    # A manifest may be the layer of another one; delta artifacts do that.
    blobs |= {one: layers[one] for one in named if one in layers}
    blobs |= {one: manifests[one] for one in named if one in manifests and one not in layers}
    return Facts(blobs, children, frozenset(one for one in named if one in manifests))


def _kind(digest: Digest, facts: Facts) -> str:
    if digest in facts.children:
        return EDGE_CHILD
    return EDGE_BLOB if digest in facts.blobs else EDGE_SPARSE
