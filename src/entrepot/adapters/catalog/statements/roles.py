"""Statements on custom roles."""

from sqlalchemy import delete, select

from entrepot.adapters.catalog.access_schema import roles

from .tools import Upsert, insert_all, param

_ROW = select(*roles.columns)
_THIS = roles.c.name == param("name")

FIND = _ROW.where(_THIS)

PUT = Upsert(
    lambda insert: insert_all(insert, roles).on_conflict_do_update(
        index_elements=["name"],
        set_={name: param(name) for name in ("permissions", "description", "changed_at")},
    )
)

REMOVE = delete(roles).where(_THIS)

PAGE = _ROW.where(roles.c.name > param("after")).order_by(roles.c.name).limit(param("limit"))
