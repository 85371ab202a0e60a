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
        "CREATE TABLE audit ( id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, at REAL NOT "
        "NULL, actor TEXT NOT NULL, address TEXT NOT NULL, client TEXT NOT NULL, "
        "operation TEXT NOT NULL, project TEXT NOT NULL, resource TEXT NOT NULL, result "
        "TEXT NOT NULL, detail TEXT NOT NULL ) STRICT"
    ),
    "CREATE INDEX ix_audit_actor_id ON audit (actor, id)",
    "CREATE INDEX ix_audit_at ON audit (at)",
    "CREATE INDEX ix_audit_operation_id ON audit (operation, id)",
    "CREATE INDEX ix_audit_project_id ON audit (project, id)",
    "CREATE INDEX ix_audit_refused ON audit (id) WHERE result != 'done'",
    (
        "CREATE TABLE blobs ( generation INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "
        "digest TEXT NOT NULL, state TEXT NOT NULL, size INTEGER NOT NULL, keep_until "
        "REAL NOT NULL, CONSTRAINT uq_blobs_digest UNIQUE (digest) ) STRICT"
    ),
    "CREATE INDEX ix_blobs_state_keep_until ON blobs (state, keep_until)",
    (
        "CREATE TABLE credentials ( id TEXT NOT NULL, kind TEXT NOT NULL, owner TEXT NOT "
        "NULL, label TEXT NOT NULL, hash BLOB NOT NULL, limits TEXT NOT NULL, networks "
        "TEXT NOT NULL, created_at REAL NOT NULL, expires_at REAL, used_at REAL, "
        "CONSTRAINT pk_credentials PRIMARY KEY (id) ) WITHOUT ROWID, STRICT"
    ),
    "CREATE INDEX ix_credentials_kind_owner_id ON credentials (kind, owner, id)",
    (
        "CREATE TABLE cursors ( name TEXT NOT NULL, sequence INTEGER NOT NULL, CONSTRAINT "
        "pk_cursors PRIMARY KEY (name) ) WITHOUT ROWID, STRICT"
    ),
    (
        "CREATE TABLE damages ( id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, digest "
        "TEXT NOT NULL, generation INTEGER NOT NULL, message TEXT NOT NULL, found_at REAL "
        "NOT NULL, healed_at REAL ) STRICT"
    ),
    "CREATE INDEX ix_damages_digest ON damages (digest)",
    (
        "CREATE TABLE epochs ( name TEXT NOT NULL, number INTEGER NOT NULL, CONSTRAINT "
        "pk_epochs PRIMARY KEY (name) ) WITHOUT ROWID, STRICT"
    ),
    (
        "CREATE TABLE factors ( id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, user_name "
        "TEXT NOT NULL, kind TEXT NOT NULL, label TEXT NOT NULL, credential TEXT NOT "
        "NULL, sealed BLOB NOT NULL, created_at REAL NOT NULL, used_at REAL, counter "
        "INTEGER NOT NULL, CONSTRAINT uq_factors_credential UNIQUE (credential) ) STRICT"
    ),
    "CREATE INDEX ix_factors_user_name_id ON factors (user_name, id)",
    (
        "CREATE TABLE grants ( id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "
        "subject_kind TEXT NOT NULL, subject TEXT NOT NULL, project TEXT NOT NULL, scope "
        "TEXT NOT NULL, role TEXT NOT NULL, permissions TEXT NOT NULL, created_at REAL "
        "NOT NULL, created_by TEXT NOT NULL, CONSTRAINT "
        "uq_grants_subject_kind_subject_scope_role UNIQUE (subject_kind, subject, scope, "
        "role) ) STRICT"
    ),
    "CREATE INDEX ix_grants_project_id ON grants (project, id)",
    "CREATE INDEX ix_grants_role ON grants (role)",
    (
        "CREATE INDEX ix_grants_subject_kind_subject_project ON grants (subject_kind, "
        "subject, project)"
    ),
    (
        "CREATE TABLE idempotency ( key_hash TEXT NOT NULL, request_hash TEXT NOT NULL, "
        "status INTEGER NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL, expires_at "
        "REAL NOT NULL, CONSTRAINT pk_idempotency PRIMARY KEY (key_hash) ) WITHOUT ROWID, "
        "STRICT"
    ),
    "CREATE INDEX ix_idempotency_expires_at ON idempotency (expires_at)",
    (
        "CREATE TABLE jobs ( id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, kind TEXT NOT "
        "NULL, args TEXT NOT NULL, mutex TEXT, dedup TEXT, state TEXT NOT NULL, run_at "
        "REAL NOT NULL, attempt INTEGER NOT NULL, owner TEXT NOT NULL, lease_until REAL "
        "NOT NULL, cancelled INTEGER NOT NULL, progress TEXT NOT NULL, error TEXT NOT "
        "NULL, actor TEXT NOT NULL, created_at REAL NOT NULL, started_at REAL, ended_at "
        "REAL ) STRICT"
    ),
    "CREATE INDEX ix_jobs_ended ON jobs (ended_at)",
    "CREATE INDEX ix_jobs_kind_id ON jobs (kind, id)",
    "CREATE INDEX ix_jobs_lease ON jobs (lease_until) WHERE state = 'running'",
    "CREATE INDEX ix_jobs_ready ON jobs (run_at) WHERE state = 'ready'",
    (
        "CREATE UNIQUE INDEX uq_jobs_dedup ON jobs (kind, dedup) WHERE state IN ('ready', "
        "'running')"
    ),
    "CREATE UNIQUE INDEX uq_jobs_mutex ON jobs (mutex) WHERE state = 'running'",
    (
        "CREATE TABLE labels ( id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, project "
        "TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL, color TEXT NOT "
        "NULL, created_at REAL NOT NULL, changed_at REAL NOT NULL, CONSTRAINT "
        "uq_labels_project_name UNIQUE (project, name) ) STRICT"
    ),
    (
        "CREATE TABLE ledgers ( id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, kind TEXT "
        "NOT NULL, name TEXT NOT NULL, used_bytes INTEGER NOT NULL, manifests INTEGER NOT "
        "NULL, limit_bytes INTEGER, limit_manifests INTEGER, CONSTRAINT "
        "uq_ledgers_kind_name UNIQUE (kind, name) ) STRICT"
    ),
    (
        "CREATE TABLE manifest_bytes ( digest TEXT NOT NULL, raw BLOB NOT NULL, "
        "CONSTRAINT pk_manifest_bytes PRIMARY KEY (digest) ) STRICT"
    ),
    (
        "CREATE TABLE memberships ( user_name TEXT NOT NULL, group_name TEXT NOT NULL, "
        "source TEXT NOT NULL, CONSTRAINT pk_memberships PRIMARY KEY (user_name, "
        "group_name, source) ) WITHOUT ROWID, STRICT"
    ),
    (
        "CREATE INDEX ix_memberships_group_name_user_name ON memberships (group_name, "
        "user_name)"
    ),
    (
        "CREATE TABLE notes ( kind TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL, "
        "CONSTRAINT pk_notes PRIMARY KEY (kind, name) ) WITHOUT ROWID, STRICT"
    ),
    (
        "CREATE TABLE numbers ( kind TEXT NOT NULL, number INTEGER NOT NULL, name TEXT "
        "NOT NULL, CONSTRAINT pk_numbers PRIMARY KEY (kind, number), CONSTRAINT "
        "uq_numbers_kind_name UNIQUE (kind, name) ) WITHOUT ROWID, STRICT"
    ),
    (
        "CREATE TABLE outbox ( sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, kind "
        "TEXT NOT NULL, repository TEXT NOT NULL, payload TEXT NOT NULL, at REAL NOT NULL "
        ") STRICT"
    ),
    (
        "CREATE TABLE policies ( project TEXT NOT NULL, kind TEXT NOT NULL, document TEXT "
        "NOT NULL, changed_at REAL NOT NULL, changed_by TEXT NOT NULL, CONSTRAINT "
        "pk_policies PRIMARY KEY (project, kind) ) WITHOUT ROWID, STRICT"
    ),
    (
        "CREATE TABLE profiles ( name TEXT NOT NULL, source TEXT NOT NULL, subject TEXT "
        "NOT NULL, email TEXT NOT NULL, display_name TEXT NOT NULL, enabled INTEGER NOT "
        "NULL, seen_at REAL NOT NULL, CONSTRAINT pk_profiles PRIMARY KEY (name), "
        "CONSTRAINT uq_profiles_source_subject UNIQUE (source, subject) ) WITHOUT ROWID, "
        "STRICT"
    ),
    (
        "CREATE TABLE projects ( name TEXT NOT NULL, public INTEGER NOT NULL, networks "
        "TEXT NOT NULL, created_at REAL NOT NULL, created_by TEXT NOT NULL, CONSTRAINT "
        "pk_projects PRIMARY KEY (name) ) WITHOUT ROWID, STRICT"
    ),
    (
        "CREATE TABLE remotes ( id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, name TEXT "
        "NOT NULL, kind TEXT NOT NULL, url TEXT NOT NULL, description TEXT NOT NULL, "
        "insecure INTEGER NOT NULL, account TEXT NOT NULL, created_at REAL NOT NULL, "
        "changed_at REAL NOT NULL, CONSTRAINT uq_remotes_name UNIQUE (name) ) STRICT"
    ),
    (
        "CREATE TABLE repositories ( id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, name "
        "TEXT NOT NULL, wire_name TEXT NOT NULL, created_at REAL NOT NULL, CONSTRAINT "
        "uq_repositories_name UNIQUE (name) ) STRICT"
    ),
    "CREATE INDEX ix_repositories_wire_name ON repositories (wire_name)",
    (
        "CREATE TABLE repository_pages ( repository TEXT NOT NULL, description TEXT NOT "
        "NULL, readme TEXT NOT NULL, source_url TEXT NOT NULL, maintainers TEXT NOT NULL, "
        "changed_at REAL NOT NULL, changed_by TEXT NOT NULL, CONSTRAINT "
        "pk_repository_pages PRIMARY KEY (repository) ) WITHOUT ROWID, STRICT"
    ),
    (
        "CREATE TABLE revocations ( token_id TEXT NOT NULL, until REAL NOT NULL, "
        "revoked_by TEXT NOT NULL, CONSTRAINT pk_revocations PRIMARY KEY (token_id) ) "
        "WITHOUT ROWID, STRICT"
    ),
    "CREATE INDEX ix_revocations_until ON revocations (until)",
    (
        "CREATE TABLE robots ( id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, name TEXT "
        "NOT NULL, project TEXT NOT NULL, description TEXT NOT NULL, networks TEXT NOT "
        "NULL, enabled INTEGER NOT NULL, expires_at REAL, created_at REAL NOT NULL, "
        "created_by TEXT NOT NULL, changed_at REAL NOT NULL, CONSTRAINT uq_robots_name "
        "UNIQUE (name) ) STRICT"
    ),
    "CREATE INDEX ix_robots_project_name ON robots (project, name)",
    (
        "CREATE TABLE roles ( name TEXT NOT NULL, permissions TEXT NOT NULL, description "
        "TEXT NOT NULL, changed_at REAL NOT NULL, CONSTRAINT pk_roles PRIMARY KEY (name) "
        ") WITHOUT ROWID, STRICT"
    ),
    (
        "CREATE TABLE schedules ( name TEXT NOT NULL, kind TEXT NOT NULL, args TEXT NOT "
        "NULL, mutex TEXT, cron TEXT NOT NULL, enabled INTEGER NOT NULL, next_at REAL NOT "
        "NULL, last_at REAL, CONSTRAINT pk_schedules PRIMARY KEY (name) ) WITHOUT ROWID, "
        "STRICT"
    ),
    "CREATE INDEX ix_schedules_next_at ON schedules (next_at)",
    (
        "CREATE TABLE sealed_secrets ( name TEXT NOT NULL, sealed BLOB NOT NULL, "
        "changed_at REAL NOT NULL, CONSTRAINT pk_sealed_secrets PRIMARY KEY (name) ) "
        "STRICT"
    ),
    (
        "CREATE TABLE sessions ( id_hash TEXT NOT NULL, user_name TEXT NOT NULL, "
        "created_at REAL NOT NULL, expires_at REAL NOT NULL, seen_at REAL NOT NULL, "
        "address TEXT NOT NULL, client TEXT NOT NULL, CONSTRAINT pk_sessions PRIMARY KEY "
        "(id_hash) ) WITHOUT ROWID, STRICT"
    ),
    "CREATE INDEX ix_sessions_expires_at ON sessions (expires_at)",
    (
        "CREATE INDEX ix_sessions_user_name_created_at ON sessions (user_name, "
        "created_at)"
    ),
    (
        "CREATE TABLE signing_keys ( kid TEXT NOT NULL, sealed BLOB NOT NULL, created_at "
        "REAL NOT NULL, activates_at REAL NOT NULL, retires_at REAL, CONSTRAINT "
        "pk_signing_keys PRIMARY KEY (kid) ) STRICT"
    ),
    (
        "CREATE TABLE site_settings ( name TEXT NOT NULL, value TEXT NOT NULL, changed_at "
        "REAL NOT NULL, changed_by TEXT NOT NULL, CONSTRAINT pk_site_settings PRIMARY KEY "
        "(name) ) WITHOUT ROWID, STRICT"
    ),
    (
        "CREATE TABLE sweeps ( id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, job_id "
        "INTEGER NOT NULL, digest TEXT NOT NULL, generation INTEGER NOT NULL, size "
        "INTEGER NOT NULL, reason TEXT NOT NULL, at REAL NOT NULL ) STRICT"
    ),
    "CREATE INDEX ix_sweeps_job_id_id ON sweeps (job_id, id)",
    (
        "CREATE TABLE user_groups ( name TEXT NOT NULL, description TEXT NOT NULL, "
        "created_at REAL NOT NULL, CONSTRAINT pk_user_groups PRIMARY KEY (name) ) WITHOUT "
        "ROWID, STRICT"
    ),
    (
        "CREATE TABLE webhooks ( id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, project "
        "TEXT NOT NULL, name TEXT NOT NULL, enabled INTEGER NOT NULL, document TEXT NOT "
        "NULL, sealed BLOB NOT NULL, reached INTEGER NOT NULL, behind INTEGER, removed "
        "INTEGER NOT NULL, created_at REAL NOT NULL, changed_at REAL NOT NULL, changed_by "
        "TEXT NOT NULL, CONSTRAINT uq_webhooks_project_name UNIQUE (project, name) ) "
        "STRICT"
    ),
    (
        "CREATE TABLE workload_rules ( name TEXT NOT NULL, issuer TEXT NOT NULL, document "
        "TEXT NOT NULL, changed_at REAL NOT NULL, changed_by TEXT NOT NULL, CONSTRAINT "
        "pk_workload_rules PRIMARY KEY (name) ) WITHOUT ROWID, STRICT"
    ),
    "CREATE INDEX ix_workload_rules_issuer ON workload_rules (issuer)",
    (
        "CREATE TABLE charges ( ledger_id INTEGER NOT NULL, digest TEXT NOT NULL, holds "
        "INTEGER NOT NULL, CONSTRAINT pk_charges PRIMARY KEY (ledger_id, digest), "
        "CONSTRAINT fk_charges_ledger_id FOREIGN KEY(ledger_id) REFERENCES ledgers (id) ) "
        "WITHOUT ROWID, STRICT"
    ),
    (
        "CREATE TABLE deliveries ( id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "
        "webhook_id INTEGER NOT NULL, sequence INTEGER NOT NULL, kind TEXT NOT NULL, "
        "repository TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL, attempt "
        "INTEGER NOT NULL, next_at REAL NOT NULL, status INTEGER, error TEXT NOT NULL, "
        "created_at REAL NOT NULL, ended_at REAL, CONSTRAINT "
        "uq_deliveries_webhook_id_sequence UNIQUE (webhook_id, sequence), CONSTRAINT "
        "fk_deliveries_webhook_id FOREIGN KEY(webhook_id) REFERENCES webhooks (id) ON "
        "DELETE CASCADE ) STRICT"
    ),
    (
        "CREATE INDEX ix_deliveries_due ON deliveries (webhook_id, next_at) WHERE state = "
        "'open'"
    ),
    "CREATE INDEX ix_deliveries_ended_at ON deliveries (ended_at)",
    (
        "CREATE INDEX ix_deliveries_failed ON deliveries (webhook_id, id) WHERE state = "
        "'failed'"
    ),
    (
        "CREATE INDEX ix_deliveries_open ON deliveries (webhook_id, repository, id) WHERE "
        "state = 'open'"
    ),
    "CREATE INDEX ix_deliveries_webhook_id_id ON deliveries (webhook_id, id)",
    (
        "CREATE TABLE job_lines ( id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, job_id "
        "INTEGER NOT NULL, at REAL NOT NULL, text TEXT NOT NULL, CONSTRAINT "
        "fk_job_lines_job_id FOREIGN KEY(job_id) REFERENCES jobs (id) ON DELETE CASCADE ) "
        "STRICT"
    ),
    "CREATE INDEX ix_job_lines_job_id_id ON job_lines (job_id, id)",
    (
        "CREATE TABLE label_marks ( repository TEXT NOT NULL, digest TEXT NOT NULL, "
        "label_id INTEGER NOT NULL, CONSTRAINT pk_label_marks PRIMARY KEY (repository, "
        "digest, label_id), CONSTRAINT fk_label_marks_label_id FOREIGN KEY(label_id) "
        "REFERENCES labels (id) ON DELETE CASCADE ) WITHOUT ROWID, STRICT"
    ),
    (
        "CREATE INDEX ix_label_marks_label_id_repository_digest ON label_marks (label_id, "
        "repository, digest)"
    ),
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
        "CREATE TABLE pulls ( repository_id INTEGER NOT NULL, digest TEXT NOT NULL, "
        "pulled_at REAL NOT NULL, count INTEGER NOT NULL, CONSTRAINT pk_pulls PRIMARY KEY "
        "(repository_id, digest), CONSTRAINT fk_pulls_repository_id FOREIGN "
        "KEY(repository_id) REFERENCES repositories (id) ) WITHOUT ROWID, STRICT"
    ),
    (
        "CREATE TABLE replication_policies ( id INTEGER NOT NULL PRIMARY KEY "
        "AUTOINCREMENT, name TEXT NOT NULL, remote_id INTEGER NOT NULL, enabled INTEGER "
        "NOT NULL, document TEXT NOT NULL, created_at REAL NOT NULL, changed_at REAL NOT "
        "NULL, changed_by TEXT NOT NULL, CONSTRAINT uq_replication_policies_name UNIQUE "
        "(name), CONSTRAINT fk_replication_policies_remote_id FOREIGN KEY(remote_id) "
        "REFERENCES remotes (id) ) STRICT"
    ),
    (
        "CREATE INDEX ix_replication_policies_remote_id ON replication_policies "
        "(remote_id)"
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
    "CREATE INDEX ix_tag_history_repository_id_id ON tag_history (repository_id, id)",
    (
        "CREATE INDEX ix_tag_history_repository_id_tag_id ON tag_history (repository_id, "
        "tag, id)"
    ),
    (
        "CREATE TABLE trash ( id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, batch TEXT "
        "NOT NULL, repository_id INTEGER NOT NULL, kind TEXT NOT NULL, digest TEXT NOT "
        "NULL, tags TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL, "
        "pushed_at REAL NOT NULL, pushed_by TEXT NOT NULL, raw BLOB, deleted_at REAL NOT "
        "NULL, purge_at REAL NOT NULL, actor TEXT NOT NULL, client TEXT NOT NULL, reason "
        "TEXT NOT NULL, CONSTRAINT fk_trash_repository_id FOREIGN KEY(repository_id) "
        "REFERENCES repositories (id) ) STRICT"
    ),
    "CREATE INDEX ix_trash_batch_id ON trash (batch, id)",
    "CREATE INDEX ix_trash_purge_at ON trash (purge_at)",
    "CREATE INDEX ix_trash_repository_id_digest ON trash (repository_id, digest)",
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
        "CREATE TABLE manifest_extracts ( manifest_id INTEGER NOT NULL, text TEXT NOT "
        "NULL, size_bytes INTEGER, CONSTRAINT pk_manifest_extracts PRIMARY KEY "
        "(manifest_id), CONSTRAINT fk_manifest_extracts_manifest_id FOREIGN "
        "KEY(manifest_id) REFERENCES manifests (id) ON DELETE CASCADE ) STRICT"
    ),
    (
        "CREATE TABLE manifest_ledgers ( manifest_id INTEGER NOT NULL, ledger_id INTEGER "
        "NOT NULL, CONSTRAINT pk_manifest_ledgers PRIMARY KEY (manifest_id, ledger_id), "
        "CONSTRAINT fk_manifest_ledgers_manifest_id FOREIGN KEY(manifest_id) REFERENCES "
        "manifests (id) ON DELETE CASCADE, CONSTRAINT fk_manifest_ledgers_ledger_id "
        "FOREIGN KEY(ledger_id) REFERENCES ledgers (id) ) WITHOUT ROWID, STRICT"
    ),
    (
        "CREATE TABLE tags ( repository_id INTEGER NOT NULL, name TEXT NOT NULL, "
        "manifest_id INTEGER NOT NULL, moved_at REAL NOT NULL, CONSTRAINT pk_tags PRIMARY "
        "KEY (repository_id, name), CONSTRAINT fk_tags_repository_id FOREIGN "
        "KEY(repository_id) REFERENCES repositories (id), CONSTRAINT fk_tags_manifest_id "
        "FOREIGN KEY(manifest_id) REFERENCES manifests (id) ) WITHOUT ROWID, STRICT"
    ),
    "CREATE INDEX ix_tags_manifest_id_moved_at ON tags (manifest_id, moved_at)",
    (
        "CREATE TABLE trash_holds ( trash_id INTEGER NOT NULL, target TEXT NOT NULL, "
        "CONSTRAINT pk_trash_holds PRIMARY KEY (trash_id, target), CONSTRAINT "
        "fk_trash_holds_trash_id FOREIGN KEY(trash_id) REFERENCES trash (id) ON DELETE "
        "CASCADE ) WITHOUT ROWID, STRICT"
    ),
    "CREATE INDEX ix_trash_holds_target ON trash_holds (target)",
)

