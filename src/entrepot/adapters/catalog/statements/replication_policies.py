"""Statements on replication policies."""

from sqlalchemy import delete, select, update

from entrepot.adapters.catalog.management_schema import replication_policies

from .tools import Upsert, insert_all, param

_ROW = select(*replication_policies.columns)
_THIS = replication_policies.c.id == param("policy_id")
_CHANGES = ("name", "remote_id", "enabled", "document", "changed_at", "changed_by")

ADD = Upsert(
    lambda insert: (
        insert_all(insert, replication_policies, "id")
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(replication_policies.c.id)
    )
)

FIND = _ROW.where(_THIS)

BY_NAME = _ROW.where(replication_policies.c.name == param("name"))

CHANGE = (
    update(replication_policies)
    .where(_THIS)
    .values({name: param(f"new_{name}") for name in _CHANGES})
)

REMOVE = delete(replication_policies).where(_THIS)

PAGE = (
    _ROW.where(replication_policies.c.id > param("after"))
    .order_by(replication_policies.c.id)
    .limit(param("limit"))
)

OF_REMOTE = _ROW.where(replication_policies.c.remote_id == param("remote_id")).limit(1)
