"""Statements on notes."""

from sqlalchemy import delete, select

from entrepot.adapters.catalog.management_schema import notes

from .tools import Upsert, insert_all, param

ASKED_AT_ONCE = 100
"""Names that one statement asks for; those that are too many are given as NULL."""

_KIND = notes.c.kind == param("kind")

OF = select(notes.c.name, notes.c.text).where(
    _KIND, notes.c.name.in_([param(f"name_{number}") for number in range(ASKED_AT_ONCE)])
)

PUT = Upsert(
    lambda insert: insert_all(insert, notes).on_conflict_do_update(
        index_elements=["kind", "name"], set_={"text": param("text")}
    )
)

REMOVE = delete(notes).where(_KIND, notes.c.name == param("name"))
