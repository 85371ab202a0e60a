"""The present state as a document: what `export` writes."""

from collections.abc import Mapping
from typing import Any

from .items import Fields, Item, Kind, member_of

_KEYS = {
    Kind.ROLE: "roles",
    Kind.GROUP: "groups",
    Kind.REGISTRY: "registries",
    Kind.LABEL: "labels",
    Kind.MEMBER: "members",
    Kind.WEBHOOK: "webhooks",
    Kind.REPLICATION: "replication",
}


def document_of(present: Mapping[Item, Fields]) -> dict[str, Any]:
    """Return items as the JSON value of a document, in a fixed order."""
    whole: dict[str, Any] = {}
    projects: dict[str, dict[str, Any]] = {}
    for item in sorted(present, key=lambda one: (one.kind is not Kind.PROJECT, one)):
        fields = present[item]
        if item.kind is Kind.PROJECT:
            projects[item.name] = {"name": item.name, **fields}
            continue
        home = projects[item.project] if item.project else whole
        if item.kind is Kind.POLICY:
            home[item.name] = _policy(item.name, fields["document"])
        else:
            home.setdefault(_KEYS[item.kind], []).append(_entry(item, fields))
    order = ("roles", "groups", "labels", "registries")
    ordered: dict[str, Any] = {key: whole[key] for key in order if key in whole}
    ordered["projects"] = list(projects.values())
    return ordered


def _policy(kind: str, document: Any) -> Any:
    if kind == "environment":
        return document["environment"]
    if kind != "retention" or "text" not in document:
        return document
    lines, schedule = document["text"].split("\n"), document.get("schedule", "")
    return {"lines": lines, "schedule": schedule} if schedule else lines


def _entry(item: Item, fields: Fields) -> dict[str, Any]:
    if item.kind is not Kind.MEMBER:
        return {"name": item.name, **{key: value for key, value in fields.items() if value != ""}}
    member = member_of(item)
    entry: dict[str, Any] = {member.kind.value: member.name or True}
    entry |= {"role": member.role} if member.role else {"permissions": fields["permissions"]}
    if member.scope != item.project:
        entry["on"] = member.scope
    return entry
