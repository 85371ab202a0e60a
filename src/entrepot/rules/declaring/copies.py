"""Replication as a project's file says it, and as `rules.replication` keeps it."""

from collections.abc import Mapping
from typing import Any

from entrepot.rules.replication import Direction, Field, Filter, Replication

from .items import Fields

ALL = "**"


def policy_of(project: str, fields: Fields) -> dict[str, Any]:
    """Return the document of a policy that pushes what a project's entry names.

    Fields that the entry leaves out have their defaults.
    """
    filters = [{"field": "name", "value": f"{project}/{fields.get('repositories') or ALL}"}]
    if fields.get("tags"):
        filters.append({"field": "tag", "value": fields["tags"]})
    trigger: Mapping[str, Any] = fields.get("trigger") or {"type": "manual"}
    return {
        "description": fields.get("description", ""),
        "filters": filters,
        "destination": {"namespace": fields.get("dest_namespace", "")},
        "trigger": {"kind": trigger["type"], "cron": trigger.get("cron", "")},
        "override": fields.get("override", True),
    }


def entry_of(policy: Replication, remote: str, *, enabled: bool) -> tuple[str, Fields] | None:
    """Return project and entry of a policy that an entry can say; None for any other one."""
    name = _only(policy.filters, Field.NAME)
    tags = _only(policy.filters, Field.TAG)
    known = (name is not None) + (tags is not None)
    if name is None or known != len(policy.filters) or policy.direction is not Direction.PUSH:
        return None
    if policy.deletion or policy.bandwidth_bytes or policy.chunked or policy.single:
        return None
    project, slash, repositories = name.partition("/")
    if not slash or policy.replaces != 1 or set(project) & set("*?{["):
        return None
    trigger = {"type": policy.trigger.value, **({"cron": policy.cron} if policy.cron else {})}
    return project, {
        "registry": remote,
        "dest_namespace": policy.namespace,
        "enabled": enabled,
        "trigger": trigger,
        "description": policy.description,
        "repositories": "" if repositories == ALL else repositories,
        "tags": tags or "",
        "override": policy.override,
    }


def _only(filters: tuple[Filter, ...], field: Field) -> str | None:
    found = [one for one in filters if one.field is field]
    if len(found) != 1 or found[0].exclude or len(found[0].values) != 1:
        return None
    return found[0].values[0]
