"""Revisions that no release has, to try migrations with."""

from entrepot.adapters.catalog.prepare import HEAD
from entrepot.adapters.catalog.revisions import CHAIN, Revision

ADDS = Revision(
    "9001",
    texts=(
        "ALTER TABLE tags ADD COLUMN pinned_at DOUBLE PRECISION",
        "ALTER TABLE jobs ADD COLUMN weight BIGINT NOT NULL DEFAULT 1",
        (
            "CREATE TABLE stars ( id BIGSERIAL NOT NULL, repository_id BIGINT NOT NULL, user_name "
            'TEXT COLLATE "C" NOT NULL, CONSTRAINT pk_stars PRIMARY KEY (id), CONSTRAINT '
            "fk_stars_repository_id FOREIGN KEY(repository_id) REFERENCES repositories (id) "
            "ON DELETE CASCADE )"
        ),
        "CREATE INDEX ix_tags_pinned_at ON tags (pinned_at)",
    ),
)
INDEXES = Revision(
    "9002",
    is_concurrent=True,
    texts=(
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_outbox_at ON outbox (at)",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_audit_actor ON audit (actor)",
    ),
)
REMOVES = Revision("9003", floor="9001", texts=("ALTER TABLE tags DROP COLUMN moved_at",))
ADDS_MORE = Revision("9004", texts=("ALTER TABLE tags ADD COLUMN note TEXT",))

PRE = (*CHAIN, ADDS, INDEXES)
POST = (*PRE, REMOVES)
LATER = (*POST, ADDS_MORE)

__all__ = ["ADDS", "ADDS_MORE", "HEAD", "INDEXES", "LATER", "POST", "PRE", "REMOVES"]
