"""Statements on the history of tags."""

from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, and_, case, exists, func, select

from entrepot.adapters.catalog.schema import manifests, repositories, tag_history, tags, trash
from entrepot.ports.trash import KIND_MANIFEST
from entrepot.rules.history import Standing

from .tools import constant, figure, param

_REPOSITORY = param("repository_id")
_ROW = select(
    tag_history.c.id,
    tag_history.c.tag,
    tag_history.c.before,
    tag_history.c.after,
    tag_history.c.at,
    tag_history.c.actor,
    tag_history.c.client,
)


def _facts(tag: ColumnElement[Any], newest: ColumnElement[Any], source: Any) -> Select[Any]:
    """Return what is known of each tag of `source`, at the moment and now."""
    earlier = tag_history.alias("earlier")
    then = tag_history.alias("then_")
    current = manifests.alias("current")
    target = manifests.alias("target")
    at_moment = (
        select(earlier.c.id)
        .where(
            earlier.c.repository_id == _REPOSITORY,
            earlier.c.tag == tag,
            earlier.c.at <= param("moment"),
        )
        .order_by(earlier.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    in_trash = exists().where(
        trash.c.repository_id == _REPOSITORY,
        trash.c.digest == then.c.after,
        trash.c.kind == constant(KIND_MANIFEST),
    )
    standing = case(
        (target.c.id.is_not(None), constant(Standing.HERE)),
        (in_trash, constant(Standing.TRASH)),
        else_=constant(Standing.GONE),
    )
    joined = (
        source.outerjoin(then, then.c.id == at_moment)
        .outerjoin(
            target, and_(target.c.digest == then.c.after, target.c.repository_id == _REPOSITORY)
        )
        .outerjoin(tags, and_(tags.c.repository_id == _REPOSITORY, tags.c.name == tag))
        .outerjoin(current, current.c.id == tags.c.manifest_id)
    )
    return select(tag, then.c.after, standing, current.c.digest, newest, then.c.at).select_from(
        joined
    )


def _next(after: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the first tag behind `after`: one step down the index, past all moves of `after`."""
    moves = tag_history.alias("behind")
    return (
        select(func.min(moves.c.tag))
        .where(moves.c.repository_id == _REPOSITORY, moves.c.tag > after)
        .scalar_subquery()
    )


def _walk() -> CTE:
    """Return `limit` tags above `after`, each found from the one before it."""
    walk = select(_next(param("after")).label("tag"), figure(1).label("number")).cte(
        "walk", recursive=True
    )
    return walk.union_all(
        select(_next(walk.c.tag), walk.c.number + figure(1)).where(
            walk.c.tag.is_not(None), walk.c.number < param("limit")
        )
    )


def _newest(tag: ColumnElement[Any]) -> ColumnElement[Any]:
    moves = tag_history.alias("latest")
    return (
        select(func.max(moves.c.id))
        .where(moves.c.repository_id == _REPOSITORY, moves.c.tag == tag)
        .scalar_subquery()
    )


_tags_there = _walk()
FACTS = _facts(_tags_there.c.tag, _newest(_tags_there.c.tag), _tags_there).where(
    _tags_there.c.tag.is_not(None)
)

_last = tag_history.alias("last")
FACT = (
    _facts(_last.c.tag, _last.c.id, _last)
    .where(_last.c.repository_id == _REPOSITORY, _last.c.tag == param("tag"))
    .order_by(_last.c.id.desc())
    .limit(1)
)

OF_TAG = (
    _ROW.where(
        tag_history.c.repository_id == _REPOSITORY,
        tag_history.c.tag == param("tag"),
        tag_history.c.id < param("before"),
    )
    .order_by(tag_history.c.id.desc())
    .limit(param("limit"))
)

OF_REPOSITORY = (
    _ROW.where(tag_history.c.repository_id == _REPOSITORY, tag_history.c.id < param("before"))
    .order_by(tag_history.c.id.desc())
    .limit(param("limit"))
)

NEWEST = select(func.max(tag_history.c.id))

# Names of one project lie between `project/` and `project0`, the next character after the slash.
REPOSITORIES = (
    select(repositories.c.name)
    .where(repositories.c.name > param("after"), repositories.c.name < param("end"))
    .order_by(repositories.c.name)
    .limit(param("limit"))
)
