"""The catalog's tables of who may do what, and of what was done.

They name users, groups and projects by their names: users of an htpasswd file have no row, and a
project may hold repositories from before it got one. Services remove what belongs to whom.
"""

from typing import Any

from sqlalchemy import Column, Index, Table, UniqueConstraint

from .schema import BYTES, NUMBER, SECONDS, TEXT, metadata

__all__ = ["metadata"]

_NUMBERED: dict[str, Any] = {"sqlite_strict": True, "sqlite_autoincrement": True}
_CLUSTERED: dict[str, Any] = {"sqlite_strict": True, "sqlite_with_rowid": False}
_STRICT: dict[str, Any] = {"sqlite_strict": True}

# A project that exists by its row; `networks` is a JSON list of those who may come.
projects = Table(
    "projects",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("public", NUMBER, nullable=False),
    Column("networks", TEXT, nullable=False),
    Column("created_at", SECONDS, nullable=False),
    Column("created_by", TEXT, nullable=False),
    **_CLUSTERED,
)

# What an account's source says of its user; local users have a row once there is something to say.
profiles = Table(
    "profiles",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("source", TEXT, nullable=False),
    Column("subject", TEXT, nullable=False),
    Column("email", TEXT, nullable=False),
    Column("display_name", TEXT, nullable=False),
    Column("enabled", NUMBER, nullable=False),
    Column("seen_at", SECONDS, nullable=False),
    UniqueConstraint("source", "subject"),
    **_CLUSTERED,
)

user_groups = Table(
    "user_groups",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("description", TEXT, nullable=False),
    Column("created_at", SECONDS, nullable=False),
    **_CLUSTERED,
)

# `source` tells members that an administrator named from those that a directory did.
memberships = Table(
    "memberships",
    metadata,
    Column("user_name", TEXT, primary_key=True),
    Column("group_name", TEXT, primary_key=True),
    Column("source", TEXT, primary_key=True),
    Index(None, "group_name", "user_name"),
    **_CLUSTERED,
)

roles = Table(
    "roles",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("permissions", TEXT, nullable=False),
    Column("description", TEXT, nullable=False),
    Column("changed_at", SECONDS, nullable=False),
    **_CLUSTERED,
)

# `project` is the scope's, or `*`: all that one decision is about is found by it.
grants = Table(
    "grants",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("subject_kind", TEXT, nullable=False),
    Column("subject", TEXT, nullable=False),
    Column("project", TEXT, nullable=False),
    Column("scope", TEXT, nullable=False),
    Column("role", TEXT, nullable=False),
    Column("permissions", TEXT, nullable=False),
    Column("created_at", SECONDS, nullable=False),
    Column("created_by", TEXT, nullable=False),
    UniqueConstraint("subject_kind", "subject", "scope", "role"),
    Index(None, "subject_kind", "subject", "project"),
    Index(None, "project", "id"),
    Index(None, "role"),
    **_NUMBERED,
)

robots = Table(
    "robots",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("name", TEXT, nullable=False, unique=True),
    Column("project", TEXT, nullable=False),
    Column("description", TEXT, nullable=False),
    Column("networks", TEXT, nullable=False),
    Column("enabled", NUMBER, nullable=False),
    Column("expires_at", SECONDS),
    Column("created_at", SECONDS, nullable=False),
    Column("created_by", TEXT, nullable=False),
    Column("changed_at", SECONDS, nullable=False),
    Index(None, "project", "name"),
    **_NUMBERED,
)

# Secrets by chance, hashed: of robots (two while one replaces the other), access tokens of users
# with what they are narrowed to, and what stands for the password of who has none here.
credentials = Table(
    "credentials",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("kind", TEXT, nullable=False),
    Column("owner", TEXT, nullable=False),
    Column("label", TEXT, nullable=False),
    Column("hash", BYTES, nullable=False),
    Column("limits", TEXT, nullable=False),
    Column("networks", TEXT, nullable=False),
    Column("created_at", SECONDS, nullable=False),
    Column("expires_at", SECONDS),
    Column("used_at", SECONDS),
    Index(None, "kind", "owner", "id"),
    **_CLUSTERED,
)

workload_rules = Table(
    "workload_rules",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("issuer", TEXT, nullable=False, index=True),
    Column("document", TEXT, nullable=False),
    Column("changed_at", SECONDS, nullable=False),
    Column("changed_by", TEXT, nullable=False),
    **_CLUSTERED,
)

# Tokens that are not good any more although they have not expired.
revocations = Table(
    "revocations",
    metadata,
    Column("token_id", TEXT, primary_key=True),
    Column("until", SECONDS, nullable=False, index=True),
    Column("revoked_by", TEXT, nullable=False),
    **_CLUSTERED,
)

# Second factors of users: secrets of one-time codes, recovery codes, public keys of passkeys.
factors = Table(
    "factors",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("user_name", TEXT, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("label", TEXT, nullable=False),
    Column("credential", TEXT, nullable=False, unique=True),
    Column("sealed", BYTES, nullable=False),
    Column("created_at", SECONDS, nullable=False),
    Column("used_at", SECONDS),
    Column("counter", NUMBER, nullable=False),
    Index(None, "user_name", "id"),
    **_NUMBERED,
)

sessions = Table(
    "sessions",
    metadata,
    Column("id_hash", TEXT, primary_key=True),
    Column("user_name", TEXT, nullable=False),
    Column("created_at", SECONDS, nullable=False),
    Column("expires_at", SECONDS, nullable=False, index=True),
    Column("seen_at", SECONDS, nullable=False),
    Column("address", TEXT, nullable=False),
    Column("client", TEXT, nullable=False),
    Index(None, "user_name", "created_at"),
    **_CLUSTERED,
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", TEXT, primary_key=True),
    Column("sealed", BYTES, nullable=False),
    Column("created_at", SECONDS, nullable=False),
    Column("activates_at", SECONDS, nullable=False),
    Column("retires_at", SECONDS),
    **_STRICT,
)

sealed_secrets = Table(
    "sealed_secrets",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("sealed", BYTES, nullable=False),
    Column("changed_at", SECONDS, nullable=False),
    **_STRICT,
)

# Ids grow with time, so that a stretch of time is a stretch of ids, and old ones are cut off at
# one end. `project` is empty for what is about the registry.
audit = Table(
    "audit",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("at", SECONDS, nullable=False),
    Column("actor", TEXT, nullable=False),
    Column("address", TEXT, nullable=False),
    Column("client", TEXT, nullable=False),
    Column("operation", TEXT, nullable=False),
    Column("project", TEXT, nullable=False),
    Column("resource", TEXT, nullable=False),
    Column("result", TEXT, nullable=False),
    Column("detail", TEXT, nullable=False),
    Index(None, "at"),
    Index(None, "actor", "id"),
    Index(None, "project", "id"),
    Index(None, "operation", "id"),
    **_NUMBERED,
)
_REFUSED = audit.c.result != "done"
Index("ix_audit_refused", audit.c.id, sqlite_where=_REFUSED, postgresql_where=_REFUSED)

# Counts changes, for those who remember what they read.
epochs = Table(
    "epochs",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("number", NUMBER, nullable=False),
    **_CLUSTERED,
)
