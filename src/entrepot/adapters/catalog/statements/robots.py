"""Statements on robot accounts."""

from sqlalchemy import delete, select, update

from entrepot.adapters.catalog.access_schema import robots

from .tools import Upsert, insert_all, param

_ROW = select(*robots.columns)
_THIS = robots.c.name == param("name")
_PAGE = _ROW.where(robots.c.name > param("after")).order_by(robots.c.name).limit(param("limit"))

FIND = _ROW.where(_THIS)

BY_ID = _ROW.where(robots.c.id == param("robot_id"))

ADD = Upsert(
    lambda insert: (
        insert_all(insert, robots, "id")
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(robots.c.id)
    )
)

CHANGE = (
    update(robots)
    .where(_THIS)
    .values(
        {
            name: param(f"new_{name}")
            for name in ("description", "networks", "enabled", "expires_at", "changed_at")
        }
    )
)

REMOVE = delete(robots).where(_THIS)

PAGE = _PAGE

PAGE_PROJECT = _PAGE.where(robots.c.project == param("project"))
