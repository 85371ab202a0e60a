"""Statements on deliveries to webhooks."""

from sqlalchemy import case, cast, delete, exists, func, insert, select, update

from entrepot.adapters.catalog.management_schema import deliveries
from entrepot.adapters.catalog.schema import SECONDS

from .tools import Upsert, constant, param

_ROW = select(*deliveries.columns)
_THIS = deliveries.c.id == param("delivery_id")
_OF = deliveries.c.webhook_id == param("webhook_id")
_OPEN = deliveries.c.state == constant("open")
_NEWEST = _ROW.where(_OF, deliveries.c.id < param("before")).order_by(deliveries.c.id.desc())

# What comes behind another one of its repository waits for that one's end.
_held = exists(
    select(deliveries.c.id).where(_OF, deliveries.c.repository == param("repository"), _OPEN)
)
_NEW = {
    "webhook_id": param("webhook_id"),
    "kind": param("kind"),
    "repository": param("repository"),
    "body": param("body"),
    "state": constant("open"),
    "attempt": param("attempt"),
    "next_at": case((_held, cast(param("waiting"), SECONDS)), else_=param("at")),
    "error": param("error"),
    "created_at": param("at"),
}

ADD = Upsert(
    lambda insert: (
        insert(deliveries)
        .values(_NEW | {"sequence": param("sequence")})
        .on_conflict_do_nothing(index_elements=["webhook_id", "sequence"])
    )
)

_lowest = (
    select(deliveries.c.sequence)
    .where(_OF, deliveries.c.sequence < param("zero"))
    .order_by(deliveries.c.sequence)
    .limit(1)
    .scalar_subquery()
)

ADD_AGAIN = insert(deliveries).values(
    _NEW | {"sequence": func.coalesce(_lowest, param("zero")) - param("one")}
)

FIND = _ROW.where(_THIS)

DUE = (
    _ROW.where(_OF, _OPEN, deliveries.c.next_at <= param("now"))
    .order_by(deliveries.c.next_at)
    .limit(param("limit"))
)

NEXT_AT = select(func.min(deliveries.c.next_at)).where(_OF, _OPEN)

SETTLE = (
    update(deliveries)
    .where(_THIS, _OPEN)
    .values(
        {
            name: param(f"new_{name}")
            for name in ("state", "attempt", "next_at", "status", "error", "ended_at")
        }
    )
)

_next = (
    select(deliveries.c.id)
    .where(_OF, deliveries.c.repository == param("repository"), _OPEN)
    .order_by(deliveries.c.id)
    .limit(1)
    .scalar_subquery()
)

# One that is due, or waits for its next attempt, keeps its time.
PROMOTE = (
    update(deliveries)
    .where(deliveries.c.id == _next, deliveries.c.next_at >= param("waiting"))
    .values(next_at=param("at"))
)

PAGE = _NEWEST.limit(param("limit"))

PAGE_FAILED = _NEWEST.where(deliveries.c.state == constant("failed")).limit(param("limit"))

PAGE_OPEN = _NEWEST.where(_OPEN).limit(param("limit"))

PAGE_DELIVERED = _NEWEST.where(deliveries.c.state == constant("delivered")).limit(param("limit"))

COUNT_OPEN = select(func.count()).select_from(
    select(deliveries.c.id).where(_OF, _OPEN).limit(param("most")).subquery("counted")
)

PRUNE = delete(deliveries).where(
    deliveries.c.id.in_(
        select(deliveries.c.id)
        .where(deliveries.c.ended_at < param("ended_before"))
        .order_by(deliveries.c.ended_at)
        .limit(param("limit"))
    )
)

CLEAR = delete(deliveries).where(
    deliveries.c.id.in_(select(deliveries.c.id).where(_OF).limit(param("limit")))
)
