"""Statements on manifests and their edges."""

from sqlalchemy import delete, exists, insert, select, tuple_

from entrepot.adapters.catalog.schema import edges, manifest_bytes, manifests, tags

from .tools import Upsert, insert_all, param

_ROW = select(
    manifests.c.id,
    manifests.c.repository_id,
    manifests.c.digest,
    manifests.c.media_type,
    manifests.c.artifact_type,
    manifests.c.size,
    manifests.c.subject,
    manifests.c.annotations,
    manifests.c.pushed_at,
)

FIND = _ROW.where(
    manifests.c.digest == param("digest"),
    manifests.c.repository_id == param("repository_id"),
)

BY_TAG = _ROW.join(tags, tags.c.manifest_id == manifests.c.id).where(
    tags.c.repository_id == param("repository_id"), tags.c.name == param("name")
)

RAW = select(manifest_bytes.c.raw).where(manifest_bytes.c.digest == param("digest"))

ADD = insert_all(insert, manifests, "id").returning(manifests.c.id)

ADD_RAW = Upsert(
    lambda insert: insert_all(insert, manifest_bytes).on_conflict_do_nothing(
        index_elements=["digest"]
    )
)

ADD_EDGE = Upsert(
    lambda insert: insert_all(insert, edges).on_conflict_do_nothing(
        index_elements=["manifest_id", "target", "kind"]
    )
)

REMOVE = delete(manifests).where(manifests.c.id == param("id"))

REMOVE_RAW = delete(manifest_bytes).where(
    manifest_bytes.c.digest == param("digest"),
    ~exists().where(manifests.c.digest == param("digest")),
)

EDGES = (
    select(edges.c.target, edges.c.kind)
    .where(edges.c.manifest_id == param("manifest_id"))
    .order_by(edges.c.target, edges.c.kind)
)

HOLDER = (
    select(manifests.c.digest)
    .join(edges, edges.c.manifest_id == manifests.c.id)
    .where(
        edges.c.target == param("target"),
        edges.c.repository_id == param("repository_id"),
        edges.c.kind == param("kind"),
    )
    .limit(1)
)

HOLDER_OF_ANY_KIND = (
    select(manifests.c.digest)
    .join(edges, edges.c.manifest_id == manifests.c.id)
    .where(
        edges.c.target == param("target"),
        edges.c.repository_id == param("repository_id"),
    )
    .limit(1)
)

REFERRERS = (
    _ROW.where(
        manifests.c.repository_id == param("repository_id"),
        manifests.c.subject == param("subject"),
        manifests.c.id > param("after"),
    )
    .order_by(manifests.c.id)
    .limit(param("limit"))
)

PLAIN = (
    _ROW.where(
        manifests.c.repository_id == param("repository_id"),
        manifests.c.subject.is_(None),
        manifests.c.id < param("before"),
    )
    .order_by(manifests.c.id.desc())
    .limit(param("limit"))
)

WITH_SUBJECT = (
    _ROW.where(
        manifests.c.repository_id == param("repository_id"),
        tuple_(manifests.c.subject, manifests.c.id) > tuple_(param("subject"), param("after")),
    )
    .order_by(manifests.c.subject, manifests.c.id)
    .limit(param("limit"))
)
