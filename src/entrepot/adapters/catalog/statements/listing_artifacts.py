"""Statements behind lists of artifacts and tags.

Four ways lead to artifacts: all of a scope, and those with one tag, label or digest. A scope is a
stretch of repository names: one name, or all that begin with a project's.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    cast,
    exists,
    func,
    or_,
    select,
)

from entrepot.adapters.catalog.management_schema import label_marks, manifest_extracts
from entrepot.adapters.catalog.schema import (
    NUMBER,
    blobs,
    edges,
    manifests,
    pulls,
    repositories,
    tag_history,
    tags,
)
from entrepot.ports.catalog import EDGE_BLOB, EDGE_CHILD, EDGE_SPARSE
from entrepot.ports.listing import LABELS_MAX, TYPES_MAX

from .finding import contains, joined, one_of
from .tools import constant, figure, param

_AS_CHILD = [constant(EDGE_CHILD), constant(EDGE_SPARSE)]
_any_tag = tags.alias("any_tag")
_tagged = exists().where(_any_tag.c.manifest_id == manifests.c.id)
_named = exists().where(
    edges.c.target == manifests.c.digest,
    edges.c.repository_id == manifests.c.repository_id,
    edges.c.kind.in_(_AS_CHILD),
)
_TOP = and_(manifests.c.subject.is_(None), or_(_tagged, ~_named))


# ---- size: of all blobs, and of those of the children

_held = edges.alias("held")
_own = (
    select(func.coalesce(func.sum(blobs.c.size), figure(0)))
    .join(_held, _held.c.target == blobs.c.digest)
    .where(_held.c.manifest_id == manifests.c.id)
    .scalar_subquery()
)
_to_child = edges.alias("to_child")
_child = manifests.alias("child")
_of_child = edges.alias("of_child")
_theirs = (
    select(func.coalesce(func.sum(blobs.c.size), figure(0)))
    .select_from(_to_child)
    .join(
        _child,
        and_(
            _child.c.digest == _to_child.c.target,
            _child.c.repository_id == _to_child.c.repository_id,
        ),
    )
    .join(
        _of_child,
        and_(_of_child.c.manifest_id == _child.c.id, _of_child.c.kind == constant(EDGE_BLOB)),
    )
    .join(blobs, blobs.c.digest == _of_child.c.target)
    .where(_to_child.c.manifest_id == manifests.c.id, _to_child.c.kind.in_(_AS_CHILD))
    .scalar_subquery()
)
_size = _own + _theirs


def _marked(number: int) -> ColumnElement[bool]:
    label = param(f"label{number}")
    return or_(
        label == figure(0),
        exists().where(
            label_marks.c.repository == repositories.c.name,
            label_marks.c.digest == manifests.c.digest,
            label_marks.c.label_id == label,
        ),
    )


_of_type = [param(f"type{n}") for n in range(TYPES_MAX)]
_tags_with = tags.alias("tags_with")
_WANTED = (
    _TOP,
    or_(cast(param("tagged"), NUMBER).is_(None), _tagged == (param("tagged") == figure(1))),
    or_(
        param("tag_part") == constant(""),
        exists().where(
            _tags_with.c.manifest_id == manifests.c.id,
            contains(_tags_with.c.name, param("tag_part")),
        ),
    ),
    or_(param("digest") == constant(""), manifests.c.digest == param("digest")),
    or_(
        param("type0") == constant(""),
        manifests.c.artifact_type.in_(_of_type),
        manifests.c.media_type.in_(_of_type),
    ),
    or_(manifests.c.pushed_at >= param("since"), param("since").is_(None)),
    or_(manifests.c.pushed_at <= param("until"), param("until").is_(None)),
    *(_marked(number) for number in range(LABELS_MAX)),
)
_SCOPE = (repositories.c.name >= param("low"), repositories.c.name < param("high"))


def _walk(source: FromClause, *along: ColumnElement[bool]) -> Select[Any]:
    return select(manifests.c.id).select_from(source).where(*_SCOPE, *along, *_WANTED)


def _pushed(walk: Select[Any]) -> Select[Any]:
    return walk.order_by(manifests.c.pushed_at, manifests.c.id)


def _sized(walk: Select[Any]) -> Select[Any]:
    return walk.order_by(_size, manifests.c.id)


_in = manifests.c.repository_id == repositories.c.id
_all = _walk(repositories.join(manifests, _in))
_tag = _walk(
    repositories.join(tags, tags.c.repository_id == repositories.c.id).join(
        manifests, manifests.c.id == tags.c.manifest_id
    ),
    tags.c.name == param("tag_exact"),
)
_marks = label_marks.alias("marks")
_label = _walk(
    repositories.join(_marks, _marks.c.repository == repositories.c.name).join(
        manifests, and_(_in, manifests.c.digest == _marks.c.digest)
    ),
    _marks.c.label_id == param("label0"),
)
_digest = _walk(manifests.join(repositories, _in), manifests.c.digest == param("digest"))
ALL_BY_PUSHED, ALL_BY_SIZE = _pushed(_all), _sized(_all)
TAG_BY_PUSHED, TAG_BY_SIZE = _pushed(_tag), _sized(_tag)
LABEL_BY_PUSHED, LABEL_BY_SIZE = _pushed(_label), _sized(_label)
DIGEST_BY_PUSHED = _pushed(_digest)

COUNTS = (
    select(repositories.c.name, func.count().label("count"))
    .select_from(repositories.join(manifests, _in))
    .where(one_of(repositories.c.name), _TOP)
    .group_by(repositories.c.name)
)
PULLS = (
    select(repositories.c.name, func.sum(pulls.c.count).label("count"))
    .join(pulls, pulls.c.repository_id == repositories.c.id)
    .where(one_of(repositories.c.name))
    .group_by(repositories.c.name)
)

PUSHED = select(manifests.c.pushed_at).where(manifests.c.id == param("artifact_id"))

_some_tags = (
    select(tags.c.name, tags.c.manifest_id)
    .join(repositories, repositories.c.id == tags.c.repository_id)
    .where(repositories.c.name == param("repository"), tags.c.name > param("after"))
    .order_by(tags.c.name)
    .limit(param("limit"))
    .subquery("some_tags")
)
_place = cast(_some_tags.c.manifest_id, Text)
TAG_TEXT = select(
    joined(_some_tags.c.name.concat(constant("/")).concat(_place)).label("text"),
    func.max(_some_tags.c.name).label("last"),
)

_left, _reached = manifests.alias("left_"), manifests.alias("reached")
MOVED = (
    select(tag_history.c.id, _left.c.id.label("left_id"), _reached.c.id.label("reached_id"))
    .select_from(
        repositories.join(tag_history, tag_history.c.repository_id == repositories.c.id)
        .outerjoin(
            _left,
            and_(
                _left.c.digest == tag_history.c.before,
                _left.c.repository_id == tag_history.c.repository_id,
            ),
        )
        .outerjoin(
            _reached,
            and_(
                _reached.c.digest == tag_history.c.after,
                _reached.c.repository_id == tag_history.c.repository_id,
            ),
        )
    )
    .where(repositories.c.name == param("repository"), tag_history.c.id > param("after"))
    .order_by(tag_history.c.id)
    .limit(param("limit"))
)

_this = and_(
    pulls.c.repository_id == manifests.c.repository_id, pulls.c.digest == manifests.c.digest
)
ROWS = (
    select(
        manifests.c.id,
        repositories.c.name,
        manifests.c.digest,
        manifests.c.media_type,
        manifests.c.artifact_type,
        manifests.c.annotations,
        manifests.c.pushed_at,
        pulls.c.pulled_at,
        func.coalesce(pulls.c.count, figure(0)).label("pull_count"),
        select(func.count())
        .where(tags.c.manifest_id == manifests.c.id)
        .scalar_subquery()
        .label("tag_count"),
        manifest_extracts.c.text,
        manifest_extracts.c.size_bytes,
    )
    .join(repositories, _in)
    .outerjoin(pulls, _this)
    .outerjoin(manifest_extracts, manifest_extracts.c.manifest_id == manifests.c.id)
    .where(one_of(manifests.c.id))
)

SIZES = select(manifests.c.id, _size.label("size_of_all")).where(one_of(manifests.c.id))

# A push moves several tags at once, as a rule: so there are fewer rows than tags.
TAGS_OF_ARTIFACTS = (
    select(tags.c.manifest_id, tags.c.moved_at, joined(tags.c.name).label("names"))
    .where(one_of(tags.c.manifest_id))
    .group_by(tags.c.manifest_id, tags.c.moved_at)
    .order_by(tags.c.manifest_id, tags.c.moved_at)
)
TAGS_OF_ARTIFACT = (
    select(tags.c.manifest_id, tags.c.name, tags.c.moved_at)
    .where(tags.c.manifest_id == param("manifest_id"))
    .order_by(tags.c.moved_at.desc(), tags.c.repository_id.desc(), tags.c.name.desc())
    .limit(param("limit"))
)

# ---- tags of a repository, or of one manifest


def _tags(*columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(repositories.join(tags, tags.c.repository_id == repositories.c.id))
        .where(
            repositories.c.name == param("repository"),
            contains(tags.c.name, param("name_part")),
            or_(param("name_exact") == constant(""), tags.c.name == param("name_exact")),
        )
    )


def _tags_of_manifest(*columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(
            repositories.join(manifests, _in).join(tags, tags.c.manifest_id == manifests.c.id)
        )
        .where(
            repositories.c.name == param("repository"),
            manifests.c.digest == param("digest"),
            contains(tags.c.name, param("name_part")),
            or_(param("name_exact") == constant(""), tags.c.name == param("name_exact")),
        )
    )


_limit = param("limit")
TAGS_BY_NAME = _tags(tags.c.name).order_by(tags.c.name).limit(_limit)
TAGS_BY_NAME_DOWN = _tags(tags.c.name).order_by(tags.c.name.desc()).limit(_limit)
TAGS_BY_MOVED = _tags(tags.c.name).order_by(tags.c.moved_at, tags.c.name).limit(_limit)
TAGS_BY_MOVED_DOWN = (
    _tags(tags.c.name).order_by(tags.c.moved_at.desc(), tags.c.name.desc()).limit(_limit)
)
TAGS_COUNT = _tags(func.count())
MANIFEST_TAGS = _tags_of_manifest(tags.c.name, tags.c.moved_at)
MANIFEST_TAGS_COUNT = _tags_of_manifest(func.count())
TAGS_ROWS = (
    select(tags.c.name, manifests.c.digest, tags.c.moved_at)
    .select_from(
        repositories.join(tags, tags.c.repository_id == repositories.c.id).join(
            manifests, manifests.c.id == tags.c.manifest_id
        )
    )
    .where(repositories.c.name == param("repository"), one_of(tags.c.name))
)
