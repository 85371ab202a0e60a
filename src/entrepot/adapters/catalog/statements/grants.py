"""Statements on grants."""

from sqlalchemy import delete, exists, select, union_all, update

from entrepot.adapters.catalog.access_schema import grants, memberships
from entrepot.rules.areas import REGISTRY_AREA
from entrepot.rules.subjects import SubjectKind

from .tools import Upsert, constant, insert_all, param

_ROW = select(*(column for column in grants.columns if column.name != "project"))
_THIS = grants.c.id == param("grant_id")
_SUBJECT = (grants.c.subject_kind == param("kind"), grants.c.subject == param("subject"))
_ABOUT = grants.c.project.in_([constant(REGISTRY_AREA), param("project")])

ADD = Upsert(
    lambda insert: (
        insert_all(insert, grants, "id")
        .on_conflict_do_nothing(index_elements=["subject_kind", "subject", "scope", "role"])
        .returning(grants.c.id)
    )
)

FIND = _ROW.where(_THIS)

_other = grants.alias("other")

CHANGE = (
    update(grants)
    .where(
        _THIS,
        ~exists().where(
            _other.c.subject_kind == grants.c.subject_kind,
            _other.c.subject == grants.c.subject,
            _other.c.scope == grants.c.scope,
            _other.c.role == param("new_role"),
            _other.c.id != grants.c.id,
        ),
    )
    .values(role=param("new_role"), permissions=param("new_permissions"))
)

REMOVE = delete(grants).where(_THIS)

# Each part is served by the index on subject and project. With a join instead, SQLite would look
# through the grants to all groups first.
OF_USER = union_all(
    _ROW.where(
        grants.c.subject_kind == constant(SubjectKind.USER),
        grants.c.subject == param("user_name"),
        _ABOUT,
    ),
    _ROW.where(
        grants.c.subject_kind == constant(SubjectKind.GROUP),
        grants.c.subject.in_(
            select(memberships.c.group_name).where(memberships.c.user_name == param("user_name"))
        ),
        _ABOUT,
    ),
    _ROW.where(
        grants.c.subject_kind == constant(SubjectKind.EVERYONE),
        grants.c.subject == constant(""),
        _ABOUT,
    ),
)

OF_SUBJECT = _ROW.where(*_SUBJECT).order_by(grants.c.id).limit(param("limit"))

PAGE = (
    _ROW.where(grants.c.project == param("project"), grants.c.id > param("after"))
    .order_by(grants.c.id)
    .limit(param("limit"))
)

FORGET = delete(grants).where(*_SUBJECT)

FORGET_PROJECT = delete(grants).where(grants.c.project == param("project"))

WITH_ROLE = _ROW.where(grants.c.role == param("role")).limit(1)
