"""Statements behind lists: keys of all that a filter lets pass, and rows by key.

A walk goes through all that its scope holds and asks each condition of each row, those that are
not wanted too: they cost a comparison. What narrows well has a walk of its own, from its index.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select

from entrepot.adapters.catalog.access_schema import projects
from entrepot.adapters.catalog.schema import (
    jobs,
    ledgers,
    manifests,
    outbox,
    repositories,
    tag_history,
)
from entrepot.ports.ledgers import KIND_PROJECT
from entrepot.ports.listing import TYPES_MAX

from .finding import contains, one_of
from .tools import constant, figure, param

CHANGES = (
    select(outbox.c.sequence, outbox.c.repository)
    .where(outbox.c.sequence > param("after"))
    .order_by(outbox.c.sequence)
    .limit(param("limit"))
)


def _named(column: ColumnElement[str], name: str = "name") -> ColumnElement[bool]:
    return and_(
        or_(param(f"{name}_exact") == constant(""), column == param(f"{name}_exact")),
        contains(func.lower(column), param(f"{name}_part")),
    )


# ---- projects

_projects = select(projects.c.name, projects.c.public).where(
    _named(projects.c.name),
    or_(projects.c.public == param("public"), param("public").is_(None)),
    or_(param("owner") == constant(""), projects.c.created_by == param("owner")),
)
PROJECTS_BY_NAME = _projects.order_by(projects.c.name)
PROJECTS_BY_CREATED = _projects.order_by(projects.c.created_at, projects.c.name)
_accounted = _projects.select_from(
    projects.outerjoin(
        ledgers,
        and_(ledgers.c.kind == constant(KIND_PROJECT), ledgers.c.name == projects.c.name),
    )
)
_most = case((ledgers.c.id.is_(None), param("limit_bytes")), else_=ledgers.c.limit_bytes)
PROJECTS_BY_USED = _accounted.order_by(
    func.coalesce(ledgers.c.used_bytes, figure(0)), projects.c.name
)
PROJECTS_BY_LIMIT = _accounted.order_by(func.coalesce(_most, figure(-1)), projects.c.name)
PROJECTS_ROWS = select(
    projects.c.name,
    projects.c.public,
    projects.c.networks,
    projects.c.created_at,
    projects.c.created_by,
).where(one_of(projects.c.name))

# ---- repositories

_moved = (
    select(tag_history.c.at)
    .where(tag_history.c.repository_id == repositories.c.id)
    .order_by(tag_history.c.id.desc())
    .limit(figure(1))
    .scalar_subquery()
)
_pushed = (
    select(manifests.c.pushed_at)
    .where(manifests.c.repository_id == repositories.c.id, manifests.c.subject.is_(None))
    .order_by(manifests.c.id.desc())
    .limit(figure(1))
    .scalar_subquery()
)
_newest = func.coalesce(_pushed, repositories.c.created_at)
_updated = case((_moved > _newest, _moved), else_=_newest)
_repositories = select(repositories.c.id, repositories.c.name).where(
    repositories.c.name >= param("low"),
    repositories.c.name < param("high"),
    _named(repositories.c.name),
    exists().where(manifests.c.repository_id == repositories.c.id),
)
REPOSITORIES_BY_NAME = _repositories.order_by(repositories.c.name)
REPOSITORIES_BY_CREATED = _repositories.order_by(repositories.c.created_at, repositories.c.name)
REPOSITORIES_BY_UPDATED = _repositories.order_by(_updated, repositories.c.name)
REPOSITORIES_ROWS = select(
    repositories.c.id,
    repositories.c.name,
    repositories.c.created_at,
    _updated.label("updated_at"),
).where(one_of(repositories.c.id))

# ---- ledgers and jobs

_ledgers = select(ledgers.c.id).where(ledgers.c.kind == param("kind"), _named(ledgers.c.name))
LEDGERS_BY_NAME = _ledgers.order_by(ledgers.c.name)
LEDGERS_BY_USED = _ledgers.order_by(ledgers.c.used_bytes, ledgers.c.name)
LEDGERS_BY_LIMIT = _ledgers.order_by(
    ledgers.c.limit_bytes.is_(None), ledgers.c.limit_bytes, ledgers.c.name
)
LEDGERS_SUM = select(func.coalesce(func.sum(ledgers.c.used_bytes), figure(0))).where(
    ledgers.c.kind == param("kind")
)
LEDGERS_ROWS = select(
    ledgers.c.id,
    ledgers.c.kind,
    ledgers.c.name,
    ledgers.c.used_bytes,
    ledgers.c.manifests,
    ledgers.c.limit_bytes,
    ledgers.c.limit_manifests,
).where(one_of(ledgers.c.id))


def _jobs(*of: ColumnElement[bool]) -> Select[Any]:
    state = or_(param("state") == constant(""), jobs.c.state == param("state"))
    return select(jobs.c.id).where(*of, state).order_by(jobs.c.id)


JOBS_ALL = _jobs()
JOBS_OF_KIND = _jobs(jobs.c.kind == param("kind0"))
JOBS_OF_KINDS = _jobs(jobs.c.kind.in_([param(f"kind{n}") for n in range(TYPES_MAX)]))
JOBS_ROWS = select(
    jobs.c.id,
    jobs.c.kind,
    jobs.c.args,
    jobs.c.mutex,
    jobs.c.state,
    jobs.c.run_at,
    jobs.c.attempt,
    jobs.c.owner,
    jobs.c.lease_until,
    jobs.c.cancelled,
    jobs.c.progress,
    jobs.c.error,
    jobs.c.actor,
    jobs.c.created_at,
    jobs.c.started_at,
    jobs.c.ended_at,
).where(one_of(jobs.c.id))
