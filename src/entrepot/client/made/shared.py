"""What several parts of the client share.

Made by `python -m tools.client` from the API's description; do not edit.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Action = Literal["delete", "keep", "untag"]
AuditFormat = Literal["cloudevents", "jsonl", "syslog"]
CredentialKind = Literal["cli", "robot", "token"]
JobState = Literal["cancelled", "done", "failed", "ready", "running"]
Kind = Literal["anonymous", "robot", "user", "workload"]
Level = Literal["project", "registry", "repository"]
Obstacle = Literal["", "account", "address", "grant", "switched off", "token"]
Permission = Literal[
    "access.explain",
    "audit.read",
    "catalog.list",
    "grant.manage",
    "grant.read",
    "history.read",
    "history.rollback",
    "job.manage",
    "job.read",
    "key.manage",
    "label.manage",
    "label.mark",
    "policy.manage",
    "policy.read",
    "project.create",
    "project.delete",
    "project.read",
    "project.update",
    "quota.manage",
    "quota.read",
    "remote.manage",
    "replication.manage",
    "repository.delete",
    "repository.list",
    "repository.pull",
    "repository.push",
    "repository.update",
    "robot.manage",
    "robot.read",
    "role.manage",
    "site.manage",
    "trash.purge",
    "trash.read",
    "trash.restore",
    "user.manage",
    "user.read",
    "webhook.manage",
    "webhook.read",
    "workload.manage",
]
Reason = Literal[
    "nothing else holds it",
    "other manifests hold it",
    "the trash holds it until its entries are purged",
]
Role = Literal["admin", "developer", "guest", "maintainer", "user"]
Source = Literal["htpasswd", "ldap", "local", "oidc"]
Stage = Literal["active", "next", "overlap", "refresh", "retired"]
Standing = Literal["gone", "here", "trash"]
State = Literal["delivered", "failed", "open"]
SubjectKind = Literal["everyone", "group", "robot", "user"]


class DeliveryShown(msgspec.Struct, kw_only=True):
    """An event on its way to a webhook, or what became of it."""

    id: int
    webhook: int
    event: int
    again: bool
    kind: str
    repository: str
    state: str
    attempts: int
    next_at: str | None
    status: int | None
    error: str
    created_at: str
    ended_at: str | None


class JobView(msgspec.Struct, kw_only=True):
    """A job: something that takes longer than a request."""

    id: int
    kind: str
    state: str
    args: dict[str, Any]
    progress: dict[str, Any]
    error: str
    actor: str
    attempt: int
    cancelled: bool
    created_at: str
    run_at: str
    started_at: str | None
    ended_at: str | None


class Nothing(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The body of a request whose address says all: `{}`."""
