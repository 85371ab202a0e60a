"""Statements on labels."""

from sqlalchemy import delete, select, update

from entrepot.adapters.catalog.management_schema import labels

from .tools import Upsert, insert_all, param

_THIS = labels.c.id == param("label_id")

ADD = Upsert(
    lambda insert: (
        insert_all(insert, labels, "id")
        .on_conflict_do_nothing(index_elements=["project", "name"])
        .returning(labels.c.id)
    )
)

FIND = select(*labels.columns).where(_THIS)

CHANGE = (
    update(labels)
    .where(_THIS)
    .values(
        name=param("new_name"),
        description=param("new_description"),
        color=param("new_color"),
        changed_at=param("new_changed_at"),
    )
)

REMOVE = delete(labels).where(_THIS)

OF = (
    select(*labels.columns)
    .where(labels.c.project == param("project"))
    .order_by(labels.c.name)
    .limit(param("limit"))
)
