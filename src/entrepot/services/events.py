"""Kinds of events in the outbox, and the payload that all share."""

from entrepot.oci.json import encode

from .context import Caller

MANIFEST_PUBLISHED = "manifest.published"
MANIFEST_DELETED = "manifest.deleted"
TAG_MOVED = "tag.moved"
TAG_DELETED = "tag.deleted"
BLOB_DELETED = "blob.deleted"


def payload(caller: Caller, **facts: str | int | list[str] | None) -> str:
    """Return an event's payload as JSON text: who, with what client, and the facts."""
    return encode({"actor": caller.actor, "client": caller.client, **facts}).decode()
