"""Statements on repositories."""

from sqlalchemy import exists, func, select

from entrepot.adapters.catalog.schema import manifests, repositories

from .tools import Upsert, insert_all, param

FIND = select(repositories.c.id, repositories.c.name).where(repositories.c.name == param("name"))

BY_ID = select(repositories.c.id, repositories.c.name).where(
    repositories.c.id == param("repository_id")
)

ADD = Upsert(
    lambda insert: insert_all(insert, repositories, "id").on_conflict_do_nothing(
        index_elements=["name"]
    )
)

PAGE = (
    select(repositories.c.name)
    .where(repositories.c.wire_name > param("after"))
    .where(exists().where(manifests.c.repository_id == repositories.c.id))
    .order_by(repositories.c.wire_name)
    .limit(param("limit"))
)

# Full names of one project lie between `project/` and `project0`, the next character.
COUNT = (
    select(func.count())
    .select_from(repositories)
    .where(repositories.c.name > param("low"), repositories.c.name < param("high"))
    .where(exists().where(manifests.c.repository_id == repositories.c.id))
)
