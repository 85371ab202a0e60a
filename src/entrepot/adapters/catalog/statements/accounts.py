"""Statements on local accounts."""

from sqlalchemy import delete, func, select, update

from entrepot.adapters.catalog.schema import accounts

from .tools import Upsert, insert_all, param

_ROW = select(
    accounts.c.name,
    accounts.c.role,
    accounts.c.password_hash,
    accounts.c.created_at,
    accounts.c.changed_at,
)
_THIS = accounts.c.name == param("name")

FIND = _ROW.where(_THIS)

ADD = Upsert(
    lambda insert: insert_all(insert, accounts).on_conflict_do_nothing(index_elements=["name"])
)

SET_PASSWORD = (
    update(accounts)
    .where(_THIS)
    .values(password_hash=param("new_password_hash"), changed_at=param("now"))
)

SET_ROLE = update(accounts).where(_THIS).values(role=param("new_role"), changed_at=param("now"))

REMOVE = delete(accounts).where(_THIS)

PAGE = _ROW.where(accounts.c.name > param("after")).order_by(accounts.c.name).limit(param("limit"))

COUNT = select(func.count()).select_from(accounts)
