"""Statements that look for contradictions."""

from sqlalchemy import and_, exists, func, or_, select

from entrepot.adapters.catalog.schema import (
    blobs,
    charges,
    damages,
    edges,
    ledgers,
    manifest_bytes,
    manifest_ledgers,
    manifests,
    tags,
    trash,
    trash_holds,
)
from entrepot.ports.catalog import EDGE_CHILD, EDGE_SELF, EDGE_SPARSE
from entrepot.ports.ledgers import KIND_PROJECT
from entrepot.ports.trash import KIND_MANIFEST
from entrepot.rules.leases import BlobState

from .tools import constant, figure, param

_live = exists().where(
    and_(blobs.c.digest == edges.c.target, blobs.c.state == constant(BlobState.LIVE))
)
# Of what is known to be damaged there is a finding already.
_known = exists().where(
    damages.c.digest == edges.c.target,
    damages.c.healed_at.is_(None),
    blobs.c.generation == damages.c.generation,
    blobs.c.digest == damages.c.digest,
    blobs.c.state == constant(BlobState.ARRIVING),
)
_dead = and_(edges.c.kind != constant(EDGE_SPARSE), ~_live, ~_known)
# An edge that names another repository than its manifest's would hide from the checks of deletes.
DEAD_TARGETS = (
    select(manifests.c.digest, edges.c.target, edges.c.kind)
    .join(edges, edges.c.manifest_id == manifests.c.id)
    .where(or_(_dead, edges.c.repository_id != manifests.c.repository_id))
    .limit(param("limit"))
)

_held_well = exists().where(
    blobs.c.digest == trash_holds.c.target, blobs.c.state == constant(BlobState.LIVE)
)
_known_as_damaged = exists().where(
    damages.c.digest == trash_holds.c.target, damages.c.healed_at.is_(None)
)
DEAD_HOLDS = (
    select(trash.c.digest, trash_holds.c.target)
    .join(trash_holds, trash_holds.c.trash_id == trash.c.id)
    .where(~_held_well, ~_known_as_damaged)
    .limit(param("limit"))
)

_children = manifests.alias("children")
STRAY_CHILDREN = (
    select(manifests.c.digest, edges.c.target, manifests.c.repository_id)
    .join(edges, edges.c.manifest_id == manifests.c.id)
    .where(edges.c.kind == constant(EDGE_CHILD))
    .where(
        ~exists().where(
            _children.c.digest == edges.c.target,
            _children.c.repository_id == manifests.c.repository_id,
        )
    )
    .limit(param("limit"))
)

STRAY_TAGS = (
    select(
        tags.c.repository_id,
        tags.c.name,
        manifests.c.digest,
        manifests.c.repository_id.label("holder_id"),
    )
    .join(manifests, manifests.c.id == tags.c.manifest_id)
    .where(manifests.c.repository_id != tags.c.repository_id)
    .limit(param("limit"))
)

_MANIFEST = select(manifests.c.digest, manifests.c.repository_id)

WITHOUT_BYTES = _MANIFEST.where(
    ~exists().where(manifest_bytes.c.digest == manifests.c.digest)
).limit(param("limit"))

WITHOUT_SELF = _MANIFEST.where(
    ~exists().where(
        edges.c.manifest_id == manifests.c.id,
        edges.c.target == manifests.c.digest,
        edges.c.kind == constant(EDGE_SELF),
    )
).limit(param("limit"))

BLOBS = (
    select(blobs.c.digest, blobs.c.generation, blobs.c.state, blobs.c.size, blobs.c.keep_until)
    .where(blobs.c.generation > param("after"))
    .order_by(blobs.c.generation)
    .limit(param("limit"))
)

MANIFESTS = (
    select(
        manifests.c.id,
        manifests.c.digest,
        manifests.c.media_type,
        manifests.c.artifact_type,
        manifests.c.size,
        manifests.c.subject,
        manifest_bytes.c.raw,
    )
    .outerjoin(manifest_bytes, manifest_bytes.c.digest == manifests.c.digest)
    .where(manifests.c.id > param("after"))
    .order_by(manifests.c.id)
    .limit(param("limit"))
)

TRASH_WITHOUT_BYTES = (
    select(trash.c.digest, trash.c.repository_id)
    .where(trash.c.kind == constant(KIND_MANIFEST), trash.c.raw.is_(None))
    .limit(param("limit"))
)

_NOT_SPARSE = edges.c.kind != constant(EDGE_SPARSE)
_charged = (
    select(func.coalesce(func.sum(blobs.c.size), figure(0)))
    .join(charges, charges.c.digest == blobs.c.digest)
    .where(charges.c.ledger_id == ledgers.c.id)
    .scalar_subquery()
)
DRIFTED_LEDGERS = (
    select(ledgers.c.kind, ledgers.c.name, ledgers.c.used_bytes, _charged.label("charged"))
    .where(ledgers.c.used_bytes != _charged)
    .limit(param("limit"))
)

_holders = (
    select(func.count(edges.c.manifest_id.distinct()))
    .join(manifest_ledgers, manifest_ledgers.c.manifest_id == edges.c.manifest_id)
    .where(
        edges.c.target == charges.c.digest,
        _NOT_SPARSE,
        manifest_ledgers.c.ledger_id == charges.c.ledger_id,
    )
    .scalar_subquery()
)
DRIFTED_CHARGES = (
    select(charges.c.ledger_id, charges.c.digest, charges.c.holds, _holders.label("holders"))
    .where(charges.c.holds != _holders)
    .limit(param("limit"))
)

UNCHARGED = (
    select(edges.c.manifest_id, edges.c.target, manifest_ledgers.c.ledger_id)
    .join(manifest_ledgers, manifest_ledgers.c.manifest_id == edges.c.manifest_id)
    .where(
        _NOT_SPARSE,
        ~exists().where(
            charges.c.ledger_id == manifest_ledgers.c.ledger_id, charges.c.digest == edges.c.target
        ),
    )
    .limit(param("limit"))
)

WITHOUT_LEDGER = _MANIFEST.where(
    ~exists().where(
        manifest_ledgers.c.manifest_id == manifests.c.id,
        ledgers.c.id == manifest_ledgers.c.ledger_id,
        ledgers.c.kind == constant(KIND_PROJECT),
    )
).limit(param("limit"))
