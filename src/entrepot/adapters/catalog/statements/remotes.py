"""Statements on other registries."""

from sqlalchemy import delete, select, update

from entrepot.adapters.catalog.management_schema import remotes

from .tools import Upsert, insert_all, param

_ROW = select(*remotes.columns)
_THIS = remotes.c.id == param("remote_id")
_CHANGES = ("name", "kind", "url", "description", "insecure", "account", "changed_at")

ADD = Upsert(
    lambda insert: (
        insert_all(insert, remotes, "id")
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(remotes.c.id)
    )
)

FIND = _ROW.where(_THIS)

BY_NAME = _ROW.where(remotes.c.name == param("name"))

CHANGE = update(remotes).where(_THIS).values({name: param(f"new_{name}") for name in _CHANGES})

REMOVE = delete(remotes).where(_THIS)

PAGE = _ROW.where(remotes.c.id > param("after")).order_by(remotes.c.id).limit(param("limit"))
