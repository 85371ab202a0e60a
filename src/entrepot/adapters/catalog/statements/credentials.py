"""Statements on hashed secrets."""

from sqlalchemy import delete, insert, or_, select, update

from entrepot.adapters.catalog.access_schema import credentials

from .tools import insert_all, param

_ROW = select(*credentials.columns)
_THIS = credentials.c.id == param("credential_id")
_OWN = (credentials.c.kind == param("kind"), credentials.c.owner == param("owner"))

FIND = _ROW.where(_THIS)

ADD = insert_all(insert, credentials)

EXPIRE = (
    update(credentials)
    .where(
        _THIS,
        or_(credentials.c.expires_at.is_(None), credentials.c.expires_at > param("at")),
    )
    .values(expires_at=param("at"))
)

REMOVE = delete(credentials).where(_THIS)

OF = _ROW.where(*_OWN).order_by(credentials.c.id)

FORGET = delete(credentials).where(*_OWN)

USED = (
    update(credentials)
    .where(_THIS, or_(credentials.c.used_at.is_(None), credentials.c.used_at < param("at")))
    .values(used_at=param("at"))
)
