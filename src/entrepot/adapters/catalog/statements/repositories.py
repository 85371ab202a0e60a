"""Statements on repositories."""

from sqlalchemy import exists, func, select, union_all

from entrepot.adapters.catalog.schema import blobs, manifests, repositories, repository_blobs

from .finding import one_of
from .tools import Upsert, constant, insert_all, param

FIND = select(repositories.c.id, repositories.c.name).where(repositories.c.name == param("name"))

BY_ID = select(repositories.c.id, repositories.c.name).where(
    repositories.c.id == param("repository_id")
)

ADD = Upsert(
    lambda insert: insert_all(insert, repositories, "id").on_conflict_do_nothing(
        index_elements=["name"]
    )
)

# Whoever asks looks at the state: asked here, SQLite would go through all that are live.
HELD = union_all(
    select(blobs.c.digest, blobs.c.size, blobs.c.state)
    .join(repository_blobs, repository_blobs.c.digest == blobs.c.digest)
    .where(
        repository_blobs.c.repository_id == param("repository_id"),
        one_of(repository_blobs.c.digest),
    ),
    select(manifests.c.digest, manifests.c.size, constant("")).where(
        manifests.c.repository_id == param("repository_id"), one_of(manifests.c.digest)
    ),
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
