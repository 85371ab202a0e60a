"""Statements on groups and who is in them."""

from sqlalchemy import delete, select

from entrepot.adapters.catalog.access_schema import memberships, user_groups

from .tools import Upsert, insert_all, param

_ROW = select(*user_groups.columns)
_THIS = user_groups.c.name == param("name")
_OWN = memberships.c.user_name == param("user_name")
_IN = memberships.c.group_name == param("group_name")

FIND = _ROW.where(_THIS)

PUT = Upsert(
    lambda insert: insert_all(insert, user_groups).on_conflict_do_update(
        index_elements=["name"],
        set_={name: param(name) for name in ("description", "created_at")},
    )
)

REMOVE = delete(user_groups).where(_THIS)

PAGE = (
    _ROW.where(user_groups.c.name > param("after"))
    .order_by(user_groups.c.name)
    .limit(param("limit"))
)

OF = (
    select(memberships.c.group_name, memberships.c.source)
    .where(_OWN)
    .order_by(memberships.c.group_name, memberships.c.source)
)

MEMBERS = (
    select(memberships.c.user_name, memberships.c.source)
    .where(_IN, memberships.c.user_name > param("after"))
    .order_by(memberships.c.user_name, memberships.c.source)
    .limit(param("limit"))
)

ENTER = Upsert(lambda insert: insert_all(insert, memberships).on_conflict_do_nothing())

LEAVE = delete(memberships).where(_OWN, _IN, memberships.c.source == param("source"))

LEAVE_ALL = delete(memberships).where(_OWN)

EMPTY = delete(memberships).where(_IN)
