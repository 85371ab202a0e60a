"""The audit log: exactly one line for each committed change, and what was refused.

Changes of content go through `events.tell`, which writes the outbox and the log. Every other
service that changes something (users, groups, projects, roles, grants, robots, tokens, keys)
calls `record` itself, once, in the transaction of the change:

    await record(tx, caller, now, Act("robot.created", robot.name, project, {"scope": scope}))

A detail names what was changed and how, and never a secret: no password, no token, no hash of one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from entrepot.oci.errors import Code, Fault
from entrepot.ports.audit import AuditPage, AuditQuery
from entrepot.ports.catalog import Catalog, Tx
from entrepot.rules.audit import DONE, NAME_MAX, TEXT_MAX, AuditLine, clean, details

from .context import Caller

PAGE_MAX = 1000
EXPORT_PAGE = 500
"""Lines read in one transaction, for those who take many."""


@dataclass(frozen=True, slots=True)
class Act:
    """What was done: `grant.created`, to what, and what is to be known of it."""

    operation: str
    resource: str
    project: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    result: str = DONE


def line_of(caller: Caller, at: float, act: Act) -> AuditLine:
    """Return the line of an act, with nothing in it that could forge another one."""
    return AuditLine(
        0,
        at,
        clean(caller.actor, NAME_MAX),
        clean(caller.address, NAME_MAX),
        clean(caller.client),
        clean(act.operation, NAME_MAX),
        clean(act.project, NAME_MAX),
        clean(act.resource, TEXT_MAX),
        act.result,
        details(act.detail),
    )


async def record(tx: Tx, caller: Caller, now: float, act: Act) -> None:
    """Write a line in the transaction of the change, so that both are there or neither is."""
    await tx.audit.append(line_of(caller, now, act))


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines oldest first; `upto` is the id to go on after, and `more` whether that is worth it."""

    lines: tuple[AuditLine, ...]
    upto: int
    more: bool


class AuditService:
    """Reads the log; `source` is what this registry is called where its lines go."""

    def __init__(self, catalog: Catalog, *, source: str = "entrepot") -> None:
        self._catalog = catalog
        self.source = source

    async def page(self, query: AuditQuery, before: int | None, limit: int) -> AuditPage:
        """Return lines, newest first; one with few lines may have a `next` all the same.

        Raises `Fault(REQUEST_INVALID)` for bounds that make no sense.
        """
        if query.since is not None and query.until is not None and query.since > query.until:
            raise Fault(
                Code.REQUEST_INVALID, "since is later than until: exchange them, or leave one away"
            )
        async with self._catalog.begin() as tx:
            return await tx.audit.page(_as_written(query), before, min(limit, PAGE_MAX))

    async def after(self, line_id: int, query: AuditQuery, limit: int = EXPORT_PAGE) -> Stretch:
        """Return what is asked for of the `limit` lines after one, oldest first."""
        query = _as_written(query)
        async with self._catalog.begin() as tx:
            start = line_id
            if query.since is not None:
                start = max(start, await tx.audit.since(query.since))
            found = await tx.audit.after(start, min(limit, PAGE_MAX))
        lines = tuple(line for line in found if concerns(query, line))
        # Times and ids are out of step by less than an hour.
        over = query.until is not None and any(line.at > query.until + 3600 for line in found)
        return Stretch(
            lines, found[-1].id if found else start, more=len(found) >= limit and not over
        )

    async def last(self) -> int:
        """Return the newest line's id; 0 for none."""
        async with self._catalog.begin() as tx:
            return await tx.audit.last()


def concerns(query: AuditQuery, line: AuditLine) -> bool:
    """Whether a line is one of those asked for."""
    return (
        query.actor in ("", line.actor)
        and query.project in ("", line.project)
        and query.operation in ("", line.operation)
        and not (query.refused and line.result == DONE)
        and (query.since is None or line.at >= query.since)
        and (query.until is None or line.at < query.until)
    )


def _as_written(query: AuditQuery) -> AuditQuery:
    return AuditQuery(
        clean(query.actor, NAME_MAX),
        clean(query.project, NAME_MAX),
        clean(query.operation, NAME_MAX),
        query.refused,
        query.since,
        query.until,
    )
