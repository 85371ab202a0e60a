"""The first schema."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SECONDS: sa.Double[float] = sa.Double().with_variant(sa.REAL(), "sqlite")

NUMBERED: dict[str, Any] = {"sqlite_strict": True, "sqlite_autoincrement": True}
CLUSTERED: dict[str, Any] = {"sqlite_strict": True, "sqlite_with_rowid": False}


def upgrade() -> None:
    """Make all tables."""
    _repositories_and_blobs()
    _manifests()
    _tags()
    _others()


def downgrade() -> None:
    """There is nothing before the first schema."""
    raise NotImplementedError("the first revision cannot be undone: remove the database")


def _repositories_and_blobs() -> None:
    op.create_table(
        "repositories",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("wire_name", TEXT, nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repositories")),
        sa.UniqueConstraint("name", name=op.f("uq_repositories_name")),
        **NUMBERED,
    )
    op.create_index(op.f("ix_repositories_wire_name"), "repositories", ["wire_name"])
    op.create_table(
        "blobs",
        sa.Column("generation", NUMBER, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("keep_until", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("generation", name=op.f("pk_blobs")),
        sa.UniqueConstraint("digest", name=op.f("uq_blobs_digest")),
        **NUMBERED,
    )
    op.create_index(op.f("ix_blobs_state_keep_until"), "blobs", ["state", "keep_until"])
    op.create_table(
        "repository_blobs",
        sa.Column("repository_id", NUMBER, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("linked_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "digest", name=op.f("pk_repository_blobs")),
        _repository("repository_blobs"),
        sa.ForeignKeyConstraint(
            ["digest"],
            ["blobs.digest"],
            name=op.f("fk_repository_blobs_digest"),
            ondelete="CASCADE",
        ),
        **CLUSTERED,
    )
    op.create_index(op.f("ix_repository_blobs_digest"), "repository_blobs", ["digest"])


def _manifests() -> None:
    op.create_table(
        "manifests",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("repository_id", NUMBER, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("media_type", TEXT, nullable=False),
        sa.Column("artifact_type", TEXT, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("subject", TEXT, nullable=True),
        sa.Column("annotations", TEXT, nullable=False),
        sa.Column("pushed_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manifests")),
        sa.UniqueConstraint(
            "digest", "repository_id", name=op.f("uq_manifests_digest_repository_id")
        ),
        _repository("manifests"),
        **NUMBERED,
    )
    op.create_index(
        op.f("ix_manifests_repository_id_subject_id"),
        "manifests",
        ["repository_id", "subject", "id"],
    )
    op.create_table(
        "manifest_bytes",
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_manifest_bytes")),
        sqlite_strict=True,
    )
    op.create_table(
        "edges",
        sa.Column("manifest_id", NUMBER, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("repository_id", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("manifest_id", "target", "kind", name=op.f("pk_edges")),
        sa.ForeignKeyConstraint(
            ["manifest_id"],
            ["manifests.id"],
            name=op.f("fk_edges_manifest_id"),
            ondelete="CASCADE",
        ),
        **CLUSTERED,
    )
    op.create_index(
        op.f("ix_edges_target_repository_id_kind"), "edges", ["target", "repository_id", "kind"]
    )


def _tags() -> None:
    op.create_table(
        "tags",
        sa.Column("repository_id", NUMBER, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("manifest_id", NUMBER, nullable=False),
        sa.Column("moved_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "name", name=op.f("pk_tags")),
        _repository("tags"),
        sa.ForeignKeyConstraint(
            ["manifest_id"], ["manifests.id"], name=op.f("fk_tags_manifest_id")
        ),
        **CLUSTERED,
    )
    op.create_index(op.f("ix_tags_manifest_id"), "tags", ["manifest_id"])
    op.create_table(
        "tag_history",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("repository_id", NUMBER, nullable=False),
        sa.Column("tag", TEXT, nullable=False),
        sa.Column("before", TEXT, nullable=True),
        sa.Column("after", TEXT, nullable=True),
        sa.Column("at", SECONDS, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("client", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_history")),
        _repository("tag_history"),
        **NUMBERED,
    )
    op.create_index(
        op.f("ix_tag_history_repository_id_tag_id"), "tag_history", ["repository_id", "tag", "id"]
    )


def _others() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("repository_id", NUMBER, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("algorithm", TEXT, nullable=False),
        sa.Column("offset", NUMBER, nullable=False),
        sa.Column("started_at", SECONDS, nullable=False),
        sa.Column("expires_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        _repository("uploads"),
        **CLUSTERED,
    )
    op.create_index(op.f("ix_uploads_expires_at"), "uploads", ["expires_at"])
    op.create_table(
        "outbox",
        sa.Column("sequence", NUMBER, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("repository", TEXT, nullable=False),
        sa.Column("payload", TEXT, nullable=False),
        sa.Column("at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_outbox")),
        **NUMBERED,
    )
    op.create_table(
        "accounts",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("password_hash", TEXT, nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("changed_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_accounts")),
        **CLUSTERED,
    )


def _repository(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["repository_id"], ["repositories.id"], name=op.f(f"fk_{table}_repository_id")
    )
