"""Access: projects, grants, robots, credentials, factors, keys, and the audit log."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SECONDS: sa.Double[float] = sa.Double().with_variant(sa.REAL(), "sqlite")
BYTES = sa.LargeBinary()

NUMBERED: dict[str, Any] = {"sqlite_strict": True, "sqlite_autoincrement": True}
CLUSTERED: dict[str, Any] = {"sqlite_strict": True, "sqlite_with_rowid": False}
STRICT: dict[str, Any] = {"sqlite_strict": True}
REFUSED = sa.text("result != 'done'")


def upgrade() -> None:
    """Add the tables, and a row for each project that repositories lie in."""
    _people()
    _rights()
    _machines()
    _keys()
    _log()
    _enter_projects()


def downgrade() -> None:
    """Grants and the audit log would be lost."""
    raise NotImplementedError("revision 0003 cannot be undone: restore a backup made before")


def _people() -> None:
    op.create_table(
        "profiles",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("email", TEXT, nullable=False),
        sa.Column("display_name", TEXT, nullable=False),
        sa.Column("enabled", NUMBER, nullable=False),
        sa.Column("seen_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_profiles")),
        sa.UniqueConstraint("source", "subject", name=op.f("uq_profiles_source_subject")),
        **CLUSTERED,
    )
    op.create_table(
        "user_groups",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_user_groups")),
        **CLUSTERED,
    )
    op.create_table(
        "memberships",
        sa.Column("user_name", TEXT, nullable=False),
        sa.Column("group_name", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("user_name", "group_name", "source", name=op.f("pk_memberships")),
        **CLUSTERED,
    )
    op.create_index(
        op.f("ix_memberships_group_name_user_name"), "memberships", ["group_name", "user_name"]
    )
    op.create_table(
        "factors",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("user_name", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("credential", TEXT, nullable=False),
        sa.Column("sealed", BYTES, nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("used_at", SECONDS, nullable=True),
        sa.Column("counter", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_factors")),
        sa.UniqueConstraint("credential", name=op.f("uq_factors_credential")),
        **NUMBERED,
    )
    op.create_index(op.f("ix_factors_user_name_id"), "factors", ["user_name", "id"])
    op.create_table(
        "sessions",
        sa.Column("id_hash", TEXT, nullable=False),
        sa.Column("user_name", TEXT, nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("expires_at", SECONDS, nullable=False),
        sa.Column("seen_at", SECONDS, nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("client", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_sessions")),
        **CLUSTERED,
    )
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"])
    op.create_index(
        op.f("ix_sessions_user_name_created_at"), "sessions", ["user_name", "created_at"]
    )


def _rights() -> None:
    op.create_table(
        "projects",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("public", NUMBER, nullable=False),
        sa.Column("networks", TEXT, nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_projects")),
        **CLUSTERED,
    )
    op.create_table(
        "roles",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("permissions", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("changed_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_roles")),
        **CLUSTERED,
    )
    op.create_table(
        "grants",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("subject_kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("project", TEXT, nullable=False),
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("permissions", TEXT, nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
        sa.UniqueConstraint(
            "subject_kind",
            "subject",
            "scope",
            "role",
            name=op.f("uq_grants_subject_kind_subject_scope_role"),
        ),
        **NUMBERED,
    )
    op.create_index(op.f("ix_grants_project_id"), "grants", ["project", "id"])
    op.create_index(op.f("ix_grants_role"), "grants", ["role"])
    op.create_index(
        op.f("ix_grants_subject_kind_subject_project"),
        "grants",
        ["subject_kind", "subject", "project"],
    )


def _machines() -> None:
    op.create_table(
        "robots",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("project", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("networks", TEXT, nullable=False),
        sa.Column("enabled", NUMBER, nullable=False),
        sa.Column("expires_at", SECONDS, nullable=True),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("changed_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_robots")),
        sa.UniqueConstraint("name", name=op.f("uq_robots_name")),
        **NUMBERED,
    )
    op.create_index(op.f("ix_robots_project_name"), "robots", ["project", "name"])
    op.create_table(
        "credentials",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("hash", BYTES, nullable=False),
        sa.Column("limits", TEXT, nullable=False),
        sa.Column("networks", TEXT, nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("expires_at", SECONDS, nullable=True),
        sa.Column("used_at", SECONDS, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials")),
        **CLUSTERED,
    )
    op.create_index(op.f("ix_credentials_kind_owner_id"), "credentials", ["kind", "owner", "id"])
    op.create_table(
        "workload_rules",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("issuer", TEXT, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.Column("changed_at", SECONDS, nullable=False),
        sa.Column("changed_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workload_rules")),
        **CLUSTERED,
    )
    op.create_index(op.f("ix_workload_rules_issuer"), "workload_rules", ["issuer"])
    op.create_table(
        "revocations",
        sa.Column("token_id", TEXT, nullable=False),
        sa.Column("until", SECONDS, nullable=False),
        sa.Column("revoked_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_revocations")),
        **CLUSTERED,
    )
    op.create_index(op.f("ix_revocations_until"), "revocations", ["until"])


def _keys() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("kid", TEXT, nullable=False),
        sa.Column("sealed", BYTES, nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("activates_at", SECONDS, nullable=False),
        sa.Column("retires_at", SECONDS, nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_keys")),
        **STRICT,
    )
    op.create_table(
        "sealed_secrets",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("sealed", BYTES, nullable=False),
        sa.Column("changed_at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sealed_secrets")),
        **STRICT,
    )
    op.create_table(
        "epochs",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_epochs")),
        **CLUSTERED,
    )


def _log() -> None:
    op.create_table(
        "audit",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("at", SECONDS, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("client", TEXT, nullable=False),
        sa.Column("operation", TEXT, nullable=False),
        sa.Column("project", TEXT, nullable=False),
        sa.Column("resource", TEXT, nullable=False),
        sa.Column("result", TEXT, nullable=False),
        sa.Column("detail", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        **NUMBERED,
    )
    op.create_index(op.f("ix_audit_actor_id"), "audit", ["actor", "id"])
    op.create_index(op.f("ix_audit_at"), "audit", ["at"])
    op.create_index(op.f("ix_audit_operation_id"), "audit", ["operation", "id"])
    op.create_index(op.f("ix_audit_project_id"), "audit", ["project", "id"])
    op.create_index(
        "ix_audit_refused", "audit", ["id"], sqlite_where=REFUSED, postgresql_where=REFUSED
    )


def _enter_projects() -> None:
    connection = op.get_bind()
    found = connection.execute(sa.text("SELECT name, created_at FROM repositories ORDER BY id"))
    projects: dict[str, float] = {}
    for name, created_at in found:
        projects.setdefault(name.partition("/")[0], created_at)
    insert = sa.text(
        "INSERT INTO projects (name, public, networks, created_at, created_by) "
        "VALUES (:name, 0, '[]', :created_at, '')"
    )
    for name, created_at in projects.items():
        connection.execute(insert, {"name": name, "created_at": created_at})
