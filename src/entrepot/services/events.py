"""Kinds of events in the outbox, and the payload that all share."""

from entrepot.oci.json import encode

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


def payload(caller: Caller, **facts: str | float | list[str] | None) -> str:
    """Return an event's payload as JSON text: who, with what client, and the facts."""
    return encode({"actor": caller.actor, "client": caller.client, **facts}).decode()
