"""Statements on pulls."""

from sqlalchemy import and_, case, delete, func, select

from entrepot.adapters.catalog.schema import edges, manifests, pulls

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

# A few manifests at most hold most blobs; what thousands share is looked at whole.
LAST_USE = (
    select(func.max(manifests.c.pushed_at), func.max(pulls.c.pulled_at))
    .select_from(edges)
    .join(manifests, manifests.c.id == edges.c.manifest_id)
    .outerjoin(
        pulls,
        and_(
            pulls.c.repository_id == manifests.c.repository_id,
            pulls.c.digest == manifests.c.digest,
        ),
    )
    .where(edges.c.target == param("target"))
)

REMOVE = delete(pulls).where(
    pulls.c.repository_id == param("repository_id"), pulls.c.digest == param("digest")
)
