"""Statements on profiles of users."""

from sqlalchemy import delete, select

from entrepot.adapters.catalog.access_schema import profiles

from .tools import Upsert, insert_all, param

_ROW = select(*profiles.columns)
_THIS = profiles.c.name == param("name")

FIND = _ROW.where(_THIS)

BY_SUBJECT = _ROW.where(
    profiles.c.source == param("source"), profiles.c.subject == param("subject")
)

PUT = Upsert(
    lambda insert: insert_all(insert, profiles).on_conflict_do_update(
        index_elements=["name"],
        set_={
            column.name: param(column.name) for column in profiles.columns if column.name != "name"
        },
    )
)

REMOVE = delete(profiles).where(_THIS)

PAGE = (
    _ROW.where(profiles.c.source == param("source"), profiles.c.name > param("after"))
    .order_by(profiles.c.name)
    .limit(param("limit"))
)
