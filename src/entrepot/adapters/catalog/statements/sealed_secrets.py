"""Statements on sealed secrets."""

from sqlalchemy import delete, select, update

from entrepot.adapters.catalog.access_schema import sealed_secrets

from .tools import Upsert, insert_all, param

_AT = sealed_secrets.c.name == param("name")

FIND = select(*sealed_secrets.columns).where(_AT)

PUT = Upsert(
    lambda insert: insert_all(insert, sealed_secrets).on_conflict_do_update(
        index_elements=["name"],
        set_={name: param(name) for name in ("sealed", "changed_at")},
    )
)

REMOVE = delete(sealed_secrets).where(_AT)

PAGE = (
    select(*sealed_secrets.columns)
    .where(sealed_secrets.c.name > param("after"))
    .order_by(sealed_secrets.c.name)
    .limit(param("limit"))
)

RESEAL = update(sealed_secrets).where(_AT).values(sealed=param("sealed"))
