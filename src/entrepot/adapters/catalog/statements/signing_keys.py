"""Statements on signing keys."""

from sqlalchemy import delete, insert, select, update

from entrepot.adapters.catalog.access_schema import signing_keys

from .tools import insert_all, param

_AT = signing_keys.c.kid == param("kid")

ALL = select(*signing_keys.columns).order_by(signing_keys.c.activates_at, signing_keys.c.kid)

ADD = insert_all(insert, signing_keys)

MOVE = (
    update(signing_keys)
    .where(_AT)
    .values(activates_at=param("activates_at"), retires_at=param("retires_at"))
)

REMOVE = delete(signing_keys).where(_AT)

PAGE_SEALED = (
    select(signing_keys.c.kid, signing_keys.c.sealed)
    .where(signing_keys.c.kid > param("after"))
    .order_by(signing_keys.c.kid)
    .limit(param("limit"))
)

RESEAL = update(signing_keys).where(_AT).values(sealed=param("sealed"))
