"""Management: labels, pages of repositories, remotes, webhooks, settings, numbers."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SECONDS: sa.Double[float] = sa.Double().with_variant(sa.REAL(), "sqlite")
BYTES = sa.LargeBinary()

NUMBERED: dict[str, Any] = {"sqlite_strict": True, "sqlite_autoincrement": True}
CLUSTERED: dict[str, Any] = {"sqlite_strict": True, "sqlite_with_rowid": False}
OPEN = sa.text("state = 'open'")
FAILED = sa.text("state = 'failed'")


def upgrade() -> None:
    """Add the tables."""
    _tags()
    _site()
    _content()
    _remotes()
    _webhooks()


def downgrade() -> None:
    """What was set up would be lost."""
    raise NotImplementedError("revision 0004 cannot be undone: restore a backup made before")


def _tags() -> None:
    """Let the index hold all that lists show of a tag."""
    op.drop_index(op.f("ix_tags_manifest_id"), table_name="tags")
    op.create_index(op.f("ix_tags_manifest_id_moved_at"), "tags", ["manifest_id", "moved_at"])


def _site() -> None:
    op.create_table(
        "numbers",
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("kind", "number", name=op.f("pk_numbers")),
        sa.UniqueConstraint("kind", "name", name=op.f("uq_numbers_kind_name")),
        **CLUSTERED,
    )
    op.create_table(
        "notes",
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name=op.f("pk_notes")),
        **CLUSTERED,
    )
    op.create_table(
        "site_settings",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("changed_at", SECONDS, nullable=False),
        sa.Column("changed_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_site_settings")),
        **CLUSTERED,
    )
    op.create_table(
        "idempotency",
        sa.Column("key_hash", TEXT, nullable=False),
        sa.Column("request_hash", TEXT, nullable=False),
        sa.Column("status", NUMBER, nullable=False),
        sa.Column("headers", TEXT, nullable=False),
        sa.Column("body", BYTES, nullable=False),
        sa.Column("expires_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_idempotency")),
        **CLUSTERED,
    )
    op.create_index(op.f("ix_idempotency_expires_at"), "idempotency", ["expires_at"])


def _content() -> None:
    op.create_table(
        "labels",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("project", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("color", TEXT, nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("changed_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
        sa.UniqueConstraint("project", "name", name=op.f("uq_labels_project_name")),
        **NUMBERED,
    )
    op.create_table(
        "label_marks",
        sa.Column("repository", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("label_id", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("repository", "digest", "label_id", name=op.f("pk_label_marks")),
        sa.ForeignKeyConstraint(
            ["label_id"], ["labels.id"], name=op.f("fk_label_marks_label_id"), ondelete="CASCADE"
        ),
        **CLUSTERED,
    )
    op.create_index(
        op.f("ix_label_marks_label_id_repository_digest"),
        "label_marks",
        ["label_id", "repository", "digest"],
    )
    op.create_table(
        "repository_pages",
        sa.Column("repository", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("readme", TEXT, nullable=False),
        sa.Column("source_url", TEXT, nullable=False),
        sa.Column("maintainers", TEXT, nullable=False),
        sa.Column("changed_at", SECONDS, nullable=False),
        sa.Column("changed_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("repository", name=op.f("pk_repository_pages")),
        **CLUSTERED,
    )


def _remotes() -> None:
    op.create_table(
        "remotes",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("insecure", NUMBER, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("changed_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remotes")),
        sa.UniqueConstraint("name", name=op.f("uq_remotes_name")),
        **NUMBERED,
    )
    op.create_table(
        "replication_policies",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("remote_id", NUMBER, nullable=False),
        sa.Column("enabled", NUMBER, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("changed_at", SECONDS, nullable=False),
        sa.Column("changed_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replication_policies")),
        sa.UniqueConstraint("name", name=op.f("uq_replication_policies_name")),
        sa.ForeignKeyConstraint(
            ["remote_id"], ["remotes.id"], name=op.f("fk_replication_policies_remote_id")
        ),
        **NUMBERED,
    )
    op.create_index(
        op.f("ix_replication_policies_remote_id"), "replication_policies", ["remote_id"]
    )


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("project", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("enabled", NUMBER, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.Column("sealed", BYTES, nullable=False),
        sa.Column("reached", NUMBER, nullable=False),
        sa.Column("behind", NUMBER, nullable=True),
        sa.Column("removed", NUMBER, nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("changed_at", SECONDS, nullable=False),
        sa.Column("changed_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sa.UniqueConstraint("project", "name", name=op.f("uq_webhooks_project_name")),
        **NUMBERED,
    )
    op.create_table(
        "deliveries",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("webhook_id", NUMBER, nullable=False),
        sa.Column("sequence", NUMBER, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("repository", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("attempt", NUMBER, nullable=False),
        sa.Column("next_at", SECONDS, nullable=False),
        sa.Column("status", NUMBER, nullable=True),
        sa.Column("error", TEXT, nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("ended_at", SECONDS, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "webhook_id", "sequence", name=op.f("uq_deliveries_webhook_id_sequence")
        ),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.id"],
            name=op.f("fk_deliveries_webhook_id"),
            ondelete="CASCADE",
        ),
        **NUMBERED,
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["webhook_id", "next_at"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index(
        "ix_deliveries_failed",
        "deliveries",
        ["webhook_id", "id"],
        sqlite_where=FAILED,
        postgresql_where=FAILED,
    )
    op.create_index(op.f("ix_deliveries_ended_at"), "deliveries", ["ended_at"])
    op.create_index(
        "ix_deliveries_open",
        "deliveries",
        ["webhook_id", "repository", "id"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index(op.f("ix_deliveries_webhook_id_id"), "deliveries", ["webhook_id", "id"])
