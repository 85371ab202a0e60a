"""Kinds of events, and how a change is told: to others, and to the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from entrepot.oci.json import encode
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Event, Tx
from entrepot.rules.audit import resource_of

from .auditing import Act, record
from .context import Caller

MANIFEST_PUBLISHED = "manifest.published"
MANIFEST_DELETED = "manifest.deleted"
MANIFEST_RESTORED = "manifest.restored"
TAG_MOVED = "tag.moved"
TAG_DELETED = "tag.deleted"
BLOB_DELETED = "blob.deleted"
POLICY_CHANGED = "policy.changed"
POLICY_REMOVED = "policy.removed"
QUOTA_CHANGED = "quota.changed"
TRASH_PURGED = "trash.purged"
QUOTA_WARNED = "quota.warned"
RETENTION_FINISHED = "retention.finished"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of content: its kind, where and when.

    `repository` has just the project where it is about one. `resource` is what the audit log says
    it was about, found from the facts where it is empty.
    """

    kind: str
    repository: RepositoryName
    at: float
    resource: str = ""


Fact = str | float | list[str] | None


def payload(caller: Caller, **facts: Fact) -> str:
    """Return an event's payload as JSON text: who, with what client, and the facts."""
    return _text(caller, facts)


async def tell(tx: Tx, caller: Caller, change: Change, facts: Mapping[str, Any]) -> None:
    """Write the change's event and its line of the audit log, in its own transaction.

    Exactly once for each committed change (I9).
    """
    name = change.repository
    await tx.outbox.append(Event(change.kind, name, _text(caller, facts), change.at))
    resource = change.resource or resource_of(name.wire, facts)
    await record(tx, caller, change.at, Act(change.kind, resource, name.project, facts))


async def announce(tx: Tx, caller: Caller, change: Change, facts: Mapping[str, Any]) -> None:
    """Write an event that tells of no change, one of `rules.notifications.kinds.NOTICES`.

    The audit log has no line of it, and a replay leaves it out.
    """
    await tx.outbox.append(Event(change.kind, change.repository, _text(caller, facts), change.at))


def _text(caller: Caller, facts: Mapping[str, Any]) -> str:
    return encode({"actor": caller.actor, "client": caller.client, **facts}).decode()
