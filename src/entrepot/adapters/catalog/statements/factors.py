"""Statements on second factors."""

from sqlalchemy import delete, select, update

from entrepot.adapters.catalog.access_schema import factors

from .tools import Upsert, insert_all, param

_ROW = select(
    factors.c.user_name,
    factors.c.kind,
    factors.c.label,
    factors.c.credential,
    factors.c.sealed,
    factors.c.created_at,
    factors.c.used_at,
    factors.c.counter,
    factors.c.id,
)
_OWN = factors.c.user_name == param("user_name")

OF = _ROW.where(_OWN).order_by(factors.c.id)

FIND = _ROW.where(factors.c.credential == param("credential"))

ADD = Upsert(
    lambda insert: insert_all(insert, factors, "id").on_conflict_do_nothing(
        index_elements=["credential"]
    )
)

USE = (
    update(factors)
    .where(factors.c.id == param("factor_id"), factors.c.counter == param("before"))
    .values(counter=param("after"), used_at=param("now"))
)

REMOVE = delete(factors).where(factors.c.id == param("factor_id"))

REMOVE_KIND = delete(factors).where(_OWN, factors.c.kind == param("kind"))

REMOVE_ALL = delete(factors).where(_OWN)
