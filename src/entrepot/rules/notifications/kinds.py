"""Kinds of events that others can be told of, in our words.

Those of changes are as `services.events` writes them; the others are notices: they tell of what
changed nothing that a replay would need.
"""

PUBLISHED = "manifest.published"
RESTORED = "manifest.restored"
DELETED = "manifest.deleted"
PULLED = "manifest.pulled"
TAG_MOVED = "tag.moved"
TAG_DELETED = "tag.deleted"
BLOB_DELETED = "blob.deleted"
PURGED = "trash.purged"
POLICY_CHANGED = "policy.changed"
POLICY_REMOVED = "policy.removed"
QUOTA_CHANGED = "quota.changed"
QUOTA_WARNED = "quota.warned"
QUOTA_EXCEEDED = "quota.exceeded"
RETENTION_FINISHED = "retention.finished"
TEST = "webhook.test"
"""What the test button sends: to one webhook alone, whatever kinds it asks for."""

NOTICES = frozenset({PULLED, QUOTA_WARNED, QUOTA_EXCEEDED, RETENTION_FINISHED})
"""Kinds that tell of no change: the audit log has no line of them, and a replay leaves them out."""

SAYS = {
    PUBLISHED: "an image was pushed",
    TAG_MOVED: "a tag was put on an image that was there",
    RESTORED: "an image or a tag came back from the trash",
    DELETED: "an image was deleted, with its tags",
    TAG_DELETED: "a tag was deleted",
    PULLED: "images were pulled: told within a minute, once for all pulls of one image since",
    BLOB_DELETED: "a blob was deleted",
    PURGED: "something in the trash was deleted for good",
    POLICY_CHANGED: "a policy of the project was set",
    POLICY_REMOVED: "a policy of the project was removed",
    QUOTA_CHANGED: "a limit was set",
    QUOTA_WARNED: "a push has filled a quota up to the share from which people are warned",
    QUOTA_EXCEEDED: "a push was refused because of a quota: told at most once a minute",
    RETENTION_FINISHED: "a project's retention has run",
}
"""Every kind that a webhook can ask for, and when it is told."""

KINDS = tuple(SAYS)
