"""Statements on policies of projects."""

from sqlalchemy import delete, select

from entrepot.adapters.catalog.schema import policies

from .finding import one_of
from .tools import Upsert, insert_all, param

_ROW = select(*policies.columns)

OF = _ROW.where(policies.c.project == param("project")).order_by(policies.c.kind)

NAMED = _ROW.where(one_of(policies.c.project)).order_by(policies.c.project, policies.c.kind)

PUT = Upsert(
    lambda insert: insert_all(insert, policies).on_conflict_do_update(
        index_elements=["project", "kind"],
        set_={name: param(name) for name in ("document", "changed_at", "changed_by")},
    )
)

REMOVE = delete(policies).where(
    policies.c.project == param("project"), policies.c.kind == param("kind")
)

PAGE = (
    _ROW.where(policies.c.kind == param("kind"), policies.c.project > param("after"))
    .order_by(policies.c.project)
    .limit(param("limit"))
)
