"""Extracts of manifests, for lists."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

STRICT: dict[str, Any] = {"sqlite_strict": True}


def upgrade() -> None:
    """Add the table; it is filled while the registry runs (`services/extracting`)."""
    op.create_table(
        "manifest_extracts",
        sa.Column("manifest_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("size_bytes", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("manifest_id", name=op.f("pk_manifest_extracts")),
        sa.ForeignKeyConstraint(
            ["manifest_id"],
            ["manifests.id"],
            name=op.f("fk_manifest_extracts_manifest_id"),
            ondelete="CASCADE",
        ),
        **STRICT,
    )


def downgrade() -> None:
    """Drop what can be worked out again."""
    op.drop_table("manifest_extracts")
