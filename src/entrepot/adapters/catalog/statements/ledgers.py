"""Statements on ledgers and their charges."""

from sqlalchemy import and_, cast, delete, func, insert, or_, select, update

from entrepot.adapters.catalog.schema import (
    NUMBER,
    blobs,
    charges,
    edges,
    ledgers,
    manifest_ledgers,
)
from entrepot.ports.catalog import EDGE_SPARSE
from entrepot.ports.ledgers import KIND_PROJECT, KIND_USER

from .finding import one_of
from .tools import Upsert, constant, figure, param

_COLUMNS = (
    ledgers.c.id,
    ledgers.c.kind,
    ledgers.c.name,
    ledgers.c.used_bytes,
    ledgers.c.manifests,
    ledgers.c.limit_bytes,
    ledgers.c.limit_manifests,
)
_NOT_SPARSE = edges.c.kind != constant(EDGE_SPARSE)
_TARGETS = select(edges.c.target).where(edges.c.manifest_id == param("manifest_id"), _NOT_SPARSE)
_CHARGED = select(manifest_ledgers.c.ledger_id).where(
    manifest_ledgers.c.manifest_id == param("manifest_id")
)

FIND = select(*_COLUMNS).where(ledgers.c.kind == param("kind"), ledgers.c.name == param("name"))

NAMED = select(*_COLUMNS).where(ledgers.c.kind == param("kind"), one_of(ledgers.c.name))

_OWNERS = or_(
    and_(ledgers.c.kind == constant(KIND_PROJECT), ledgers.c.name == param("project")),
    and_(ledgers.c.kind == constant(KIND_USER), ledgers.c.name == param("user")),
)
OWNERS = select(*_COLUMNS).where(_OWNERS)

ADD = Upsert(
    lambda insert: (
        insert(ledgers)
        .values(
            {name: param(name) for name in ("kind", "name")}
            | {"used_bytes": figure(0), "manifests": figure(0)}
        )
        .on_conflict_do_nothing(index_elements=["kind", "name"])
    )
)

PAGE = (
    select(*_COLUMNS)
    .where(ledgers.c.kind == param("kind"), ledgers.c.name > param("after"))
    .order_by(ledgers.c.name)
    .limit(param("limit"))
)

SET_LIMITS = (
    update(ledgers)
    .where(ledgers.c.id == param("ledger_id"))
    .values(limit_bytes=param("new_limit_bytes"), limit_manifests=param("new_limit_manifests"))
)

HOLD = Upsert(
    lambda insert: (
        insert(charges)
        .from_select(
            ["ledger_id", "digest", "holds"],
            select(manifest_ledgers.c.ledger_id, edges.c.target, figure(1))
            .join(edges, edges.c.manifest_id == manifest_ledgers.c.manifest_id)
            .where(manifest_ledgers.c.manifest_id == param("manifest_id"), _NOT_SPARSE)
            .distinct(),
        )
        .on_conflict_do_update(
            index_elements=["ledger_id", "digest"], set_={"holds": charges.c.holds + figure(1)}
        )
    )
)

# What only this manifest holds was not charged before. In a FROM, as SQLite goes through all that a
# ledger holds when it looks for this in the update itself.
_added = (
    select(
        manifest_ledgers.c.ledger_id,
        select(func.coalesce(func.sum(blobs.c.size), figure(0)))
        .join(charges, charges.c.digest == blobs.c.digest)
        .where(
            charges.c.ledger_id == manifest_ledgers.c.ledger_id,
            charges.c.holds == figure(1),
            charges.c.digest.in_(_TARGETS),
        )
        .scalar_subquery()
        .label("size"),
    )
    .where(manifest_ledgers.c.manifest_id == param("manifest_id"))
    .subquery("added")
)
CHARGE = (
    update(ledgers)
    .where(ledgers.c.id == _added.c.ledger_id)
    .values(
        manifests=ledgers.c.manifests + figure(1),
        used_bytes=ledgers.c.used_bytes + _added.c.size,
    )
    .returning(*_COLUMNS)
)

NOTE = insert(manifest_ledgers).from_select(
    ["manifest_id", "ledger_id"],
    select(cast(param("manifest_id"), NUMBER), ledgers.c.id).where(_OWNERS),
)

OF = select(*_COLUMNS).where(ledgers.c.id.in_(_CHARGED)).order_by(ledgers.c.id)

RELEASE = (
    update(charges)
    .where(charges.c.ledger_id.in_(_CHARGED), charges.c.digest.in_(_TARGETS))
    .values(holds=charges.c.holds - figure(1))
)

DISCHARGE = (
    update(ledgers)
    .where(ledgers.c.id.in_(_CHARGED))
    .values(
        manifests=ledgers.c.manifests - figure(1),
        used_bytes=ledgers.c.used_bytes
        - select(func.coalesce(func.sum(blobs.c.size), figure(0)))
        .join(charges, charges.c.digest == blobs.c.digest)
        .where(
            charges.c.ledger_id == ledgers.c.id,
            charges.c.holds == figure(0),
            charges.c.digest.in_(_TARGETS),
        )
        .scalar_subquery(),
    )
)

SETTLE = delete(charges).where(
    charges.c.ledger_id.in_(_CHARGED),
    charges.c.digest.in_(_TARGETS),
    charges.c.holds == figure(0),
)

FORGET = delete(manifest_ledgers).where(manifest_ledgers.c.manifest_id == param("manifest_id"))
