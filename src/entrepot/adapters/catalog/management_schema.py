"""The catalog's tables of what is managed beside images and rights.

They name projects and repositories by their names, which outlive a rebuild; ids do not.
"""

from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from .access_schema import metadata
from .schema import BYTES, NUMBER, SECONDS, TEXT

__all__ = ["metadata"]

_NUMBERED: dict[str, Any] = {"sqlite_strict": True, "sqlite_autoincrement": True}
_CLUSTERED: dict[str, Any] = {"sqlite_strict": True, "sqlite_with_rowid": False}
_STRICT: dict[str, Any] = {"sqlite_strict": True}

# Numbers of what has only a name, for clients that know things by numbers. Never given twice.
numbers = Table(
    "numbers",
    metadata,
    Column("kind", TEXT, primary_key=True),
    Column("number", NUMBER, primary_key=True),
    Column("name", TEXT, nullable=False),
    UniqueConstraint("kind", "name"),
    **_CLUSTERED,
)

# What a face remembers of something, to show it again as it was told.
notes = Table(
    "notes",
    metadata,
    Column("kind", TEXT, primary_key=True),
    Column("name", TEXT, primary_key=True),
    Column("text", TEXT, nullable=False),
    **_CLUSTERED,
)

# What an administrator set while the registry ran; `value` is JSON text.
site_settings = Table(
    "site_settings",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("value", TEXT, nullable=False),
    Column("changed_at", SECONDS, nullable=False),
    Column("changed_by", TEXT, nullable=False),
    **_CLUSTERED,
)

# `project` is empty for labels of the whole registry.
labels = Table(
    "labels",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("project", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("description", TEXT, nullable=False),
    Column("color", TEXT, nullable=False),
    Column("created_at", SECONDS, nullable=False),
    Column("changed_at", SECONDS, nullable=False),
    UniqueConstraint("project", "name"),
    **_NUMBERED,
)

label_marks = Table(
    "label_marks",
    metadata,
    Column("repository", TEXT, primary_key=True),
    Column("digest", TEXT, primary_key=True),
    Column("label_id", NUMBER, ForeignKey("labels.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "label_id", "repository", "digest"),
    **_CLUSTERED,
)

# What a repository says of itself; `maintainers` is a JSON list.
repository_pages = Table(
    "repository_pages",
    metadata,
    Column("repository", TEXT, primary_key=True),
    Column("description", TEXT, nullable=False),
    Column("readme", TEXT, nullable=False),
    Column("source_url", TEXT, nullable=False),
    Column("maintainers", TEXT, nullable=False),
    Column("changed_at", SECONDS, nullable=False),
    Column("changed_by", TEXT, nullable=False),
    **_CLUSTERED,
)

# Other registries; the secret of `account` is sealed, as `registry/ID`.
remotes = Table(
    "remotes",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("name", TEXT, nullable=False, unique=True),
    Column("kind", TEXT, nullable=False),
    Column("url", TEXT, nullable=False),
    Column("description", TEXT, nullable=False),
    Column("insecure", NUMBER, nullable=False),
    Column("account", TEXT, nullable=False),
    Column("created_at", SECONDS, nullable=False),
    Column("changed_at", SECONDS, nullable=False),
    **_NUMBERED,
)

# `document` is JSON text, which `rules/` reads.
replication_policies = Table(
    "replication_policies",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("name", TEXT, nullable=False, unique=True),
    Column("remote_id", NUMBER, ForeignKey("remotes.id"), nullable=False, index=True),
    Column("enabled", NUMBER, nullable=False),
    Column("document", TEXT, nullable=False),
    Column("created_at", SECONDS, nullable=False),
    Column("changed_at", SECONDS, nullable=False),
    Column("changed_by", TEXT, nullable=False),
    **_NUMBERED,
)

# `project` is empty for what is told of the whole registry; `sealed` holds what proves who tells.
# Events up to `reached` were given to it before, or were there before it; with `behind` it is given
# again what comes after that one. One that is `removed` waits only for its deliveries to go.
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("project", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("enabled", NUMBER, nullable=False),
    Column("document", TEXT, nullable=False),
    Column("sealed", BYTES, nullable=False),
    Column("reached", NUMBER, nullable=False),
    Column("behind", NUMBER),
    Column("removed", NUMBER, nullable=False),
    Column("created_at", SECONDS, nullable=False),
    Column("changed_at", SECONDS, nullable=False),
    Column("changed_by", TEXT, nullable=False),
    UniqueConstraint("project", "name"),
    **_NUMBERED,
)

# One event for one webhook. `sequence` is the event's, or a number below 0 for what is sent once
# more or only to try; `status` is what the receiver last answered. `next_at` is beyond all time for
# what waits until another one of its repository has ended.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("webhook_id", NUMBER, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("sequence", NUMBER, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("repository", TEXT, nullable=False),
    Column("body", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("attempt", NUMBER, nullable=False),
    Column("next_at", SECONDS, nullable=False),
    Column("status", NUMBER),
    Column("error", TEXT, nullable=False),
    Column("created_at", SECONDS, nullable=False),
    Column("ended_at", SECONDS),
    UniqueConstraint("webhook_id", "sequence"),
    Index(None, "webhook_id", "id"),
    Index(None, "ended_at"),
    **_NUMBERED,
)
_OPEN = deliveries.c.state == "open"
Index(
    "ix_deliveries_open",
    deliveries.c.webhook_id,
    deliveries.c.repository,
    deliveries.c.id,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
Index(
    "ix_deliveries_due",
    deliveries.c.webhook_id,
    deliveries.c.next_at,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
_FAILED = deliveries.c.state == "failed"
Index(
    "ix_deliveries_failed",
    deliveries.c.webhook_id,
    deliveries.c.id,
    sqlite_where=_FAILED,
    postgresql_where=_FAILED,
)

# What lists show of a manifest, worked out after its push; JSON text (`rules/extracts`).
manifest_extracts = Table(
    "manifest_extracts",
    metadata,
    Column(
        "manifest_id",
        NUMBER,
        ForeignKey("manifests.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("text", TEXT, nullable=False),
    Column("size_bytes", NUMBER),
    **_STRICT,
)

# What was answered to a request with a key, so that the same one again changes nothing.
idempotency = Table(
    "idempotency",
    metadata,
    Column("key_hash", TEXT, primary_key=True),
    Column("request_hash", TEXT, nullable=False),
    Column("status", NUMBER, nullable=False),
    Column("headers", TEXT, nullable=False),
    Column("body", BYTES, nullable=False),
    Column("expires_at", SECONDS, nullable=False, index=True),
    **_CLUSTERED,
)
