"""The lifecycle: jobs, trash, quotas, policies, pulls, sweeps and damages."""

from collections import Counter
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SECONDS: sa.Double[float] = sa.Double().with_variant(sa.REAL(), "sqlite")

NUMBERED: dict[str, Any] = {"sqlite_strict": True, "sqlite_autoincrement": True}
CLUSTERED: dict[str, Any] = {"sqlite_strict": True, "sqlite_with_rowid": False}
READY = sa.text("state = 'ready'")
RUNNING = sa.text("state = 'running'")
OPEN = sa.text("state IN ('ready', 'running')")


def upgrade() -> None:
    """Add the tables, and charge what is there on its projects' ledgers."""
    _jobs()
    _trash()
    _quotas()
    _others()
    _charge()


def downgrade() -> None:
    """What is in the trash would be lost."""
    raise NotImplementedError("revision 0002 cannot be undone: restore a backup made before")


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("args", TEXT, nullable=False),
        sa.Column("mutex", TEXT, nullable=True),
        sa.Column("dedup", TEXT, nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("run_at", SECONDS, nullable=False),
        sa.Column("attempt", NUMBER, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("lease_until", SECONDS, nullable=False),
        sa.Column("cancelled", NUMBER, nullable=False),
        sa.Column("progress", TEXT, nullable=False),
        sa.Column("error", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("created_at", SECONDS, nullable=False),
        sa.Column("started_at", SECONDS, nullable=True),
        sa.Column("ended_at", SECONDS, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        **NUMBERED,
    )
    op.create_index("ix_jobs_ended", "jobs", ["ended_at"])
    op.create_index(op.f("ix_jobs_kind_id"), "jobs", ["kind", "id"])
    op.create_index(
        "ix_jobs_lease", "jobs", ["lease_until"], sqlite_where=RUNNING, postgresql_where=RUNNING
    )
    op.create_index("ix_jobs_ready", "jobs", ["run_at"], sqlite_where=READY, postgresql_where=READY)
    op.create_index(
        "uq_jobs_dedup",
        "jobs",
        ["kind", "dedup"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index(
        "uq_jobs_mutex",
        "jobs",
        ["mutex"],
        unique=True,
        sqlite_where=RUNNING,
        postgresql_where=RUNNING,
    )
    op.create_table(
        "job_lines",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("job_id", NUMBER, nullable=False),
        sa.Column("at", SECONDS, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_job_lines_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_lines")),
        **NUMBERED,
    )
    op.create_index(op.f("ix_job_lines_job_id_id"), "job_lines", ["job_id", "id"])
    op.create_table(
        "schedules",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("args", TEXT, nullable=False),
        sa.Column("mutex", TEXT, nullable=True),
        sa.Column("cron", TEXT, nullable=False),
        sa.Column("enabled", NUMBER, nullable=False),
        sa.Column("next_at", SECONDS, nullable=False),
        sa.Column("last_at", SECONDS, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_schedules")),
        **CLUSTERED,
    )
    op.create_index(op.f("ix_schedules_next_at"), "schedules", ["next_at"])


def _trash() -> None:
    op.create_table(
        "trash",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("batch", TEXT, nullable=False),
        sa.Column("repository_id", NUMBER, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("tags", TEXT, nullable=False),
        sa.Column("media_type", TEXT, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("pushed_at", SECONDS, nullable=False),
        sa.Column("pushed_by", TEXT, nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("deleted_at", SECONDS, nullable=False),
        sa.Column("purge_at", SECONDS, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("client", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repositories.id"], name=op.f("fk_trash_repository_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trash")),
        **NUMBERED,
    )
    op.create_index(op.f("ix_trash_batch_id"), "trash", ["batch", "id"])
    op.create_index(op.f("ix_trash_purge_at"), "trash", ["purge_at"])
    op.create_index(op.f("ix_trash_repository_id_digest"), "trash", ["repository_id", "digest"])
    op.create_table(
        "trash_holds",
        sa.Column("trash_id", NUMBER, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["trash_id"], ["trash.id"], name=op.f("fk_trash_holds_trash_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("trash_id", "target", name=op.f("pk_trash_holds")),
        **CLUSTERED,
    )
    op.create_index(op.f("ix_trash_holds_target"), "trash_holds", ["target"])


def _quotas() -> None:
    op.create_table(
        "ledgers",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("used_bytes", NUMBER, nullable=False),
        sa.Column("manifests", NUMBER, nullable=False),
        sa.Column("limit_bytes", NUMBER, nullable=True),
        sa.Column("limit_manifests", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledgers")),
        sa.UniqueConstraint("kind", "name", name=op.f("uq_ledgers_kind_name")),
        **NUMBERED,
    )
    op.create_table(
        "charges",
        sa.Column("ledger_id", NUMBER, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("holds", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["ledger_id"], ["ledgers.id"], name=op.f("fk_charges_ledger_id")),
        sa.PrimaryKeyConstraint("ledger_id", "digest", name=op.f("pk_charges")),
        **CLUSTERED,
    )
    op.create_table(
        "manifest_ledgers",
        sa.Column("manifest_id", NUMBER, nullable=False),
        sa.Column("ledger_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["manifest_id"],
            ["manifests.id"],
            name=op.f("fk_manifest_ledgers_manifest_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["ledger_id"], ["ledgers.id"], name=op.f("fk_manifest_ledgers_ledger_id")
        ),
        sa.PrimaryKeyConstraint("manifest_id", "ledger_id", name=op.f("pk_manifest_ledgers")),
        **CLUSTERED,
    )


def _others() -> None:
    op.create_table(
        "policies",
        sa.Column("project", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.Column("changed_at", SECONDS, nullable=False),
        sa.Column("changed_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("project", "kind", name=op.f("pk_policies")),
        **CLUSTERED,
    )
    op.create_table(
        "pulls",
        sa.Column("repository_id", NUMBER, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("pulled_at", SECONDS, nullable=False),
        sa.Column("count", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repositories.id"], name=op.f("fk_pulls_repository_id")
        ),
        sa.PrimaryKeyConstraint("repository_id", "digest", name=op.f("pk_pulls")),
        **CLUSTERED,
    )
    op.create_table(
        "sweeps",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("job_id", NUMBER, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("generation", NUMBER, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("at", SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sweeps")),
        **NUMBERED,
    )
    op.create_index(op.f("ix_sweeps_job_id_id"), "sweeps", ["job_id", "id"])
    op.create_table(
        "damages",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("generation", NUMBER, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("found_at", SECONDS, nullable=False),
        sa.Column("healed_at", SECONDS, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_damages")),
        **NUMBERED,
    )
    op.create_index(op.f("ix_damages_digest"), "damages", ["digest"])
    op.create_index(op.f("ix_tag_history_repository_id_id"), "tag_history", ["repository_id", "id"])
    op.create_table(
        "cursors",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("sequence", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cursors")),
        **CLUSTERED,
    )


def _charge() -> None:
    """Count for each project how many of its manifests hold a digest, and charge each once."""
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id, name FROM repositories"))
    names: dict[int, str] = {row[0]: row[1] for row in rows}
    sizes = "SELECT digest, size FROM blobs"
    size_of: dict[str, int] = {row[0]: row[1] for row in connection.execute(sa.text(sizes))}
    holds: dict[str, Counter[str]] = {}
    held: dict[str, list[int]] = {}
    edges = "SELECT DISTINCT manifest_id, repository_id, target FROM edges WHERE kind != 'sparse'"
    for manifest, repository, target in connection.execute(sa.text(edges)):
        project = str(names[repository]).partition("/")[0]
        holds.setdefault(project, Counter())[target] += 1
        held.setdefault(project, [])
        if not held[project] or held[project][-1] != manifest:
            held[project].append(manifest)
    for project, counted in holds.items():
        manifests = sorted(set(held[project]))
        ledger = {
            "name": project,
            "used": sum(size_of.get(digest, 0) for digest in counted),
            "manifests": len(manifests),
        }
        connection.execute(
            sa.text(
                "INSERT INTO ledgers (kind, name, used_bytes, manifests) "
                "VALUES ('project', :name, :used, :manifests)"
            ),
            ledger,
        )
        find = "SELECT id FROM ledgers WHERE kind = 'project' AND name = :name"
        number = connection.execute(sa.text(find), {"name": project}).scalar_one()
        connection.execute(
            sa.text("INSERT INTO charges VALUES (:ledger, :digest, :holds)"),
            [{"ledger": number, "digest": d, "holds": n} for d, n in counted.items()],
        )
        connection.execute(
            sa.text("INSERT INTO manifest_ledgers VALUES (:manifest, :ledger)"),
            [{"manifest": manifest, "ledger": number} for manifest in manifests],
        )
