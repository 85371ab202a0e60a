"""Statements on revoked tokens."""

from sqlalchemy import delete, select

from entrepot.adapters.catalog.access_schema import revocations

from .tools import Upsert, insert_all, param

# Revoked again, a token stays so until the later time.
ADD = Upsert(
    lambda insert: insert_all(insert, revocations).on_conflict_do_update(
        index_elements=["token_id"],
        set_={name: param(name) for name in ("until", "revoked_by")},
        where=revocations.c.until < param("until"),
    )
)

ALL = (
    select(revocations.c.token_id)
    .where(revocations.c.until > param("now"))
    .order_by(revocations.c.until)
    .limit(param("limit"))
)

PRUNE = delete(revocations).where(
    revocations.c.token_id.in_(
        select(revocations.c.token_id)
        .where(revocations.c.until < param("before"))
        .order_by(revocations.c.until)
        .limit(param("limit"))
    )
)
