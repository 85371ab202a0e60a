"""Statements on rows of blobs and their links."""

from sqlalchemy import delete, select, update

from entrepot.adapters.catalog.schema import (
    blobs,
    edges,
    repositories,
    repository_blobs,
    trash_holds,
)
from entrepot.rules.leases import BlobState

from .tools import Upsert, constant, insert_all, param

_ROW = select(blobs.c.digest, blobs.c.generation, blobs.c.state, blobs.c.size, blobs.c.keep_until)
_LIVE = blobs.c.state == constant(BlobState.LIVE)

FIND = _ROW.where(blobs.c.digest == param("digest"))

IN_REPOSITORY = _ROW.join(repository_blobs, repository_blobs.c.digest == blobs.c.digest).where(
    repository_blobs.c.repository_id == param("repository_id"),
    repository_blobs.c.digest == param("digest"),
    _LIVE,
)

REPLACE = delete(blobs).where(blobs.c.generation == param("generation"))

ARRIVE = Upsert(
    lambda insert: (
        insert_all(insert, blobs, "generation")
        .on_conflict_do_nothing(index_elements=["digest"])
        .returning(blobs.c.generation)
    )
)

SET_STATE = (
    update(blobs)
    .where(blobs.c.digest == param("digest"), blobs.c.generation == param("generation"))
    .values(state=param("new_state"))
)

KEEP = (
    update(blobs)
    .where(blobs.c.digest == param("digest"), blobs.c.keep_until < param("until"))
    .values(keep_until=param("until"))
)

REFERENCED = (
    select(edges.c.target)
    .where(edges.c.target == param("target"))
    .union_all(select(trash_holds.c.target).where(trash_holds.c.target == param("target")))
    .limit(1)
)

LINK = Upsert(
    lambda insert: insert_all(insert, repository_blobs).on_conflict_do_nothing(
        index_elements=["repository_id", "digest"]
    )
)

UNLINK = delete(repository_blobs).where(
    repository_blobs.c.repository_id == param("repository_id"),
    repository_blobs.c.digest == param("digest"),
)

SOURCES = (
    select(repositories.c.name)
    .join(repository_blobs, repository_blobs.c.repository_id == repositories.c.id)
    .join(blobs, blobs.c.digest == repository_blobs.c.digest)
    .where(repository_blobs.c.digest == param("digest"), _LIVE)
    .order_by(repository_blobs.c.repository_id)
    .limit(param("limit"))
)
