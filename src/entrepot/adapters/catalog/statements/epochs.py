"""Statements on counters of changes."""

from sqlalchemy import select

from entrepot.adapters.catalog.access_schema import epochs

from .tools import Upsert, figure, param

FIND = select(epochs.c.number).where(epochs.c.name == param("name"))

ADVANCE = Upsert(
    lambda insert: (
        insert(epochs)
        .values(name=param("name"), number=figure(1))
        .on_conflict_do_update(
            index_elements=["name"], set_={"number": epochs.c.number + figure(1)}
        )
    )
)
