"""Statements on the audit log.

A page is found along one index, from a place down to another: so it reads a bounded number of
rows, whatever else is asked for. `DOWN_TO_*` find that other place in the index alone.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, delete, insert, or_, select

from entrepot.adapters.catalog.access_schema import audit

from .tools import constant, figure, insert_all, param

APPEND = insert_all(insert, audit, "id")

_REFUSED = audit.c.result != constant("done")


def _down_to(*along: ColumnElement[bool]) -> Select[Any]:
    return (
        select(audit.c.id)
        .where(*along, audit.c.id < param("before"), audit.c.id > param("after"))
        .order_by(audit.c.id.desc())
        .limit(figure(1))
        .offset(param("looked"))
    )


def _may(name: str, column: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a column is as asked for, where it is; as an alternative it takes no index."""
    return or_(param(name) == constant(""), column == param(name))


def _page(*along: ColumnElement[bool]) -> Select[Any]:
    return (
        select(*audit.columns)
        .where(
            *along,
            audit.c.id < param("before"),
            audit.c.id >= param("least"),
            _may("actor", audit.c.actor),
            _may("project", audit.c.project),
            _may("operation", audit.c.operation),
            or_(param("refused") == figure(0), _REFUSED),
            or_(audit.c.at >= param("since"), param("since").is_(None)),
            or_(audit.c.at < param("until"), param("until").is_(None)),
        )
        .order_by(audit.c.id.desc())
        .limit(param("limit"))
    )


DOWN_TO = _down_to()
DOWN_TO_ACTOR = _down_to(audit.c.actor == param("value"))
DOWN_TO_PROJECT = _down_to(audit.c.project == param("value"))
DOWN_TO_OPERATION = _down_to(audit.c.operation == param("value"))
DOWN_TO_REFUSED = _down_to(_REFUSED)

PAGE = _page()
PAGE_ACTOR = _page(audit.c.actor == param("value"))
PAGE_PROJECT = _page(audit.c.project == param("value"))
PAGE_OPERATION = _page(audit.c.operation == param("value"))
PAGE_REFUSED = _page(_REFUSED)

FIRST_FROM = (
    select(audit.c.id).where(audit.c.at >= param("at")).order_by(audit.c.at).limit(figure(1))
)

AFTER = (
    select(*audit.columns)
    .where(audit.c.id > param("after"))
    .order_by(audit.c.id)
    .limit(param("limit"))
)

PRUNE = delete(audit).where(
    audit.c.id.in_(
        select(audit.c.id)
        .where(audit.c.at < param("before"))
        .order_by(audit.c.at)
        .limit(param("limit"))
    )
)

REMOVE = delete(audit).where(audit.c.id == param("id"))
