"""Statements on the cursors of those who read the outbox."""

from sqlalchemy import func, select

from entrepot.adapters.catalog.schema import cursors

from .tools import Upsert, insert_all, param

FIND = select(cursors.c.sequence).where(cursors.c.name == param("name"))

MOVE = Upsert(
    lambda insert: insert_all(insert, cursors).on_conflict_do_update(
        index_elements=["name"], set_={"sequence": param("sequence")}
    )
)

LOWEST = select(func.min(cursors.c.sequence))
