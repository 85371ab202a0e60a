"""Statements on projects."""

from sqlalchemy import delete, select, update

from entrepot.adapters.catalog.access_schema import projects

from .tools import Upsert, insert_all, param

_ROW = select(*projects.columns)
_THIS = projects.c.name == param("name")

FIND = _ROW.where(_THIS)

ADD = Upsert(
    lambda insert: insert_all(insert, projects).on_conflict_do_nothing(index_elements=["name"])
)

CHANGE = (
    update(projects).where(_THIS).values(public=param("new_public"), networks=param("new_networks"))
)

REMOVE = delete(projects).where(_THIS)

PAGE = _ROW.where(projects.c.name > param("after")).order_by(projects.c.name).limit(param("limit"))
