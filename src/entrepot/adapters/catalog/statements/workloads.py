"""Statements on rules of trust in workloads."""

from sqlalchemy import delete, select

from entrepot.adapters.catalog.access_schema import workload_rules

from .tools import Upsert, insert_all, param

_ROW = select(*workload_rules.columns)
_THIS = workload_rules.c.name == param("name")

FIND = _ROW.where(_THIS)

PUT = Upsert(
    lambda insert: insert_all(insert, workload_rules).on_conflict_do_update(
        index_elements=["name"],
        set_={name: param(name) for name in ("issuer", "document", "changed_at", "changed_by")},
    )
)

REMOVE = delete(workload_rules).where(_THIS)

PAGE = (
    _ROW.where(workload_rules.c.name > param("after"))
    .order_by(workload_rules.c.name)
    .limit(param("limit"))
)

BY_ISSUER = (
    _ROW.where(workload_rules.c.issuer == param("issuer"))
    .order_by(workload_rules.c.name)
    .limit(param("limit"))
)
