"""Statements on answers that are kept by their keys."""

from sqlalchemy import delete, func, select, update

from entrepot.adapters.catalog.management_schema import idempotency
from entrepot.ports.idempotency import UNDER_WAY

from .tools import Upsert, figure, insert_all, param

_ANSWER = ("request_hash", "status", "headers", "body", "expires_at")
_UNDER_WAY = (
    idempotency.c.key_hash == param("key_hash"),
    idempotency.c.status == figure(UNDER_WAY),
    idempotency.c.expires_at == param("under_way_until"),
)

FIND = select(*idempotency.columns).where(idempotency.c.key_hash == param("key_hash"))

PUT = Upsert(
    lambda insert: insert_all(insert, idempotency).on_conflict_do_update(
        index_elements=["key_hash"], set_={name: param(name) for name in _ANSWER}
    )
)

FINISH = update(idempotency).where(*_UNDER_WAY).values({name: param(name) for name in _ANSWER})

DROP = delete(idempotency).where(*_UNDER_WAY)

COUNT = select(func.count()).select_from(
    select(idempotency.c.expires_at).limit(param("limit")).subquery()
)

PRUNE = delete(idempotency).where(
    idempotency.c.key_hash.in_(
        select(idempotency.c.key_hash)
        .where(idempotency.c.expires_at < param("before"))
        .order_by(idempotency.c.expires_at)
        .limit(param("limit"))
    )
)
