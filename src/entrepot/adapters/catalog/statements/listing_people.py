"""Statements behind lists of people, machines, grants and the audit log."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from entrepot.adapters.catalog.access_schema import audit, grants, profiles, robots, user_groups
from entrepot.adapters.catalog.schema import accounts
from entrepot.rules.subjects import SubjectKind

from .finding import contains, one_of
from .tools import constant, figure, param


def _named(column: ColumnElement[str], name: str = "name") -> ColumnElement[bool]:
    return and_(
        or_(param(f"{name}_exact") == constant(""), column == param(f"{name}_exact")),
        contains(func.lower(column), param(f"{name}_part")),
    )


_people = accounts.outerjoin(profiles, profiles.c.name == accounts.c.name)
_email = func.coalesce(profiles.c.email, constant(""))
_users = (
    select(accounts.c.name)
    .select_from(_people)
    .where(_named(accounts.c.name), _named(_email, "email"))
)
USERS_BY_NAME = _users.order_by(accounts.c.name)
USERS_BY_CREATED = _users.order_by(accounts.c.created_at, accounts.c.name)
USERS_ROWS = (
    select(
        accounts.c.name,
        accounts.c.role,
        accounts.c.created_at,
        profiles.c.source,
        profiles.c.email,
        profiles.c.display_name,
        profiles.c.enabled,
    )
    .select_from(_people)
    .where(one_of(accounts.c.name))
)

GROUPS_BY_NAME = (
    select(user_groups.c.name).where(_named(user_groups.c.name)).order_by(user_groups.c.name)
)
GROUPS_BY_CREATED = (
    select(user_groups.c.name)
    .where(_named(user_groups.c.name))
    .order_by(user_groups.c.created_at, user_groups.c.name)
)
GROUPS_ROWS = select(user_groups.c.name, user_groups.c.description, user_groups.c.created_at).where(
    one_of(user_groups.c.name)
)

_robots = select(robots.c.id).where(
    or_(robots.c.project == param("project"), param("project").is_(None)), _named(robots.c.name)
)
ROBOTS_BY_NAME = _robots.order_by(robots.c.name)
ROBOTS_BY_CREATED = _robots.order_by(robots.c.created_at, robots.c.id)
ROBOTS_ROWS = select(
    robots.c.id,
    robots.c.name,
    robots.c.project,
    robots.c.description,
    robots.c.networks,
    robots.c.enabled,
    robots.c.expires_at,
    robots.c.created_at,
    robots.c.created_by,
    robots.c.changed_at,
).where(one_of(robots.c.id))

_WHOLE = grants.c.subject_kind.in_([constant(SubjectKind.USER), constant(SubjectKind.GROUP)])
_grants = select(grants.c.id).where(
    grants.c.project == param("project"),
    or_(param("kind") == constant(""), grants.c.subject_kind == param("kind")),
    _named(grants.c.subject),
    or_(param("whole") == figure(0), and_(_WHOLE, grants.c.scope == param("project"))),
)
GRANTS_BY_ID = _grants.order_by(grants.c.id)
GRANTS_BY_NAME = _grants.order_by(grants.c.subject, grants.c.id)
_GRANT = select(
    grants.c.id,
    grants.c.subject_kind,
    grants.c.subject,
    grants.c.scope,
    grants.c.role,
    grants.c.permissions,
    grants.c.created_at,
    grants.c.created_by,
)
GRANTS_ROWS = _GRANT.where(one_of(grants.c.id))
GRANTS_OF_ROBOTS = _GRANT.where(
    grants.c.subject_kind == constant(SubjectKind.ROBOT), one_of(grants.c.subject)
).order_by(grants.c.id)
GRANTS_SORTS = (
    select(grants.c.role, grants.c.permissions, func.count().label("count"))
    .where(grants.c.project == param("project"), grants.c.scope == param("project"), _WHOLE)
    .group_by(grants.c.role, grants.c.permissions)
)


# ---- the audit log

_REFUSED = audit.c.result != constant("done")


def _may(name: str, column: ColumnElement[str]) -> ColumnElement[bool]:
    return or_(param(name) == constant(""), column == param(name))


def _ids(*along: ColumnElement[bool]) -> Select[Any]:
    return (
        select(audit.c.id)
        .where(
            *along,
            audit.c.id > param("after"),
            _may("actor", audit.c.actor),
            _may("project", audit.c.project),
            _may("operation", audit.c.operation),
            or_(param("refused") == figure(0), _REFUSED),
        )
        .order_by(audit.c.id)
        .limit(param("limit"))
    )


AUDIT_IDS = select(audit.c.id).where(audit.c.id > param("after")).order_by(audit.c.id)
AUDIT_IDS = AUDIT_IDS.limit(param("limit"))
AUDIT_IDS_ACTOR = _ids(audit.c.actor == param("value"))
AUDIT_IDS_PROJECT = _ids(audit.c.project == param("value"))
AUDIT_IDS_OPERATION = _ids(audit.c.operation == param("value"))
AUDIT_IDS_REFUSED = _ids(_REFUSED)
AUDIT_FIRST = select(audit.c.id).where(audit.c.id > figure(0)).order_by(audit.c.id).limit(figure(1))
AUDIT_AT_FROM = (
    select(audit.c.at).where(audit.c.at >= param("at")).order_by(audit.c.at).limit(figure(1))
)
AUDIT_LOWEST = select(func.min(audit.c.id)).where(
    audit.c.at >= param("at"), audit.c.at <= param("upto")
)
AUDIT_LATE = (
    select(audit.c.id)
    .where(audit.c.at >= param("from"), audit.c.at < param("at"), audit.c.id > param("after"))
    .order_by(audit.c.at)
    .limit(param("limit"))
)
AUDIT_ROWS = select(*audit.columns).where(one_of(audit.c.id))
