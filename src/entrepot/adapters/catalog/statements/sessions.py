"""Statements on sessions of browsers."""

from sqlalchemy import delete, select, update

from entrepot.adapters.catalog.access_schema import sessions

from .tools import Upsert, insert_all, param

_ROW = select(*sessions.columns)
_THIS = sessions.c.id_hash == param("id_hash")
_OWN = sessions.c.user_name == param("user_name")

FIND = _ROW.where(_THIS)

ADD = Upsert(lambda insert: insert_all(insert, sessions))

SEEN = update(sessions).where(_THIS).values(seen_at=param("now"))

REMOVE = delete(sessions).where(_THIS)

OF = _ROW.where(_OWN).order_by(sessions.c.created_at)

REMOVE_ALL = delete(sessions).where(_OWN)

EXPIRE = delete(sessions).where(
    sessions.c.id_hash.in_(
        select(sessions.c.id_hash)
        .where(sessions.c.expires_at < param("now"))
        .order_by(sessions.c.expires_at)
        .limit(param("limit"))
    )
)
