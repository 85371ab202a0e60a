"""Statements on artifacts and what decides how long they stay."""

from sqlalchemy import func, select

from entrepot.adapters.catalog.schema import (
    blobs,
    edges,
    manifests,
    pulls,
    tags,
    trash,
    trash_holds,
)
from entrepot.ports.catalog import EDGE_CHILD

from .tools import constant, figure, param

_pulled = (
    select(pulls.c.pulled_at)
    .where(pulls.c.repository_id == manifests.c.repository_id, pulls.c.digest == manifests.c.digest)
    .scalar_subquery()
)
_held = edges.alias("held")
_size = (
    select(func.coalesce(func.sum(blobs.c.size), figure(0)))
    .join(_held, _held.c.target == blobs.c.digest)
    .where(_held.c.manifest_id == manifests.c.id)
    .scalar_subquery()
)
_parents = manifests.alias("parents")
_naming = edges.alias("naming")
_parent = (
    select(_parents.c.digest)
    .join(_naming, _naming.c.manifest_id == _parents.c.id)
    .where(
        _naming.c.target == manifests.c.digest,
        _naming.c.repository_id == manifests.c.repository_id,
        _naming.c.kind == constant(EDGE_CHILD),
    )
    .limit(1)
    .scalar_subquery()
)
# An index in the trash takes along what it leaves behind when it is purged.
# The sum keeps SQLite from beginning with all that the repository has in the trash.
_trashed_parent = (
    select(trash.c.digest)
    .join(trash_holds, trash_holds.c.trash_id == trash.c.id)
    .where(
        trash_holds.c.target == manifests.c.digest,
        trash.c.repository_id + figure(0) == manifests.c.repository_id,
        trash.c.digest != manifests.c.digest,
    )
    .limit(1)
    .scalar_subquery()
)

PAGE = (
    select(
        manifests.c.id,
        manifests.c.digest,
        manifests.c.media_type,
        manifests.c.annotations,
        manifests.c.pushed_at,
        _pulled.label("pulled_at"),
        _size.label("held_size"),
        func.coalesce(_parent, _trashed_parent).label("child_of"),
    )
    .where(
        manifests.c.repository_id == param("repository_id"),
        manifests.c.subject.is_(None),
        manifests.c.id > param("after"),
    )
    .order_by(manifests.c.id)
    .limit(param("limit"))
)

TAGS = (
    select(manifests.c.id, tags.c.name, tags.c.moved_at)
    .join(tags, tags.c.manifest_id == manifests.c.id)
    .where(
        manifests.c.repository_id == param("repository_id"),
        manifests.c.subject.is_(None),
        manifests.c.id > param("after"),
        manifests.c.id <= param("last"),
    )
)
