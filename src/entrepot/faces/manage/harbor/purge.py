"""Purges of the audit log, in Harbor's words: `/system/purgeaudit`."""

from typing import Any

from entrepot.faces.manage.jobs import Desk
from entrepot.oci.errors import Code, Fault
from entrepot.services.auditprune import KIND
from entrepot.services.numbers import NumberService

from .api import Route
from .auditwords import of_events
from .planned import Parameters, Planned, planned_routes

HOURS_MAX = 240_000
HOURS = "audit_retention_hour"
EVENTS = "include_event_types"
OPERATIONS = "include_operations"
"""How event types were called before Harbor 2.13."""


def purge_routes(desk: Desk, numbers: NumberService) -> list[Route]:
    """Return what is served of purges."""
    planned = Planned(
        base="/system/purgeaudit",
        name="PURGE_AUDIT_LOG",
        kind=KIND,
        schedule="audit-prune",
        tag="audit purges",
        arguments=_arguments,
    )
    return planned_routes(planned, desk, numbers)


def _arguments(given: Parameters) -> dict[str, Any]:
    """Return our arguments; only lines of the event types that are named will go."""
    if not given:
        raise _bad("schedule parameter cann't be empty")
    hours = given.get(HOURS)
    if hours is None:
        raise _bad(f"{HOURS} should provide")
    if isinstance(hours, float) and hours.is_integer():
        hours = int(hours)
    if type(hours) is not int or hours < 0:
        raise _bad(f"{HOURS} should be integer format")
    if hours > HOURS_MAX:
        raise _bad(f"{HOURS} should be less than {HOURS_MAX}")
    events = given.get(EVENTS) or given.get(OPERATIONS)
    if not isinstance(events, str):
        raise _bad(f"{EVENTS} should provide")
    named = [one.strip() for one in events.split(",") if one.strip()]
    operations, excluded = of_events(named)
    args = {"keep_hours": hours, "operations": operations, "excluded": excluded}
    return {**args, "dry_run": True} if given.get("dry_run") is True else args


def _bad(message: str) -> Fault:
    return Fault(Code.REQUEST_INVALID, message)
