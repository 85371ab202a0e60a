"""Statements on pulls."""

from sqlalchemy import case, delete, select

from entrepot.adapters.catalog.schema import pulls

from .tools import Upsert, insert_all, param

_LATER = case((pulls.c.pulled_at > param("pulled_at"), pulls.c.pulled_at), else_=param("pulled_at"))

ADD = Upsert(
    lambda insert: insert_all(insert, pulls).on_conflict_do_update(
        index_elements=["repository_id", "digest"],
        set_={"pulled_at": _LATER, "count": pulls.c.count + param("count")},
    )
)

PAGE = (
    select(*pulls.columns)
    .where(pulls.c.repository_id == param("repository_id"), pulls.c.digest > param("after"))
    .order_by(pulls.c.digest)
    .limit(param("limit"))
)

REMOVE = delete(pulls).where(
    pulls.c.repository_id == param("repository_id"), pulls.c.digest == param("digest")
)
