"""The catalog's tables, for SQLite and PostgreSQL.

Needed to make migrations and the text in `sql.py` and `ddl.py`, never to serve: SQLAlchemy costs
35 MiB and the best part of a second to import.
"""

from typing import Any

from sqlalchemy import (
    REAL,
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# SQLite compares text bytewise unless told otherwise, PostgreSQL in the database's locale.
TEXT = Text().with_variant(Text(collation="C"), "postgresql")
NUMBER = BigInteger().with_variant(Integer(), "sqlite")
SECONDS: Double[float] = Double().with_variant(REAL(), "sqlite")
BYTES = LargeBinary()

# AUTOINCREMENT: a number is never given twice, not even after the highest row was deleted.
_NUMBERED: dict[str, Any] = {"sqlite_strict": True, "sqlite_autoincrement": True}
# Rows found by their whole key lie in the key's own tree.
_CLUSTERED: dict[str, Any] = {"sqlite_strict": True, "sqlite_with_rowid": False}
_STRICT: dict[str, Any] = {"sqlite_strict": True}

repositories = Table(
    "repositories",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("name", TEXT, nullable=False, unique=True),
    Column("wire_name", TEXT, nullable=False, index=True),
    Column("created_at", SECONDS, nullable=False),
    **_NUMBERED,
)

blobs = Table(
    "blobs",
    metadata,
    Column("generation", NUMBER, primary_key=True),
    Column("digest", TEXT, nullable=False, unique=True),
    Column("state", TEXT, nullable=False),
    Column("size", NUMBER, nullable=False),
    Column("keep_until", SECONDS, nullable=False),
    Index(None, "state", "keep_until"),
    **_NUMBERED,
)

# A generation that is forgotten takes its links with it.
repository_blobs = Table(
    "repository_blobs",
    metadata,
    Column("repository_id", NUMBER, ForeignKey("repositories.id"), primary_key=True),
    Column(
        "digest",
        TEXT,
        ForeignKey("blobs.digest", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
    Column("linked_at", SECONDS, nullable=False),
    **_CLUSTERED,
)

# The unique index begins with the digest: it also finds all repositories that have a manifest.
manifests = Table(
    "manifests",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("repository_id", NUMBER, ForeignKey("repositories.id"), nullable=False),
    Column("digest", TEXT, nullable=False),
    Column("media_type", TEXT, nullable=False),
    Column("artifact_type", TEXT, nullable=False),
    Column("size", NUMBER, nullable=False),
    Column("subject", TEXT),
    Column("annotations", TEXT, nullable=False),
    Column("pushed_at", SECONDS, nullable=False),
    UniqueConstraint("digest", "repository_id"),
    Index(None, "repository_id", "subject", "id"),
    **_NUMBERED,
)

manifest_bytes = Table(
    "manifest_bytes",
    metadata,
    Column("digest", TEXT, primary_key=True),
    Column("raw", BYTES, nullable=False),
    **_STRICT,
)

# `repository_id` repeats the manifest's: without it, whether a repository holds a popular layer
# would take a walk over every manifest of the registry that has it. A target has no foreign key,
# for an index may name children that are not here.
edges = Table(
    "edges",
    metadata,
    Column("manifest_id", NUMBER, ForeignKey("manifests.id", ondelete="CASCADE"), primary_key=True),
    Column("target", TEXT, primary_key=True),
    Column("kind", TEXT, primary_key=True),
    Column("repository_id", NUMBER, nullable=False),
    Index(None, "target", "repository_id", "kind"),
    **_CLUSTERED,
)

tags = Table(
    "tags",
    metadata,
    Column("repository_id", NUMBER, ForeignKey("repositories.id"), primary_key=True),
    Column("name", TEXT, primary_key=True),
    Column("manifest_id", NUMBER, ForeignKey("manifests.id"), nullable=False),
    Column("moved_at", SECONDS, nullable=False),
    # Holds all of a tag: a page of artifacts reads its tags from here, newest last.
    Index(None, "manifest_id", "moved_at"),
    **_CLUSTERED,
)

tag_history = Table(
    "tag_history",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("repository_id", NUMBER, ForeignKey("repositories.id"), nullable=False),
    Column("tag", TEXT, nullable=False),
    Column("before", TEXT),
    Column("after", TEXT),
    Column("at", SECONDS, nullable=False),
    Column("actor", TEXT, nullable=False),
    Column("client", TEXT, nullable=False),
    Index(None, "repository_id", "tag", "id"),
    Index(None, "repository_id", "id"),
    **_NUMBERED,
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("repository_id", NUMBER, ForeignKey("repositories.id"), nullable=False),
    Column("actor", TEXT, nullable=False),
    Column("algorithm", TEXT, nullable=False),
    Column("offset", NUMBER, nullable=False),
    Column("started_at", SECONDS, nullable=False),
    Column("expires_at", SECONDS, nullable=False, index=True),
    **_CLUSTERED,
)

outbox = Table(
    "outbox",
    metadata,
    Column("sequence", NUMBER, primary_key=True),
    Column("kind", TEXT, nullable=False),
    Column("repository", TEXT, nullable=False),
    Column("payload", TEXT, nullable=False),
    Column("at", SECONDS, nullable=False),
    **_NUMBERED,
)

accounts = Table(
    "accounts",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("role", TEXT, nullable=False),
    Column("password_hash", TEXT, nullable=False),
    Column("created_at", SECONDS, nullable=False),
    Column("changed_at", SECONDS, nullable=False),
    **_CLUSTERED,
)

# What a manifest's deletion takes away, until it is purged. `tags` is JSON text: those it had.
trash = Table(
    "trash",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("batch", TEXT, nullable=False),
    Column("repository_id", NUMBER, ForeignKey("repositories.id"), nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("digest", TEXT, nullable=False),
    Column("tags", TEXT, nullable=False),
    Column("media_type", TEXT, nullable=False),
    Column("size", NUMBER, nullable=False),
    Column("pushed_at", SECONDS, nullable=False),
    Column("pushed_by", TEXT, nullable=False),
    Column("raw", BYTES),
    Column("deleted_at", SECONDS, nullable=False),
    Column("purge_at", SECONDS, nullable=False),
    Column("actor", TEXT, nullable=False),
    Column("client", TEXT, nullable=False),
    Column("reason", TEXT, nullable=False),
    Index(None, "repository_id", "digest"),
    Index(None, "purge_at"),
    Index(None, "batch", "id"),
    **_NUMBERED,
)

trash_holds = Table(
    "trash_holds",
    metadata,
    Column("trash_id", NUMBER, ForeignKey("trash.id", ondelete="CASCADE"), primary_key=True),
    Column("target", TEXT, primary_key=True, index=True),
    **_CLUSTERED,
)

# Whose bytes are counted: a project's or a user's. Without a limit they are counted all the same.
ledgers = Table(
    "ledgers",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("kind", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("used_bytes", NUMBER, nullable=False),
    Column("manifests", NUMBER, nullable=False),
    Column("limit_bytes", NUMBER),
    Column("limit_manifests", NUMBER),
    UniqueConstraint("kind", "name"),
    **_NUMBERED,
)

# How many manifests of a ledger hold a digest; the first that does is charged with its size.
charges = Table(
    "charges",
    metadata,
    Column("ledger_id", NUMBER, ForeignKey("ledgers.id"), primary_key=True),
    Column("digest", TEXT, primary_key=True),
    Column("holds", NUMBER, nullable=False),
    **_CLUSTERED,
)

# On which ledgers a manifest's blobs are charged: its project's, and its first pusher's.
manifest_ledgers = Table(
    "manifest_ledgers",
    metadata,
    Column("manifest_id", NUMBER, ForeignKey("manifests.id", ondelete="CASCADE"), primary_key=True),
    Column("ledger_id", NUMBER, ForeignKey("ledgers.id"), primary_key=True),
    **_CLUSTERED,
)

policies = Table(
    "policies",
    metadata,
    Column("project", TEXT, primary_key=True),
    Column("kind", TEXT, primary_key=True),
    Column("document", TEXT, nullable=False),
    Column("changed_at", SECONDS, nullable=False),
    Column("changed_by", TEXT, nullable=False),
    **_CLUSTERED,
)

pulls = Table(
    "pulls",
    metadata,
    Column("repository_id", NUMBER, ForeignKey("repositories.id"), primary_key=True),
    Column("digest", TEXT, primary_key=True),
    Column("pulled_at", SECONDS, nullable=False),
    Column("count", NUMBER, nullable=False),
    **_CLUSTERED,
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("kind", TEXT, nullable=False),
    Column("args", TEXT, nullable=False),
    Column("mutex", TEXT),
    Column("dedup", TEXT),
    Column("state", TEXT, nullable=False),
    Column("run_at", SECONDS, nullable=False),
    Column("attempt", NUMBER, nullable=False),
    Column("owner", TEXT, nullable=False),
    Column("lease_until", SECONDS, nullable=False),
    Column("cancelled", NUMBER, nullable=False),
    Column("progress", TEXT, nullable=False),
    Column("error", TEXT, nullable=False),
    Column("actor", TEXT, nullable=False),
    Column("created_at", SECONDS, nullable=False),
    Column("started_at", SECONDS),
    Column("ended_at", SECONDS),
    Index(None, "kind", "id"),
    **_NUMBERED,
)
# An index on the few rows that are wanted, and the two rules that hold among them.
_READY = jobs.c.state == "ready"
_RUNNING = jobs.c.state == "running"
_OPEN = jobs.c.state.in_(["ready", "running"])
Index("ix_jobs_ready", jobs.c.run_at, sqlite_where=_READY, postgresql_where=_READY)
Index("ix_jobs_lease", jobs.c.lease_until, sqlite_where=_RUNNING, postgresql_where=_RUNNING)
Index("uq_jobs_mutex", jobs.c.mutex, unique=True, sqlite_where=_RUNNING, postgresql_where=_RUNNING)
Index(
    "uq_jobs_dedup",
    jobs.c.kind,
    jobs.c.dedup,
    unique=True,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
Index("ix_jobs_ended", jobs.c.ended_at)

job_lines = Table(
    "job_lines",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("job_id", NUMBER, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("at", SECONDS, nullable=False),
    Column("text", TEXT, nullable=False),
    Index(None, "job_id", "id"),
    **_NUMBERED,
)

schedules = Table(
    "schedules",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("kind", TEXT, nullable=False),
    Column("args", TEXT, nullable=False),
    Column("mutex", TEXT),
    Column("cron", TEXT, nullable=False),
    Column("enabled", NUMBER, nullable=False),
    Column("next_at", SECONDS, nullable=False, index=True),
    Column("last_at", SECONDS),
    **_CLUSTERED,
)

# What a sweep removed, one row for each generation, with the reason.
sweeps = Table(
    "sweeps",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("job_id", NUMBER, nullable=False),
    Column("digest", TEXT, nullable=False),
    Column("generation", NUMBER, nullable=False),
    Column("size", NUMBER, nullable=False),
    Column("reason", TEXT, nullable=False),
    Column("at", SECONDS, nullable=False),
    Index(None, "job_id", "id"),
    **_NUMBERED,
)

# Blobs that were found rotten or missing; `healed_at` once their bytes are right again.
damages = Table(
    "damages",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("digest", TEXT, nullable=False, index=True),
    Column("generation", NUMBER, nullable=False),
    Column("message", TEXT, nullable=False),
    Column("found_at", SECONDS, nullable=False),
    Column("healed_at", SECONDS),
    **_NUMBERED,
)

# How far those who read the outbox are.
cursors = Table(
    "cursors",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("sequence", NUMBER, nullable=False),
    **_CLUSTERED,
)
