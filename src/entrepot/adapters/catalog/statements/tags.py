"""Statements on tags and their history."""

from sqlalchemy import delete, insert, select

from entrepot.adapters.catalog.schema import manifests, tag_history, tags

from .tools import Upsert, insert_all, param

_THIS = (tags.c.repository_id == param("repository_id"), tags.c.name == param("name"))

FIND = select(manifests.c.digest).join(tags, tags.c.manifest_id == manifests.c.id).where(*_THIS)

POINT = Upsert(
    lambda insert: insert_all(insert, tags).on_conflict_do_update(
        index_elements=["repository_id", "name"],
        set_={"manifest_id": param("manifest_id"), "moved_at": param("moved_at")},
    )
)

DROP = delete(tags).where(*_THIS)

RECORD = insert_all(insert, tag_history, "id")

PAGE = (
    select(tags.c.name)
    .where(tags.c.repository_id == param("repository_id"), tags.c.name > param("after"))
    .order_by(tags.c.name)
    .limit(param("limit"))
)

# They are all of one repository.
OF = (
    select(tags.c.name)
    .where(tags.c.manifest_id == param("manifest_id"))
    .order_by(tags.c.repository_id, tags.c.name)
)

HISTORY = (
    select(
        tag_history.c.tag,
        tag_history.c.before,
        tag_history.c.after,
        tag_history.c.at,
        tag_history.c.actor,
        tag_history.c.client,
    )
    .where(tag_history.c.repository_id == param("repository_id"), tag_history.c.tag == param("tag"))
    .order_by(tag_history.c.id.desc())
    .limit(param("limit"))
)
