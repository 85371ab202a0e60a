"""Statements that look for contradictions."""

from sqlalchemy import and_, exists, or_, select

from entrepot.adapters.catalog.schema import blobs, edges, manifest_bytes, manifests, tags
from entrepot.ports.catalog import EDGE_CHILD, EDGE_SELF, EDGE_SPARSE
from entrepot.rules.leases import BlobState

from .tools import constant, param

_live = exists().where(
    and_(blobs.c.digest == edges.c.target, blobs.c.state == constant(BlobState.LIVE))
)
_dead = and_(edges.c.kind != constant(EDGE_SPARSE), ~_live)
# An edge that names another repository than its manifest's would hide from the checks of deletes.
DEAD_TARGETS = (
    select(manifests.c.digest, edges.c.target, edges.c.kind)
    .join(edges, edges.c.manifest_id == manifests.c.id)
    .where(or_(_dead, edges.c.repository_id != manifests.c.repository_id))
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
