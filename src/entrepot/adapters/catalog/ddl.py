"""The text that makes an empty catalog.

Made by `python -m entrepot.adapters.catalog.compile`: change the source, not this file.
"""

# fmt: off
SQLITE = (
    (
        "CREATE TABLE accounts ( name TEXT NOT NULL, role TEXT NOT NULL, password_hash "
        "TEXT NOT NULL, created_at REAL NOT NULL, changed_at REAL NOT NULL, CONSTRAINT "
        "pk_accounts PRIMARY KEY (name) ) WITHOUT ROWID, STRICT"
    ),
    (
        "CREATE TABLE blobs ( generation INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "
        "digest TEXT NOT NULL, state TEXT NOT NULL, size INTEGER NOT NULL, keep_until "
        "REAL NOT NULL, CONSTRAINT uq_blobs_digest UNIQUE (digest) ) STRICT"
    ),
    "CREATE INDEX ix_blobs_state_keep_until ON blobs (state, keep_until)",
    (
        "CREATE TABLE manifest_bytes ( digest TEXT NOT NULL, raw BLOB NOT NULL, "
        "CONSTRAINT pk_manifest_bytes PRIMARY KEY (digest) ) STRICT"
    ),
    (
        "CREATE TABLE outbox ( sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, kind "
        "TEXT NOT NULL, repository TEXT NOT NULL, payload TEXT NOT NULL, at REAL NOT NULL "
        ") STRICT"
    ),
    (
        "CREATE TABLE repositories ( id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, name "
        "TEXT NOT NULL, wire_name TEXT NOT NULL, created_at REAL NOT NULL, CONSTRAINT "
        "uq_repositories_name UNIQUE (name) ) STRICT"
    ),
    "CREATE INDEX ix_repositories_wire_name ON repositories (wire_name)",
    (
        "CREATE TABLE manifests ( id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "
        "repository_id INTEGER NOT NULL, digest TEXT NOT NULL, media_type TEXT NOT NULL, "
        "artifact_type TEXT NOT NULL, size INTEGER NOT NULL, subject TEXT, annotations "
        "TEXT NOT NULL, pushed_at REAL NOT NULL, CONSTRAINT "
        "uq_manifests_digest_repository_id UNIQUE (digest, repository_id), CONSTRAINT "
        "fk_manifests_repository_id FOREIGN KEY(repository_id) REFERENCES repositories "
        "(id) ) STRICT"
    ),
    (
        "CREATE INDEX ix_manifests_repository_id_subject_id ON manifests (repository_id, "
        "subject, id)"
    ),
    (
        "CREATE TABLE repository_blobs ( repository_id INTEGER NOT NULL, digest TEXT NOT "
        "NULL, linked_at REAL NOT NULL, CONSTRAINT pk_repository_blobs PRIMARY KEY "
        "(repository_id, digest), CONSTRAINT fk_repository_blobs_repository_id FOREIGN "
        "KEY(repository_id) REFERENCES repositories (id), CONSTRAINT "
        "fk_repository_blobs_digest FOREIGN KEY(digest) REFERENCES blobs (digest) ON "
        "DELETE CASCADE ) WITHOUT ROWID, STRICT"
    ),
    "CREATE INDEX ix_repository_blobs_digest ON repository_blobs (digest)",
    (
        "CREATE TABLE tag_history ( id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "
        'repository_id INTEGER NOT NULL, tag TEXT NOT NULL, "before" TEXT, "after" TEXT, '
        "at REAL NOT NULL, actor TEXT NOT NULL, client TEXT NOT NULL, CONSTRAINT "
        "fk_tag_history_repository_id FOREIGN KEY(repository_id) REFERENCES repositories "
        "(id) ) STRICT"
    ),
    (
        "CREATE INDEX ix_tag_history_repository_id_tag_id ON tag_history (repository_id, "
        "tag, id)"
    ),
    (
        "CREATE TABLE uploads ( id TEXT NOT NULL, repository_id INTEGER NOT NULL, actor "
        'TEXT NOT NULL, algorithm TEXT NOT NULL, "offset" INTEGER NOT NULL, started_at '
        "REAL NOT NULL, expires_at REAL NOT NULL, CONSTRAINT pk_uploads PRIMARY KEY (id), "
        "CONSTRAINT fk_uploads_repository_id FOREIGN KEY(repository_id) REFERENCES "
        "repositories (id) ) WITHOUT ROWID, STRICT"
    ),
    "CREATE INDEX ix_uploads_expires_at ON uploads (expires_at)",
    (
        "CREATE TABLE edges ( manifest_id INTEGER NOT NULL, target TEXT NOT NULL, kind "
        "TEXT NOT NULL, repository_id INTEGER NOT NULL, CONSTRAINT pk_edges PRIMARY KEY "
        "(manifest_id, target, kind), CONSTRAINT fk_edges_manifest_id FOREIGN "
        "KEY(manifest_id) REFERENCES manifests (id) ON DELETE CASCADE ) WITHOUT ROWID, "
        "STRICT"
    ),
    (
        "CREATE INDEX ix_edges_target_repository_id_kind ON edges (target, repository_id, "
        "kind)"
    ),
    (
        "CREATE TABLE tags ( repository_id INTEGER NOT NULL, name TEXT NOT NULL, "
        "manifest_id INTEGER NOT NULL, moved_at REAL NOT NULL, CONSTRAINT pk_tags PRIMARY "
        "KEY (repository_id, name), CONSTRAINT fk_tags_repository_id FOREIGN "
        "KEY(repository_id) REFERENCES repositories (id), CONSTRAINT fk_tags_manifest_id "
        "FOREIGN KEY(manifest_id) REFERENCES manifests (id) ) WITHOUT ROWID, STRICT"
    ),
    "CREATE INDEX ix_tags_manifest_id ON tags (manifest_id)",
)