POSTGRES = (
    (
        'CREATE TABLE accounts ( name TEXT COLLATE "C" NOT NULL, role TEXT COLLATE "C" '
        'NOT NULL, password_hash TEXT COLLATE "C" NOT NULL, created_at DOUBLE PRECISION '
        "NOT NULL, changed_at DOUBLE PRECISION NOT NULL, CONSTRAINT pk_accounts PRIMARY "
        "KEY (name) )"
    ),
    (
        "CREATE TABLE audit ( id BIGSERIAL NOT NULL, at DOUBLE PRECISION NOT NULL, actor "
        'TEXT COLLATE "C" NOT NULL, address TEXT COLLATE "C" NOT NULL, client TEXT '
        'COLLATE "C" NOT NULL, operation TEXT COLLATE "C" NOT NULL, project TEXT COLLATE '
        '"C" NOT NULL, resource TEXT COLLATE "C" NOT NULL, result TEXT COLLATE "C" NOT '
        'NULL, detail TEXT COLLATE "C" NOT NULL, CONSTRAINT pk_audit PRIMARY KEY (id) )'
    ),
    "CREATE INDEX ix_audit_actor_id ON audit (actor, id)",
    "CREATE INDEX ix_audit_at ON audit (at)",
    "CREATE INDEX ix_audit_operation_id ON audit (operation, id)",
    "CREATE INDEX ix_audit_project_id ON audit (project, id)",
    "CREATE INDEX ix_audit_refused ON audit (id) WHERE result != 'done'",
    (
        'CREATE TABLE blobs ( generation BIGSERIAL NOT NULL, digest TEXT COLLATE "C" NOT '
        'NULL, state TEXT COLLATE "C" NOT NULL, size BIGINT NOT NULL, keep_until DOUBLE '
        "PRECISION NOT NULL, CONSTRAINT pk_blobs PRIMARY KEY (generation), CONSTRAINT "
        "uq_blobs_digest UNIQUE (digest) )"
    ),
    "CREATE INDEX ix_blobs_state_keep_until ON blobs (state, keep_until)",
    (
        'CREATE TABLE credentials ( id TEXT COLLATE "C" NOT NULL, kind TEXT COLLATE "C" '
        'NOT NULL, owner TEXT COLLATE "C" NOT NULL, label TEXT COLLATE "C" NOT NULL, hash '
        'BYTEA NOT NULL, limits TEXT COLLATE "C" NOT NULL, networks TEXT COLLATE "C" NOT '
        "NULL, created_at DOUBLE PRECISION NOT NULL, expires_at DOUBLE PRECISION, used_at "
        "DOUBLE PRECISION, CONSTRAINT pk_credentials PRIMARY KEY (id) )"
    ),
    "CREATE INDEX ix_credentials_kind_owner_id ON credentials (kind, owner, id)",
    (
        'CREATE TABLE cursors ( name TEXT COLLATE "C" NOT NULL, sequence BIGINT NOT NULL, '
        "CONSTRAINT pk_cursors PRIMARY KEY (name) )"
    ),
    (
        'CREATE TABLE damages ( id BIGSERIAL NOT NULL, digest TEXT COLLATE "C" NOT NULL, '
        'generation BIGINT NOT NULL, message TEXT COLLATE "C" NOT NULL, found_at DOUBLE '
        "PRECISION NOT NULL, healed_at DOUBLE PRECISION, CONSTRAINT pk_damages PRIMARY "
        "KEY (id) )"
    ),
    "CREATE INDEX ix_damages_digest ON damages (digest)",
    (
        'CREATE TABLE epochs ( name TEXT COLLATE "C" NOT NULL, number BIGINT NOT NULL, '
        "CONSTRAINT pk_epochs PRIMARY KEY (name) )"
    ),
    (
        'CREATE TABLE factors ( id BIGSERIAL NOT NULL, user_name TEXT COLLATE "C" NOT '
        'NULL, kind TEXT COLLATE "C" NOT NULL, label TEXT COLLATE "C" NOT NULL, '
        'credential TEXT COLLATE "C" NOT NULL, sealed BYTEA NOT NULL, created_at DOUBLE '
        "PRECISION NOT NULL, used_at DOUBLE PRECISION, counter BIGINT NOT NULL, "
        "CONSTRAINT pk_factors PRIMARY KEY (id), CONSTRAINT uq_factors_credential UNIQUE "
        "(credential) )"
    ),
    "CREATE INDEX ix_factors_user_name_id ON factors (user_name, id)",
    (
        'CREATE TABLE grants ( id BIGSERIAL NOT NULL, subject_kind TEXT COLLATE "C" NOT '
        'NULL, subject TEXT COLLATE "C" NOT NULL, project TEXT COLLATE "C" NOT NULL, '
        'scope TEXT COLLATE "C" NOT NULL, role TEXT COLLATE "C" NOT NULL, permissions '
        'TEXT COLLATE "C" NOT NULL, created_at DOUBLE PRECISION NOT NULL, created_by TEXT '
        'COLLATE "C" NOT NULL, CONSTRAINT pk_grants PRIMARY KEY (id), CONSTRAINT '
        "uq_grants_subject_kind_subject_scope_role UNIQUE (subject_kind, subject, scope, "
        "role) )"
    ),
    "CREATE INDEX ix_grants_project_id ON grants (project, id)",
    "CREATE INDEX ix_grants_role ON grants (role)",
    (
        "CREATE INDEX ix_grants_subject_kind_subject_project ON grants (subject_kind, "
        "subject, project)"
    ),
    (
        'CREATE TABLE idempotency ( key_hash TEXT COLLATE "C" NOT NULL, request_hash TEXT '
        'COLLATE "C" NOT NULL, status BIGINT NOT NULL, headers TEXT COLLATE "C" NOT NULL, '
        "body BYTEA NOT NULL, expires_at DOUBLE PRECISION NOT NULL, CONSTRAINT "
        "pk_idempotency PRIMARY KEY (key_hash) )"
    ),
    "CREATE INDEX ix_idempotency_expires_at ON idempotency (expires_at)",
    (
        'CREATE TABLE jobs ( id BIGSERIAL NOT NULL, kind TEXT COLLATE "C" NOT NULL, args '
        'TEXT COLLATE "C" NOT NULL, mutex TEXT COLLATE "C", dedup TEXT COLLATE "C", state '
        'TEXT COLLATE "C" NOT NULL, run_at DOUBLE PRECISION NOT NULL, attempt BIGINT NOT '
        'NULL, owner TEXT COLLATE "C" NOT NULL, lease_until DOUBLE PRECISION NOT NULL, '
        'cancelled BIGINT NOT NULL, progress TEXT COLLATE "C" NOT NULL, error TEXT '
        'COLLATE "C" NOT NULL, actor TEXT COLLATE "C" NOT NULL, created_at DOUBLE '
        "PRECISION NOT NULL, started_at DOUBLE PRECISION, ended_at DOUBLE PRECISION, "
        "CONSTRAINT pk_jobs PRIMARY KEY (id) )"
    ),
    "CREATE INDEX ix_jobs_ended ON jobs (ended_at)",
    "CREATE INDEX ix_jobs_kind_id ON jobs (kind, id)",
    "CREATE INDEX ix_jobs_lease ON jobs (lease_until) WHERE state = 'running'",
    "CREATE INDEX ix_jobs_ready ON jobs (run_at) WHERE state = 'ready'",
    (
        "CREATE UNIQUE INDEX uq_jobs_dedup ON jobs (kind, dedup) WHERE state IN ('ready', "
        "'running')"
    ),
    "CREATE UNIQUE INDEX uq_jobs_mutex ON jobs (mutex) WHERE state = 'running'",
    (
        'CREATE TABLE labels ( id BIGSERIAL NOT NULL, project TEXT COLLATE "C" NOT NULL, '
        'name TEXT COLLATE "C" NOT NULL, description TEXT COLLATE "C" NOT NULL, color '
        'TEXT COLLATE "C" NOT NULL, created_at DOUBLE PRECISION NOT NULL, changed_at '
        "DOUBLE PRECISION NOT NULL, CONSTRAINT pk_labels PRIMARY KEY (id), CONSTRAINT "
        "uq_labels_project_name UNIQUE (project, name) )"
    ),
    (
        'CREATE TABLE ledgers ( id BIGSERIAL NOT NULL, kind TEXT COLLATE "C" NOT NULL, '
        'name TEXT COLLATE "C" NOT NULL, used_bytes BIGINT NOT NULL, manifests BIGINT NOT '
        "NULL, limit_bytes BIGINT, limit_manifests BIGINT, CONSTRAINT pk_ledgers PRIMARY "
        "KEY (id), CONSTRAINT uq_ledgers_kind_name UNIQUE (kind, name) )"
    ),
    (
        'CREATE TABLE manifest_bytes ( digest TEXT COLLATE "C" NOT NULL, raw BYTEA NOT '
        "NULL, CONSTRAINT pk_manifest_bytes PRIMARY KEY (digest) )"
    ),
    (
        'CREATE TABLE memberships ( user_name TEXT COLLATE "C" NOT NULL, group_name TEXT '
        'COLLATE "C" NOT NULL, source TEXT COLLATE "C" NOT NULL, CONSTRAINT '
        "pk_memberships PRIMARY KEY (user_name, group_name, source) )"
    ),
    (
        "CREATE INDEX ix_memberships_group_name_user_name ON memberships (group_name, "
        "user_name)"
    ),
    (
        'CREATE TABLE notes ( kind TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT '
        'NULL, text TEXT COLLATE "C" NOT NULL, CONSTRAINT pk_notes PRIMARY KEY (kind, '
        "name) )"
    ),
    (
        'CREATE TABLE numbers ( kind TEXT COLLATE "C" NOT NULL, number BIGINT NOT NULL, '
        'name TEXT COLLATE "C" NOT NULL, CONSTRAINT pk_numbers PRIMARY KEY (kind, '
        "number), CONSTRAINT uq_numbers_kind_name UNIQUE (kind, name) )"
    ),
    (
        'CREATE TABLE outbox ( sequence BIGSERIAL NOT NULL, kind TEXT COLLATE "C" NOT '
        'NULL, repository TEXT COLLATE "C" NOT NULL, payload TEXT COLLATE "C" NOT NULL, '
        "at DOUBLE PRECISION NOT NULL, CONSTRAINT pk_outbox PRIMARY KEY (sequence) )"
    ),
    (
        'CREATE TABLE policies ( project TEXT COLLATE "C" NOT NULL, kind TEXT COLLATE "C" '
        'NOT NULL, document TEXT COLLATE "C" NOT NULL, changed_at DOUBLE PRECISION NOT '
        'NULL, changed_by TEXT COLLATE "C" NOT NULL, CONSTRAINT pk_policies PRIMARY KEY '
        "(project, kind) )"
    ),
    (
        'CREATE TABLE profiles ( name TEXT COLLATE "C" NOT NULL, source TEXT COLLATE "C" '
        'NOT NULL, subject TEXT COLLATE "C" NOT NULL, email TEXT COLLATE "C" NOT NULL, '
        'display_name TEXT COLLATE "C" NOT NULL, enabled BIGINT NOT NULL, seen_at DOUBLE '
        "PRECISION NOT NULL, CONSTRAINT pk_profiles PRIMARY KEY (name), CONSTRAINT "
        "uq_profiles_source_subject UNIQUE (source, subject) )"
    ),
    (
        'CREATE TABLE projects ( name TEXT COLLATE "C" NOT NULL, public BIGINT NOT NULL, '
        'networks TEXT COLLATE "C" NOT NULL, created_at DOUBLE PRECISION NOT NULL, '
        'created_by TEXT COLLATE "C" NOT NULL, CONSTRAINT pk_projects PRIMARY KEY (name) '
        ")"
    ),
    (
        'CREATE TABLE remotes ( id BIGSERIAL NOT NULL, name TEXT COLLATE "C" NOT NULL, '
        'kind TEXT COLLATE "C" NOT NULL, url TEXT COLLATE "C" NOT NULL, description TEXT '
        'COLLATE "C" NOT NULL, insecure BIGINT NOT NULL, account TEXT COLLATE "C" NOT '
        "NULL, created_at DOUBLE PRECISION NOT NULL, changed_at DOUBLE PRECISION NOT "
        "NULL, CONSTRAINT pk_remotes PRIMARY KEY (id), CONSTRAINT uq_remotes_name UNIQUE "
        "(name) )"
    ),
    (
        'CREATE TABLE repositories ( id BIGSERIAL NOT NULL, name TEXT COLLATE "C" NOT '
        'NULL, wire_name TEXT COLLATE "C" NOT NULL, created_at DOUBLE PRECISION NOT NULL, '
        "CONSTRAINT pk_repositories PRIMARY KEY (id), CONSTRAINT uq_repositories_name "
        "UNIQUE (name) )"
    ),
    "CREATE INDEX ix_repositories_wire_name ON repositories (wire_name)",
    (
        'CREATE TABLE repository_pages ( repository TEXT COLLATE "C" NOT NULL, '
        'description TEXT COLLATE "C" NOT NULL, readme TEXT COLLATE "C" NOT NULL, '
        'source_url TEXT COLLATE "C" NOT NULL, maintainers TEXT COLLATE "C" NOT NULL, '
        'changed_at DOUBLE PRECISION NOT NULL, changed_by TEXT COLLATE "C" NOT NULL, '
        "CONSTRAINT pk_repository_pages PRIMARY KEY (repository) )"
    ),
    (
        'CREATE TABLE revocations ( token_id TEXT COLLATE "C" NOT NULL, until DOUBLE '
        'PRECISION NOT NULL, revoked_by TEXT COLLATE "C" NOT NULL, CONSTRAINT '
        "pk_revocations PRIMARY KEY (token_id) )"
    ),
    "CREATE INDEX ix_revocations_until ON revocations (until)",
    (
        'CREATE TABLE robots ( id BIGSERIAL NOT NULL, name TEXT COLLATE "C" NOT NULL, '
        'project TEXT COLLATE "C" NOT NULL, description TEXT COLLATE "C" NOT NULL, '
        'networks TEXT COLLATE "C" NOT NULL, enabled BIGINT NOT NULL, expires_at DOUBLE '
        'PRECISION, created_at DOUBLE PRECISION NOT NULL, created_by TEXT COLLATE "C" NOT '
        "NULL, changed_at DOUBLE PRECISION NOT NULL, CONSTRAINT pk_robots PRIMARY KEY "
        "(id), CONSTRAINT uq_robots_name UNIQUE (name) )"
    ),
    "CREATE INDEX ix_robots_project_name ON robots (project, name)",
    (
        'CREATE TABLE roles ( name TEXT COLLATE "C" NOT NULL, permissions TEXT COLLATE '
        '"C" NOT NULL, description TEXT COLLATE "C" NOT NULL, changed_at DOUBLE PRECISION '
        "NOT NULL, CONSTRAINT pk_roles PRIMARY KEY (name) )"
    ),
    (
        'CREATE TABLE schedules ( name TEXT COLLATE "C" NOT NULL, kind TEXT COLLATE "C" '
        'NOT NULL, args TEXT COLLATE "C" NOT NULL, mutex TEXT COLLATE "C", cron TEXT '
        'COLLATE "C" NOT NULL, enabled BIGINT NOT NULL, next_at DOUBLE PRECISION NOT '
        "NULL, last_at DOUBLE PRECISION, CONSTRAINT pk_schedules PRIMARY KEY (name) )"
    ),
    "CREATE INDEX ix_schedules_next_at ON schedules (next_at)",
    (
        'CREATE TABLE sealed_secrets ( name TEXT COLLATE "C" NOT NULL, sealed BYTEA NOT '
        "NULL, changed_at DOUBLE PRECISION NOT NULL, CONSTRAINT pk_sealed_secrets PRIMARY "
        "KEY (name) )"
    ),
    (
        'CREATE TABLE sessions ( id_hash TEXT COLLATE "C" NOT NULL, user_name TEXT '
        'COLLATE "C" NOT NULL, created_at DOUBLE PRECISION NOT NULL, expires_at DOUBLE '
        'PRECISION NOT NULL, seen_at DOUBLE PRECISION NOT NULL, address TEXT COLLATE "C" '
        'NOT NULL, client TEXT COLLATE "C" NOT NULL, CONSTRAINT pk_sessions PRIMARY KEY '
        "(id_hash) )"
    ),
    "CREATE INDEX ix_sessions_expires_at ON sessions (expires_at)",
    (
        "CREATE INDEX ix_sessions_user_name_created_at ON sessions (user_name, "
        "created_at)"
    ),
    (
        'CREATE TABLE signing_keys ( kid TEXT COLLATE "C" NOT NULL, sealed BYTEA NOT '
        "NULL, created_at DOUBLE PRECISION NOT NULL, activates_at DOUBLE PRECISION NOT "
        "NULL, retires_at DOUBLE PRECISION, CONSTRAINT pk_signing_keys PRIMARY KEY (kid) "
        ")"
    ),
    (
        'CREATE TABLE site_settings ( name TEXT COLLATE "C" NOT NULL, value TEXT COLLATE '
        '"C" NOT NULL, changed_at DOUBLE PRECISION NOT NULL, changed_by TEXT COLLATE "C" '
        "NOT NULL, CONSTRAINT pk_site_settings PRIMARY KEY (name) )"
    ),
    (
        "CREATE TABLE sweeps ( id BIGSERIAL NOT NULL, job_id BIGINT NOT NULL, digest TEXT "
        'COLLATE "C" NOT NULL, generation BIGINT NOT NULL, size BIGINT NOT NULL, reason '
        'TEXT COLLATE "C" NOT NULL, at DOUBLE PRECISION NOT NULL, CONSTRAINT pk_sweeps '
        "PRIMARY KEY (id) )"
    ),
    "CREATE INDEX ix_sweeps_job_id_id ON sweeps (job_id, id)",
    (
        'CREATE TABLE user_groups ( name TEXT COLLATE "C" NOT NULL, description TEXT '
        'COLLATE "C" NOT NULL, created_at DOUBLE PRECISION NOT NULL, CONSTRAINT '
        "pk_user_groups PRIMARY KEY (name) )"
    ),
    (
        'CREATE TABLE webhooks ( id BIGSERIAL NOT NULL, project TEXT COLLATE "C" NOT '
        'NULL, name TEXT COLLATE "C" NOT NULL, enabled BIGINT NOT NULL, document TEXT '
        'COLLATE "C" NOT NULL, sealed BYTEA NOT NULL, reached BIGINT NOT NULL, behind '
        "BIGINT, removed BIGINT NOT NULL, created_at DOUBLE PRECISION NOT NULL, "
        'changed_at DOUBLE PRECISION NOT NULL, changed_by TEXT COLLATE "C" NOT NULL, '
        "CONSTRAINT pk_webhooks PRIMARY KEY (id), CONSTRAINT uq_webhooks_project_name "
        "UNIQUE (project, name) )"
    ),
    (
        'CREATE TABLE workload_rules ( name TEXT COLLATE "C" NOT NULL, issuer TEXT '
        'COLLATE "C" NOT NULL, document TEXT COLLATE "C" NOT NULL, changed_at DOUBLE '
        'PRECISION NOT NULL, changed_by TEXT COLLATE "C" NOT NULL, CONSTRAINT '
        "pk_workload_rules PRIMARY KEY (name) )"
    ),
    "CREATE INDEX ix_workload_rules_issuer ON workload_rules (issuer)",
    (
        'CREATE TABLE charges ( ledger_id BIGINT NOT NULL, digest TEXT COLLATE "C" NOT '
        "NULL, holds BIGINT NOT NULL, CONSTRAINT pk_charges PRIMARY KEY (ledger_id, "
        "digest), CONSTRAINT fk_charges_ledger_id FOREIGN KEY(ledger_id) REFERENCES "
        "ledgers (id) )"
    ),
    (
        "CREATE TABLE deliveries ( id BIGSERIAL NOT NULL, webhook_id BIGINT NOT NULL, "
        'sequence BIGINT NOT NULL, kind TEXT COLLATE "C" NOT NULL, repository TEXT '
        'COLLATE "C" NOT NULL, body TEXT COLLATE "C" NOT NULL, state TEXT COLLATE "C" NOT '
        "NULL, attempt BIGINT NOT NULL, next_at DOUBLE PRECISION NOT NULL, status BIGINT, "
        'error TEXT COLLATE "C" NOT NULL, created_at DOUBLE PRECISION NOT NULL, ended_at '
        "DOUBLE PRECISION, CONSTRAINT pk_deliveries PRIMARY KEY (id), CONSTRAINT "
        "uq_deliveries_webhook_id_sequence UNIQUE (webhook_id, sequence), CONSTRAINT "
        "fk_deliveries_webhook_id FOREIGN KEY(webhook_id) REFERENCES webhooks (id) ON "
        "DELETE CASCADE )"
    ),
    (
        "CREATE INDEX ix_deliveries_due ON deliveries (webhook_id, next_at) WHERE state = "
        "'open'"
    ),
    "CREATE INDEX ix_deliveries_ended_at ON deliveries (ended_at)",
    (
        "CREATE INDEX ix_deliveries_failed ON deliveries (webhook_id, id) WHERE state = "
        "'failed'"
    ),
    (
        "CREATE INDEX ix_deliveries_open ON deliveries (webhook_id, repository, id) WHERE "
        "state = 'open'"
    ),
    "CREATE INDEX ix_deliveries_webhook_id_id ON deliveries (webhook_id, id)",
    (
        "CREATE TABLE job_lines ( id BIGSERIAL NOT NULL, job_id BIGINT NOT NULL, at "
        'DOUBLE PRECISION NOT NULL, text TEXT COLLATE "C" NOT NULL, CONSTRAINT '
        "pk_job_lines PRIMARY KEY (id), CONSTRAINT fk_job_lines_job_id FOREIGN "
        "KEY(job_id) REFERENCES jobs (id) ON DELETE CASCADE )"
    ),
    "CREATE INDEX ix_job_lines_job_id_id ON job_lines (job_id, id)",
    (
        'CREATE TABLE label_marks ( repository TEXT COLLATE "C" NOT NULL, digest TEXT '
        'COLLATE "C" NOT NULL, label_id BIGINT NOT NULL, CONSTRAINT pk_label_marks '
        "PRIMARY KEY (repository, digest, label_id), CONSTRAINT fk_label_marks_label_id "
        "FOREIGN KEY(label_id) REFERENCES labels (id) ON DELETE CASCADE )"
    ),
    (
        "CREATE INDEX ix_label_marks_label_id_repository_digest ON label_marks (label_id, "
        "repository, digest)"
    ),
    (
        "CREATE TABLE manifests ( id BIGSERIAL NOT NULL, repository_id BIGINT NOT NULL, "
        'digest TEXT COLLATE "C" NOT NULL, media_type TEXT COLLATE "C" NOT NULL, '
        'artifact_type TEXT COLLATE "C" NOT NULL, size BIGINT NOT NULL, subject TEXT '
        'COLLATE "C", annotations TEXT COLLATE "C" NOT NULL, pushed_at DOUBLE PRECISION '
        "NOT NULL, CONSTRAINT pk_manifests PRIMARY KEY (id), CONSTRAINT "
        "uq_manifests_digest_repository_id UNIQUE (digest, repository_id), CONSTRAINT "
        "fk_manifests_repository_id FOREIGN KEY(repository_id) REFERENCES repositories "
        "(id) )"
    ),
    (
        "CREATE INDEX ix_manifests_repository_id_subject_id ON manifests (repository_id, "
        "subject, id)"
    ),
    (
        'CREATE TABLE pulls ( repository_id BIGINT NOT NULL, digest TEXT COLLATE "C" NOT '
        "NULL, pulled_at DOUBLE PRECISION NOT NULL, count BIGINT NOT NULL, CONSTRAINT "
        "pk_pulls PRIMARY KEY (repository_id, digest), CONSTRAINT fk_pulls_repository_id "
        "FOREIGN KEY(repository_id) REFERENCES repositories (id) )"
    ),
    (
        'CREATE TABLE replication_policies ( id BIGSERIAL NOT NULL, name TEXT COLLATE "C" '
        "NOT NULL, remote_id BIGINT NOT NULL, enabled BIGINT NOT NULL, document TEXT "
        'COLLATE "C" NOT NULL, created_at DOUBLE PRECISION NOT NULL, changed_at DOUBLE '
        'PRECISION NOT NULL, changed_by TEXT COLLATE "C" NOT NULL, CONSTRAINT '
        "pk_replication_policies PRIMARY KEY (id), CONSTRAINT "
        "uq_replication_policies_name UNIQUE (name), CONSTRAINT "
        "fk_replication_policies_remote_id FOREIGN KEY(remote_id) REFERENCES remotes (id) "
        ")"
    ),
    (
        "CREATE INDEX ix_replication_policies_remote_id ON replication_policies "
        "(remote_id)"
    ),
    (
        "CREATE TABLE repository_blobs ( repository_id BIGINT NOT NULL, digest TEXT "
        'COLLATE "C" NOT NULL, linked_at DOUBLE PRECISION NOT NULL, CONSTRAINT '
        "pk_repository_blobs PRIMARY KEY (repository_id, digest), CONSTRAINT "
        "fk_repository_blobs_repository_id FOREIGN KEY(repository_id) REFERENCES "
        "repositories (id), CONSTRAINT fk_repository_blobs_digest FOREIGN KEY(digest) "
        "REFERENCES blobs (digest) ON DELETE CASCADE )"
    ),
    "CREATE INDEX ix_repository_blobs_digest ON repository_blobs (digest)",
    (
        "CREATE TABLE tag_history ( id BIGSERIAL NOT NULL, repository_id BIGINT NOT NULL, "
        'tag TEXT COLLATE "C" NOT NULL, before TEXT COLLATE "C", after TEXT COLLATE "C", '
        'at DOUBLE PRECISION NOT NULL, actor TEXT COLLATE "C" NOT NULL, client TEXT '
        'COLLATE "C" NOT NULL, CONSTRAINT pk_tag_history PRIMARY KEY (id), CONSTRAINT '
        "fk_tag_history_repository_id FOREIGN KEY(repository_id) REFERENCES repositories "
        "(id) )"
    ),
    "CREATE INDEX ix_tag_history_repository_id_id ON tag_history (repository_id, id)",
    (
        "CREATE INDEX ix_tag_history_repository_id_tag_id ON tag_history (repository_id, "
        "tag, id)"
    ),
    (
        'CREATE TABLE trash ( id BIGSERIAL NOT NULL, batch TEXT COLLATE "C" NOT NULL, '
        'repository_id BIGINT NOT NULL, kind TEXT COLLATE "C" NOT NULL, digest TEXT '
        'COLLATE "C" NOT NULL, tags TEXT COLLATE "C" NOT NULL, media_type TEXT COLLATE '
        '"C" NOT NULL, size BIGINT NOT NULL, pushed_at DOUBLE PRECISION NOT NULL, '
        'pushed_by TEXT COLLATE "C" NOT NULL, raw BYTEA, deleted_at DOUBLE PRECISION NOT '
        'NULL, purge_at DOUBLE PRECISION NOT NULL, actor TEXT COLLATE "C" NOT NULL, '
        'client TEXT COLLATE "C" NOT NULL, reason TEXT COLLATE "C" NOT NULL, CONSTRAINT '
        "pk_trash PRIMARY KEY (id), CONSTRAINT fk_trash_repository_id FOREIGN "
        "KEY(repository_id) REFERENCES repositories (id) )"
    ),
    "CREATE INDEX ix_trash_batch_id ON trash (batch, id)",
    "CREATE INDEX ix_trash_purge_at ON trash (purge_at)",
    "CREATE INDEX ix_trash_repository_id_digest ON trash (repository_id, digest)",
    (
        'CREATE TABLE uploads ( id TEXT COLLATE "C" NOT NULL, repository_id BIGINT NOT '
        'NULL, actor TEXT COLLATE "C" NOT NULL, algorithm TEXT COLLATE "C" NOT NULL, '
        '"offset" BIGINT NOT NULL, started_at DOUBLE PRECISION NOT NULL, expires_at '
        "DOUBLE PRECISION NOT NULL, CONSTRAINT pk_uploads PRIMARY KEY (id), CONSTRAINT "
        "fk_uploads_repository_id FOREIGN KEY(repository_id) REFERENCES repositories (id) "
        ")"
    ),
    "CREATE INDEX ix_uploads_expires_at ON uploads (expires_at)",
    (
        'CREATE TABLE edges ( manifest_id BIGINT NOT NULL, target TEXT COLLATE "C" NOT '
        'NULL, kind TEXT COLLATE "C" NOT NULL, repository_id BIGINT NOT NULL, CONSTRAINT '
        "pk_edges PRIMARY KEY (manifest_id, target, kind), CONSTRAINT "
        "fk_edges_manifest_id FOREIGN KEY(manifest_id) REFERENCES manifests (id) ON "
        "DELETE CASCADE )"
    ),
    (
        "CREATE INDEX ix_edges_target_repository_id_kind ON edges (target, repository_id, "
        "kind)"
    ),
    (
        "CREATE TABLE manifest_extracts ( manifest_id BIGINT NOT NULL, text TEXT COLLATE "
        '"C" NOT NULL, size_bytes BIGINT, CONSTRAINT pk_manifest_extracts PRIMARY KEY '
        "(manifest_id), CONSTRAINT fk_manifest_extracts_manifest_id FOREIGN "
        "KEY(manifest_id) REFERENCES manifests (id) ON DELETE CASCADE )"
    ),
    (
        "CREATE TABLE manifest_ledgers ( manifest_id BIGINT NOT NULL, ledger_id BIGINT "
        "NOT NULL, CONSTRAINT pk_manifest_ledgers PRIMARY KEY (manifest_id, ledger_id), "
        "CONSTRAINT fk_manifest_ledgers_manifest_id FOREIGN KEY(manifest_id) REFERENCES "
        "manifests (id) ON DELETE CASCADE, CONSTRAINT fk_manifest_ledgers_ledger_id "
        "FOREIGN KEY(ledger_id) REFERENCES ledgers (id) )"
    ),
    (
        'CREATE TABLE tags ( repository_id BIGINT NOT NULL, name TEXT COLLATE "C" NOT '
        "NULL, manifest_id BIGINT NOT NULL, moved_at DOUBLE PRECISION NOT NULL, "
        "CONSTRAINT pk_tags PRIMARY KEY (repository_id, name), CONSTRAINT "
        "fk_tags_repository_id FOREIGN KEY(repository_id) REFERENCES repositories (id), "
        "CONSTRAINT fk_tags_manifest_id FOREIGN KEY(manifest_id) REFERENCES manifests "
        "(id) )"
    ),
    "CREATE INDEX ix_tags_manifest_id_moved_at ON tags (manifest_id, moved_at)",
    (
        'CREATE TABLE trash_holds ( trash_id BIGINT NOT NULL, target TEXT COLLATE "C" NOT '
        "NULL, CONSTRAINT pk_trash_holds PRIMARY KEY (trash_id, target), CONSTRAINT "
        "fk_trash_holds_trash_id FOREIGN KEY(trash_id) REFERENCES trash (id) ON DELETE "
        "CASCADE )"
    ),
    "CREATE INDEX ix_trash_holds_target ON trash_holds (target)",
)
