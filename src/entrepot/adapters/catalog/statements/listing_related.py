"""Statements behind what belongs to a page of artifacts."""

from sqlalchemy import select

from entrepot.adapters.catalog.schema import blobs, manifest_bytes, manifests, tags

from .finding import one_of
from .tools import param

_HERE = manifests.c.repository_id == param("repository_id")

RAWS = select(manifest_bytes.c.digest, manifest_bytes.c.raw).where(one_of(manifest_bytes.c.digest))
BLOBS = select(
    blobs.c.digest, blobs.c.generation, blobs.c.state, blobs.c.size, blobs.c.keep_until
).where(one_of(blobs.c.digest))
IDS = select(manifests.c.digest, manifests.c.id).where(_HERE, one_of(manifests.c.digest))
REFERRERS = (
    select(manifests.c.subject, manifests.c.id)
    .where(_HERE, one_of(manifests.c.subject))
    .order_by(manifests.c.subject, manifests.c.id)
    .limit(param("limit"))
)
REFERRERS_OF_ONE = (
    select(manifests.c.subject, manifests.c.id)
    .where(_HERE, manifests.c.subject == param("subject"))
    .order_by(manifests.c.id)
    .limit(param("limit"))
)
TAGGED_WITHIN = (
    select(tags.c.manifest_id)
    .where(
        tags.c.repository_id == param("repository_id"),
        tags.c.name >= param("low"),
        tags.c.name < param("high"),
    )
    .limit(1)
)
TAGGED = select(tags.c.name, tags.c.manifest_id).where(
    tags.c.repository_id == param("repository_id"), one_of(tags.c.name)
)
