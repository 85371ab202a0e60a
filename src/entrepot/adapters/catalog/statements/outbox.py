"""Statements on the outbox."""

from sqlalchemy import delete, insert, select

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

# Of the oldest rows alone, so that young ones are never walked through.
_oldest = (
    select(outbox.c.sequence, outbox.c.at)
    .order_by(outbox.c.sequence)
    .limit(param("limit"))
    .subquery("oldest")
)
PRUNE = delete(outbox).where(
    outbox.c.sequence.in_(
        select(_oldest.c.sequence).where(
            _oldest.c.sequence <= param("upto"), _oldest.c.at < param("before")
        )
    )
)
