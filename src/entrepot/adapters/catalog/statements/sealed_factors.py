"""Statements on what second factors keep sealed."""

from sqlalchemy import select, update

from entrepot.adapters.catalog.access_schema import factors

from .tools import param

PAGE = (
    select(factors.c.id, factors.c.kind, factors.c.user_name, factors.c.sealed)
    .where(factors.c.id > param("after"))
    .order_by(factors.c.id)
    .limit(param("limit"))
)

RESEAL = update(factors).where(factors.c.id == param("id")).values(sealed=param("sealed"))
