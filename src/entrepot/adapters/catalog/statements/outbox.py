"""Statements on the outbox."""

from sqlalchemy import insert, select

from entrepot.adapters.catalog.schema import outbox

from .tools import insert_all, param

APPEND = insert_all(insert, outbox, "sequence")

AFTER = (
    select(
        outbox.c.kind,
        outbox.c.repository,
        outbox.c.payload,
        outbox.c.at,
        outbox.c.sequence,
    )
    .where(outbox.c.sequence > param("after"))
    .order_by(outbox.c.sequence)
    .limit(param("limit"))
)
