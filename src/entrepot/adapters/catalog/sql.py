"""The text of every statement.

Made by `python -m entrepot.adapters.catalog.compile`: change the source, not this file.
"""

from .connection import Statement

# fmt: off

ARTIFACTS_PAGE = Statement(
    sqlite=(
        "SELECT manifests.id, manifests.digest, manifests.media_type, "
        "manifests.annotations, manifests.pushed_at, (SELECT pulls.pulled_at FROM pulls "
        "WHERE pulls.repository_id = manifests.repository_id AND pulls.digest = "
        "manifests.digest) AS pulled_at, (SELECT coalesce(sum(blobs.size), 0) AS "
        "coalesce_1 FROM blobs JOIN edges AS held ON held.target = blobs.digest WHERE "
        "held.manifest_id = manifests.id) AS held_size, coalesce((SELECT parents.digest "
        "FROM manifests AS parents JOIN edges AS naming ON naming.manifest_id = "
        "parents.id WHERE naming.target = manifests.digest AND naming.repository_id = "
        "manifests.repository_id AND naming.kind = 'child' LIMIT 1 OFFSET 0), (SELECT "
        "trash.digest FROM trash JOIN trash_holds ON trash_holds.trash_id = trash.id "
        "WHERE trash_holds.target = manifests.digest AND trash.repository_id + 0 = "
        "manifests.repository_id AND trash.digest != manifests.digest LIMIT 1 OFFSET 0)) "
        "AS child_of FROM manifests WHERE manifests.repository_id = :repository_id AND "
        "manifests.subject IS NULL AND manifests.id > :after ORDER BY manifests.id LIMIT "
        ":limit OFFSET 0"
    ),
)

ARTIFACTS_TAGS = Statement(
    sqlite=(
        "SELECT manifests.id, tags.name, tags.moved_at FROM manifests JOIN tags ON "
        "tags.manifest_id = manifests.id WHERE manifests.repository_id = :repository_id "
        "AND manifests.subject IS NULL AND manifests.id > :after AND manifests.id <= "
        ":last"
    ),
)

REPOSITORIES_FIND = Statement(
    sqlite=(
        "SELECT repositories.id, repositories.name FROM repositories WHERE "
        "repositories.name = :name"
    ),
)

REPOSITORIES_BY_ID = Statement(
    sqlite=(
        "SELECT repositories.id, repositories.name FROM repositories WHERE "
        "repositories.id = :repository_id"
    ),
)

REPOSITORIES_ADD = Statement(
    sqlite=(
        "INSERT INTO repositories (name, wire_name, created_at) VALUES (:name, "
        ":wire_name, :created_at) ON CONFLICT (name) DO NOTHING"
    ),
)

REPOSITORIES_HELD = Statement(
    sqlite=(
        "SELECT blobs.digest, blobs.size, blobs.state FROM blobs JOIN repository_blobs ON "
        "repository_blobs.digest = blobs.digest WHERE repository_blobs.repository_id = "
        ":repository_id AND repository_blobs.digest IN (SELECT value FROM "
        "json_each(:keys)) UNION ALL SELECT manifests.digest, manifests.size, '' FROM "
        "manifests WHERE manifests.repository_id = :repository_id AND manifests.digest IN "
        "(SELECT value FROM json_each(:keys))"
    ),
    postgres=(
        "SELECT blobs.digest, blobs.size, blobs.state FROM blobs JOIN repository_blobs ON "
        "repository_blobs.digest = blobs.digest WHERE repository_blobs.repository_id = "
        ":repository_id AND repository_blobs.digest = ANY (:keys) UNION ALL SELECT "
        "manifests.digest, manifests.size, '' FROM manifests WHERE "
        "manifests.repository_id = :repository_id AND manifests.digest = ANY (:keys)"
    ),
)

REPOSITORIES_PAGE = Statement(
    sqlite=(
        "SELECT repositories.name FROM repositories WHERE repositories.wire_name > :after "
        "AND (EXISTS (SELECT * FROM manifests WHERE manifests.repository_id = "
        "repositories.id)) ORDER BY repositories.wire_name LIMIT :limit OFFSET 0"
    ),
)

REPOSITORIES_COUNT = Statement(
    sqlite=(
        "SELECT count(*) AS count_1 FROM repositories WHERE repositories.name > :low AND "
        "repositories.name < :high AND (EXISTS (SELECT * FROM manifests WHERE "
        "manifests.repository_id = repositories.id))"
    ),
)

MANIFESTS_FIND = Statement(
    sqlite=(
        "SELECT manifests.id, manifests.repository_id, manifests.digest, "
        "manifests.media_type, manifests.artifact_type, manifests.size, "
        "manifests.subject, manifests.annotations, manifests.pushed_at FROM manifests "
        "WHERE manifests.digest = :digest AND manifests.repository_id = :repository_id"
    ),
)

MANIFESTS_BY_TAG = Statement(
    sqlite=(
        "SELECT manifests.id, manifests.repository_id, manifests.digest, "
        "manifests.media_type, manifests.artifact_type, manifests.size, "
        "manifests.subject, manifests.annotations, manifests.pushed_at FROM manifests "
        "JOIN tags ON tags.manifest_id = manifests.id WHERE tags.repository_id = "
        ":repository_id AND tags.name = :name"
    ),
)

MANIFESTS_RAW = Statement(
    sqlite=(
        "SELECT manifest_bytes.raw FROM manifest_bytes WHERE manifest_bytes.digest = "
        ":digest"
    ),
)

MANIFESTS_ADD = Statement(
    sqlite=(
        "INSERT INTO manifests (repository_id, digest, media_type, artifact_type, size, "
        "subject, annotations, pushed_at) VALUES (:repository_id, :digest, :media_type, "
        ":artifact_type, :size, :subject, :annotations, :pushed_at) RETURNING id"
    ),
)

MANIFESTS_ADD_RAW = Statement(
    sqlite=(
        "INSERT INTO manifest_bytes (digest, raw) VALUES (:digest, :raw) ON CONFLICT "
        "(digest) DO NOTHING"
    ),
)

MANIFESTS_ADD_EDGE = Statement(
    sqlite=(
        "INSERT INTO edges (manifest_id, target, kind, repository_id) VALUES "
        "(:manifest_id, :target, :kind, :repository_id) ON CONFLICT (manifest_id, target, "
        "kind) DO NOTHING"
    ),
)

MANIFESTS_REMOVE = Statement(
    sqlite="DELETE FROM manifests WHERE manifests.id = :id",
)

MANIFESTS_REMOVE_RAW = Statement(
    sqlite=(
        "DELETE FROM manifest_bytes WHERE manifest_bytes.digest = :digest AND NOT (EXISTS "
        "(SELECT * FROM manifests WHERE manifests.digest = :digest))"
    ),
)

MANIFESTS_EDGES = Statement(
    sqlite=(
        "SELECT edges.target, edges.kind FROM edges WHERE edges.manifest_id = "
        ":manifest_id ORDER BY edges.target, edges.kind"
    ),
)

MANIFESTS_HOLDER = Statement(
    sqlite=(
        "SELECT manifests.digest FROM manifests JOIN edges ON edges.manifest_id = "
        "manifests.id WHERE edges.target = :target AND edges.repository_id = "
        ":repository_id AND edges.kind = :kind LIMIT 1 OFFSET 0"
    ),
)

MANIFESTS_HOLDER_OF_ANY_KIND = Statement(
    sqlite=(
        "SELECT manifests.digest FROM manifests JOIN edges ON edges.manifest_id = "
        "manifests.id WHERE edges.target = :target AND edges.repository_id = "
        ":repository_id LIMIT 1 OFFSET 0"
    ),
)

MANIFESTS_REFERRERS = Statement(
    sqlite=(
        "SELECT manifests.id, manifests.repository_id, manifests.digest, "
        "manifests.media_type, manifests.artifact_type, manifests.size, "
        "manifests.subject, manifests.annotations, manifests.pushed_at FROM manifests "
        "WHERE manifests.repository_id = :repository_id AND manifests.subject = :subject "
        "AND manifests.id > :after ORDER BY manifests.id LIMIT :limit OFFSET 0"
    ),
)

MANIFESTS_PLAIN = Statement(
    sqlite=(
        "SELECT manifests.id, manifests.repository_id, manifests.digest, "
        "manifests.media_type, manifests.artifact_type, manifests.size, "
        "manifests.subject, manifests.annotations, manifests.pushed_at FROM manifests "
        "WHERE manifests.repository_id = :repository_id AND manifests.subject IS NULL AND "
        "manifests.id < :before ORDER BY manifests.id DESC LIMIT :limit OFFSET 0"
    ),
)

MANIFESTS_WITH_SUBJECT = Statement(
    sqlite=(
        "SELECT manifests.id, manifests.repository_id, manifests.digest, "
        "manifests.media_type, manifests.artifact_type, manifests.size, "
        "manifests.subject, manifests.annotations, manifests.pushed_at FROM manifests "
        "WHERE manifests.repository_id = :repository_id AND (manifests.subject, "
        "manifests.id) > (:subject, :after) ORDER BY manifests.subject, manifests.id "
        "LIMIT :limit OFFSET 0"
    ),
)

TAGS_FIND = Statement(
    sqlite=(
        "SELECT manifests.digest FROM manifests JOIN tags ON tags.manifest_id = "
        "manifests.id WHERE tags.repository_id = :repository_id AND tags.name = :name"
    ),
)

TAGS_POINT = Statement(
    sqlite=(
        "INSERT INTO tags (repository_id, name, manifest_id, moved_at) VALUES "
        "(:repository_id, :name, :manifest_id, :moved_at) ON CONFLICT (repository_id, "
        "name) DO UPDATE SET manifest_id = :manifest_id, moved_at = :moved_at"
    ),
)

TAGS_DROP = Statement(
    sqlite="DELETE FROM tags WHERE tags.repository_id = :repository_id AND tags.name = :name",
)

TAGS_RECORD = Statement(
    sqlite=(
        'INSERT INTO tag_history (repository_id, tag, "before", "after", at, actor, '
        "client) VALUES (:repository_id, :tag, :before, :after, :at, :actor, :client)"
    ),
)

TAGS_PAGE = Statement(
    sqlite=(
        "SELECT tags.name FROM tags WHERE tags.repository_id = :repository_id AND "
        "tags.name > :after ORDER BY tags.name LIMIT :limit OFFSET 0"
    ),
)

TAGS_OF = Statement(
    sqlite=(
        "SELECT tags.name FROM tags WHERE tags.manifest_id = :manifest_id ORDER BY "
        "tags.repository_id, tags.name"
    ),
)

TAGS_HISTORY = Statement(
    sqlite=(
        'SELECT tag_history.tag, tag_history."before", tag_history."after", '
        "tag_history.at, tag_history.actor, tag_history.client FROM tag_history WHERE "
        "tag_history.repository_id = :repository_id AND tag_history.tag = :tag ORDER BY "
        "tag_history.id DESC LIMIT :limit OFFSET 0"
    ),
)

BLOBS_FIND = Statement(
    sqlite=(
        "SELECT blobs.digest, blobs.generation, blobs.state, blobs.size, blobs.keep_until "
        "FROM blobs WHERE blobs.digest = :digest"
    ),
)

BLOBS_IN_REPOSITORY = Statement(
    sqlite=(
        "SELECT blobs.digest, blobs.generation, blobs.state, blobs.size, blobs.keep_until "
        "FROM blobs JOIN repository_blobs ON repository_blobs.digest = blobs.digest WHERE "
        "repository_blobs.repository_id = :repository_id AND repository_blobs.digest = "
        ":digest AND blobs.state = 'live'"
    ),
)

BLOBS_REPLACE = Statement(
    sqlite="DELETE FROM blobs WHERE blobs.generation = :generation",
)

BLOBS_ARRIVE = Statement(
    sqlite=(
        "INSERT INTO blobs (digest, state, size, keep_until) VALUES (:digest, :state, "
        ":size, :keep_until) ON CONFLICT (digest) DO NOTHING RETURNING generation"
    ),
)

BLOBS_SET_STATE = Statement(
    sqlite=(
        "UPDATE blobs SET state=:new_state WHERE blobs.digest = :digest AND "
        "blobs.generation = :generation"
    ),
)

BLOBS_KEEP = Statement(
    sqlite=(
        "UPDATE blobs SET keep_until=:until WHERE blobs.digest = :digest AND "
        "blobs.keep_until < :until"
    ),
)

BLOBS_REFERENCED = Statement(
    sqlite=(
        "SELECT edges.target FROM edges WHERE edges.target = :target UNION ALL SELECT "
        "trash_holds.target FROM trash_holds WHERE trash_holds.target = :target LIMIT 1 "
        "OFFSET 0"
    ),
)

BLOBS_LINK = Statement(
    sqlite=(
        "INSERT INTO repository_blobs (repository_id, digest, linked_at) VALUES "
        "(:repository_id, :digest, :linked_at) ON CONFLICT (repository_id, digest) DO "
        "NOTHING"
    ),
)

BLOBS_UNLINK = Statement(
    sqlite=(
        "DELETE FROM repository_blobs WHERE repository_blobs.repository_id = "
        ":repository_id AND repository_blobs.digest = :digest"
    ),
)

BLOBS_SOURCES = Statement(
    sqlite=(
        "SELECT repositories.name FROM repositories JOIN repository_blobs ON "
        "repository_blobs.repository_id = repositories.id JOIN blobs ON blobs.digest = "
        "repository_blobs.digest WHERE repository_blobs.digest = :digest AND blobs.state "
        "= 'live' ORDER BY repository_blobs.repository_id LIMIT :limit OFFSET 0"
    ),
)

UPLOADS_ADD = Statement(
    sqlite=(
        'INSERT INTO uploads (id, repository_id, actor, algorithm, "offset", started_at, '
        "expires_at) VALUES (:id, :repository_id, :actor, :algorithm, :offset, "
        ":started_at, :expires_at)"
    ),
)

UPLOADS_FIND = Statement(
    sqlite=(
        "SELECT uploads.id, uploads.repository_id, uploads.actor, uploads.algorithm, "
        'uploads."offset", uploads.started_at, uploads.expires_at FROM uploads WHERE '
        "uploads.id = :id"
    ),
)

UPLOADS_ADVANCE = Statement(
    sqlite=(
        'UPDATE uploads SET "offset"=:new_offset, expires_at=:new_expires_at WHERE '
        "uploads.id = :id"
    ),
)

UPLOADS_REMOVE = Statement(
    sqlite="DELETE FROM uploads WHERE uploads.id = :id",
)

UPLOADS_EXPIRED = Statement(
    sqlite=(
        "SELECT uploads.id, uploads.repository_id, uploads.actor, uploads.algorithm, "
        'uploads."offset", uploads.started_at, uploads.expires_at FROM uploads WHERE '
        "uploads.expires_at < :now ORDER BY uploads.expires_at, uploads.id LIMIT :limit "
        "OFFSET 0"
    ),
)

OUTBOX_APPEND = Statement(
    sqlite=(
        "INSERT INTO outbox (kind, repository, payload, at) VALUES (:kind, :repository, "
        ":payload, :at)"
    ),
)

OUTBOX_AFTER = Statement(
    sqlite=(
        "SELECT outbox.kind, outbox.repository, outbox.payload, outbox.at, "
        "outbox.sequence FROM outbox WHERE outbox.sequence > :after ORDER BY "
        "outbox.sequence LIMIT :limit OFFSET 0"
    ),
)

OUTBOX_PRUNE = Statement(
    sqlite=(
        "DELETE FROM outbox WHERE outbox.sequence IN (SELECT oldest.sequence FROM (SELECT "
        "outbox.sequence AS sequence, outbox.at AS at FROM outbox ORDER BY "
        "outbox.sequence LIMIT :limit OFFSET 0) AS oldest WHERE oldest.sequence <= :upto "
        "AND oldest.at < :before)"
    ),
)

ACCOUNTS_FIND = Statement(
    sqlite=(
        "SELECT accounts.name, accounts.role, accounts.password_hash, "
        "accounts.created_at, accounts.changed_at FROM accounts WHERE accounts.name = "
        ":name"
    ),
)

ACCOUNTS_ADD = Statement(
    sqlite=(
        "INSERT INTO accounts (name, role, password_hash, created_at, changed_at) VALUES "
        "(:name, :role, :password_hash, :created_at, :changed_at) ON CONFLICT (name) DO "
        "NOTHING"
    ),
)

ACCOUNTS_SET_PASSWORD = Statement(
    sqlite=(
        "UPDATE accounts SET password_hash=:new_password_hash, changed_at=:now WHERE "
        "accounts.name = :name"
    ),
)

ACCOUNTS_SET_ROLE = Statement(
    sqlite="UPDATE accounts SET role=:new_role, changed_at=:now WHERE accounts.name = :name",
)

ACCOUNTS_REMOVE = Statement(
    sqlite="DELETE FROM accounts WHERE accounts.name = :name",
)

ACCOUNTS_PAGE = Statement(
    sqlite=(
        "SELECT accounts.name, accounts.role, accounts.password_hash, "
        "accounts.created_at, accounts.changed_at FROM accounts WHERE accounts.name > "
        ":after ORDER BY accounts.name LIMIT :limit OFFSET 0"
    ),
)

ACCOUNTS_COUNT = Statement(
    sqlite="SELECT count(*) AS count_1 FROM accounts",
)

COLLECTION_DUE = Statement(
    sqlite=(
        "SELECT blobs.digest, blobs.generation, blobs.state, blobs.size, "
        "blobs.keep_until, CASE WHEN (blobs.state != 'condemned' AND blobs.keep_until < "
        ":now AND NOT (EXISTS (SELECT * FROM edges WHERE edges.target = blobs.digest)) "
        "AND NOT (EXISTS (SELECT * FROM trash_holds WHERE trash_holds.target = "
        "blobs.digest))) THEN 1 WHEN (blobs.state = 'live' AND blobs.keep_until >= :now "
        "AND NOT (EXISTS (SELECT * FROM edges WHERE edges.target = blobs.digest)) AND NOT "
        "(EXISTS (SELECT * FROM trash_holds WHERE trash_holds.target = blobs.digest))) "
        "THEN 2 ELSE 0 END AS anon_1 FROM blobs WHERE blobs.generation > :after ORDER BY "
        "blobs.generation LIMIT :limit OFFSET 0"
    ),
)

COLLECTION_CONDEMN = Statement(
    sqlite=(
        "UPDATE blobs SET state='condemned' WHERE blobs.generation = :generation AND "
        "blobs.state != 'condemned' AND blobs.keep_until < :now AND NOT (EXISTS (SELECT * "
        "FROM edges WHERE edges.target = blobs.digest)) AND NOT (EXISTS (SELECT * FROM "
        "trash_holds WHERE trash_holds.target = blobs.digest)) RETURNING digest, "
        "generation, state, size, keep_until"
    ),
)

COLLECTION_UNLINK = Statement(
    sqlite="DELETE FROM repository_blobs WHERE repository_blobs.digest = :digest",
)

COLLECTION_CONDEMNED = Statement(
    sqlite=(
        "SELECT blobs.digest, blobs.generation, blobs.state, blobs.size, blobs.keep_until "
        "FROM blobs WHERE blobs.state = 'condemned' AND (blobs.keep_until, "
        "blobs.generation) > (:keep_until, :generation) ORDER BY blobs.keep_until, "
        "blobs.generation LIMIT :limit OFFSET 0"
    ),
)

COLLECTION_FORGET = Statement(
    sqlite=(
        "DELETE FROM blobs WHERE blobs.digest = :digest AND blobs.generation = "
        ":generation AND blobs.state = 'condemned'"
    ),
)

COLLECTION_GENERATIONS = Statement(
    sqlite=(
        "SELECT blobs.digest, blobs.generation FROM blobs WHERE blobs.digest IN "
        "(:digest_0, :digest_1, :digest_2, :digest_3, :digest_4, :digest_5, :digest_6, "
        ":digest_7, :digest_8, :digest_9, :digest_10, :digest_11, :digest_12, :digest_13, "
        ":digest_14, :digest_15, :digest_16, :digest_17, :digest_18, :digest_19, "
        ":digest_20, :digest_21, :digest_22, :digest_23, :digest_24, :digest_25, "
        ":digest_26, :digest_27, :digest_28, :digest_29, :digest_30, :digest_31, "
        ":digest_32, :digest_33, :digest_34, :digest_35, :digest_36, :digest_37, "
        ":digest_38, :digest_39, :digest_40, :digest_41, :digest_42, :digest_43, "
        ":digest_44, :digest_45, :digest_46, :digest_47, :digest_48, :digest_49, "
        ":digest_50, :digest_51, :digest_52, :digest_53, :digest_54, :digest_55, "
        ":digest_56, :digest_57, :digest_58, :digest_59, :digest_60, :digest_61, "
        ":digest_62, :digest_63)"
    ),
)

COLLECTION_LINKS = Statement(
    sqlite=(
        "SELECT repository_blobs.repository_id, repository_blobs.digest, CASE WHEN "
        "((EXISTS (SELECT * FROM blobs WHERE blobs.digest = repository_blobs.digest AND "
        "blobs.keep_until < :now)) AND NOT (EXISTS (SELECT * FROM edges WHERE "
        "edges.target = repository_blobs.digest AND edges.repository_id = "
        "repository_blobs.repository_id))) THEN 1 ELSE 0 END AS anon_1 FROM "
        "repository_blobs WHERE (repository_blobs.repository_id, repository_blobs.digest) "
        "> (:repository_id, :digest) ORDER BY repository_blobs.repository_id, "
        "repository_blobs.digest LIMIT :limit OFFSET 0"
    ),
)

COLLECTION_DROP_LINK = Statement(
    sqlite=(
        "DELETE FROM repository_blobs WHERE repository_blobs.repository_id = "
        ":repository_id AND repository_blobs.digest = :digest AND (EXISTS (SELECT * FROM "
        "blobs WHERE blobs.digest = repository_blobs.digest AND blobs.keep_until < :now)) "
        "AND NOT (EXISTS (SELECT * FROM edges WHERE edges.target = "
        "repository_blobs.digest AND edges.repository_id = "
        "repository_blobs.repository_id))"
    ),
)

COLLECTION_SWEPT = Statement(
    sqlite=(
        "INSERT INTO sweeps (job_id, digest, generation, size, reason, at) VALUES "
        "(:job_id, :digest, :generation, :size, :reason, :at)"
    ),
)

COLLECTION_SWEEPS = Statement(
    sqlite=(
        "SELECT sweeps.id, sweeps.job_id, sweeps.digest, sweeps.generation, sweeps.size, "
        "sweeps.reason, sweeps.at FROM sweeps WHERE sweeps.job_id = :job_id AND sweeps.id "
        "> :after ORDER BY sweeps.id LIMIT :limit OFFSET 0"
    ),
)

COLLECTION_PRUNE = Statement(
    sqlite=(
        "DELETE FROM sweeps WHERE sweeps.id IN (SELECT oldest.id FROM sweeps AS oldest "
        "WHERE oldest.id > 0 ORDER BY oldest.id LIMIT :limit OFFSET 0) AND sweeps.at < "
        ":before"
    ),
)

REACH_HOLDERS = Statement(
    sqlite=(
        "SELECT count(DISTINCT anon_1.manifest_id) AS count_1 FROM (SELECT "
        "edges.manifest_id AS manifest_id FROM edges WHERE edges.target = :target LIMIT "
        ":limit OFFSET 0) AS anon_1"
    ),
)

REACH_PARENTS = Statement(
    sqlite=(
        "SELECT manifests.digest FROM manifests JOIN edges ON edges.manifest_id = "
        "manifests.id WHERE edges.target = :target AND edges.repository_id = "
        ":repository_id AND edges.kind IN ('child', 'sparse') LIMIT :limit OFFSET 0"
    ),
)

REACH_REPOSITORIES = Statement(
    sqlite=(
        "SELECT repositories.id, repositories.name FROM repositories WHERE "
        "repositories.name > :after AND repositories.name < :end ORDER BY "
        "repositories.name LIMIT :limit OFFSET 0"
    ),
)

INSPECTION_DEAD_TARGETS = Statement(
    sqlite=(
        "SELECT manifests.digest, edges.target, edges.kind FROM manifests JOIN edges ON "
        "edges.manifest_id = manifests.id WHERE edges.kind != 'sparse' AND NOT (EXISTS "
        "(SELECT * FROM blobs WHERE blobs.digest = edges.target AND blobs.state = "
        "'live')) AND NOT (EXISTS (SELECT * FROM damages, blobs WHERE damages.digest = "
        "edges.target AND damages.healed_at IS NULL AND blobs.generation = "
        "damages.generation AND blobs.digest = damages.digest AND blobs.state = "
        "'arriving')) OR edges.repository_id != manifests.repository_id LIMIT :limit "
        "OFFSET 0"
    ),
)

INSPECTION_DEAD_HOLDS = Statement(
    sqlite=(
        "SELECT trash.digest, trash_holds.target FROM trash JOIN trash_holds ON "
        "trash_holds.trash_id = trash.id WHERE NOT (EXISTS (SELECT * FROM blobs WHERE "
        "blobs.digest = trash_holds.target AND blobs.state = 'live')) AND NOT (EXISTS "
        "(SELECT * FROM damages WHERE damages.digest = trash_holds.target AND "
        "damages.healed_at IS NULL)) LIMIT :limit OFFSET 0"
    ),
)

INSPECTION_STRAY_CHILDREN = Statement(
    sqlite=(
        "SELECT manifests.digest, edges.target, manifests.repository_id FROM manifests "
        "JOIN edges ON edges.manifest_id = manifests.id WHERE edges.kind = 'child' AND "
        "NOT (EXISTS (SELECT * FROM manifests AS children WHERE children.digest = "
        "edges.target AND children.repository_id = manifests.repository_id)) LIMIT :limit "
        "OFFSET 0"
    ),
)

INSPECTION_STRAY_TAGS = Statement(
    sqlite=(
        "SELECT tags.repository_id, tags.name, manifests.digest, manifests.repository_id "
        "AS holder_id FROM tags JOIN manifests ON manifests.id = tags.manifest_id WHERE "
        "manifests.repository_id != tags.repository_id LIMIT :limit OFFSET 0"
    ),
)

INSPECTION_WITHOUT_BYTES = Statement(
    sqlite=(
        "SELECT manifests.digest, manifests.repository_id FROM manifests WHERE NOT "
        "(EXISTS (SELECT * FROM manifest_bytes WHERE manifest_bytes.digest = "
        "manifests.digest)) LIMIT :limit OFFSET 0"
    ),
)

INSPECTION_WITHOUT_SELF = Statement(
    sqlite=(
        "SELECT manifests.digest, manifests.repository_id FROM manifests WHERE NOT "
        "(EXISTS (SELECT * FROM edges WHERE edges.manifest_id = manifests.id AND "
        "edges.target = manifests.digest AND edges.kind = 'self')) LIMIT :limit OFFSET 0"
    ),
)

INSPECTION_BLOBS = Statement(
    sqlite=(
        "SELECT blobs.digest, blobs.generation, blobs.state, blobs.size, blobs.keep_until "
        "FROM blobs WHERE blobs.generation > :after ORDER BY blobs.generation LIMIT "
        ":limit OFFSET 0"
    ),
)

INSPECTION_MANIFESTS = Statement(
    sqlite=(
        "SELECT manifests.id, manifests.digest, manifests.media_type, "
        "manifests.artifact_type, manifests.size, manifests.subject, manifest_bytes.raw "
        "FROM manifests LEFT OUTER JOIN manifest_bytes ON manifest_bytes.digest = "
        "manifests.digest WHERE manifests.id > :after ORDER BY manifests.id LIMIT :limit "
        "OFFSET 0"
    ),
)

INSPECTION_TRASH_WITHOUT_BYTES = Statement(
    sqlite=(
        "SELECT trash.digest, trash.repository_id FROM trash WHERE trash.kind = "
        "'manifest' AND trash.raw IS NULL LIMIT :limit OFFSET 0"
    ),
)

INSPECTION_DRIFTED_LEDGERS = Statement(
    sqlite=(
        "SELECT ledgers.kind, ledgers.name, ledgers.used_bytes, (SELECT "
        "coalesce(sum(blobs.size), 0) AS coalesce_1 FROM blobs JOIN charges ON "
        "charges.digest = blobs.digest WHERE charges.ledger_id = ledgers.id) AS charged "
        "FROM ledgers WHERE ledgers.used_bytes != (SELECT coalesce(sum(blobs.size), 0) AS "
        "coalesce_1 FROM blobs JOIN charges ON charges.digest = blobs.digest WHERE "
        "charges.ledger_id = ledgers.id) LIMIT :limit OFFSET 0"
    ),
)

INSPECTION_DRIFTED_CHARGES = Statement(
    sqlite=(
        "SELECT charges.ledger_id, charges.digest, charges.holds, (SELECT count(DISTINCT "
        "edges.manifest_id) AS count_1 FROM edges JOIN manifest_ledgers ON "
        "manifest_ledgers.manifest_id = edges.manifest_id WHERE edges.target = "
        "charges.digest AND edges.kind != 'sparse' AND manifest_ledgers.ledger_id = "
        "charges.ledger_id) AS holders FROM charges WHERE charges.holds != (SELECT "
        "count(DISTINCT edges.manifest_id) AS count_1 FROM edges JOIN manifest_ledgers ON "
        "manifest_ledgers.manifest_id = edges.manifest_id WHERE edges.target = "
        "charges.digest AND edges.kind != 'sparse' AND manifest_ledgers.ledger_id = "
        "charges.ledger_id) LIMIT :limit OFFSET 0"
    ),
)

INSPECTION_UNCHARGED = Statement(
    sqlite=(
        "SELECT edges.manifest_id, edges.target, manifest_ledgers.ledger_id FROM edges "
        "JOIN manifest_ledgers ON manifest_ledgers.manifest_id = edges.manifest_id WHERE "
        "edges.kind != 'sparse' AND NOT (EXISTS (SELECT * FROM charges WHERE "
        "charges.ledger_id = manifest_ledgers.ledger_id AND charges.digest = "
        "edges.target)) LIMIT :limit OFFSET 0"
    ),
)

INSPECTION_WITHOUT_LEDGER = Statement(
    sqlite=(
        "SELECT manifests.digest, manifests.repository_id FROM manifests WHERE NOT "
        "(EXISTS (SELECT * FROM manifest_ledgers, ledgers WHERE "
        "manifest_ledgers.manifest_id = manifests.id AND ledgers.id = "
        "manifest_ledgers.ledger_id AND ledgers.kind = 'project')) LIMIT :limit OFFSET 0"
    ),
)

JOBS_ENQUEUE = Statement(
    sqlite=(
        "INSERT INTO jobs (kind, args, mutex, dedup, state, run_at, attempt, owner, "
        "lease_until, cancelled, progress, error, actor, created_at) VALUES (:kind, "
        ":args, :mutex, :dedup, 'ready', :run_at, 0, '', 0, 0, '', '', :actor, "
        ":created_at) ON CONFLICT DO NOTHING RETURNING id"
    ),
)

JOBS_CLAIM = Statement(
    sqlite=(
        "UPDATE jobs SET state='running', attempt=(jobs.attempt + 1), owner=:new_owner, "
        "lease_until=:new_lease_until, started_at=coalesce(jobs.started_at, :now) WHERE "
        "jobs.id = (SELECT jobs.id FROM jobs WHERE jobs.state = 'ready' AND jobs.run_at "
        "<= :now AND NOT (EXISTS (SELECT 1 FROM jobs AS other WHERE other.mutex = "
        "jobs.mutex AND other.state = 'running')) ORDER BY jobs.run_at, jobs.id LIMIT 1 "
        "OFFSET 0) RETURNING id, kind, args, mutex, state, run_at, attempt, owner, "
        "lease_until, cancelled, progress, error, actor, created_at, started_at, ended_at"
    ),
    postgres=(
        "UPDATE jobs SET state='running', attempt=(jobs.attempt + 1), owner=:new_owner, "
        "lease_until=:new_lease_until, started_at=coalesce(jobs.started_at, :now) WHERE "
        "jobs.id = (SELECT jobs.id FROM jobs WHERE jobs.state = 'ready' AND jobs.run_at "
        "<= :now AND NOT (EXISTS (SELECT 1 FROM jobs AS other WHERE other.mutex = "
        "jobs.mutex AND other.state = 'running')) ORDER BY jobs.run_at, jobs.id LIMIT 1 "
        "FOR UPDATE OF jobs SKIP LOCKED) RETURNING jobs.id, jobs.kind, jobs.args, "
        "jobs.mutex, jobs.state, jobs.run_at, jobs.attempt, jobs.owner, jobs.lease_until, "
        "jobs.cancelled, jobs.progress, jobs.error, jobs.actor, jobs.created_at, "
        "jobs.started_at, jobs.ended_at"
    ),
)

JOBS_BEAT = Statement(
    sqlite=(
        "UPDATE jobs SET lease_until=:new_lease_until WHERE jobs.id = :job_id AND "
        "jobs.owner = :job_owner AND jobs.state = 'running' RETURNING id, kind, args, "
        "mutex, state, run_at, attempt, owner, lease_until, cancelled, progress, error, "
        "actor, created_at, started_at, ended_at"
    ),
)

JOBS_SAVE = Statement(
    sqlite=(
        "UPDATE jobs SET attempt=CASE WHEN (jobs.progress = :new_progress) THEN "
        "jobs.attempt ELSE 1 END, lease_until=:new_lease_until, progress=:new_progress "
        "WHERE jobs.id = :job_id AND jobs.owner = :job_owner AND jobs.state = 'running' "
        "RETURNING id, kind, args, mutex, state, run_at, attempt, owner, lease_until, "
        "cancelled, progress, error, actor, created_at, started_at, ended_at"
    ),
)

JOBS_END = Statement(
    sqlite=(
        "UPDATE jobs SET state=:new_state, lease_until=0, error=:new_error, ended_at=:now "
        "WHERE jobs.id = :job_id AND jobs.owner = :job_owner AND jobs.state = 'running'"
    ),
)

JOBS_RELEASE = Statement(
    sqlite=(
        "UPDATE jobs SET state='ready', run_at=:now, attempt=(jobs.attempt - :undone), "
        "owner='', lease_until=0, error=:new_error WHERE jobs.id = :job_id AND jobs.owner "
        "= :job_owner AND jobs.state = 'running'"
    ),
)

JOBS_REAP = Statement(
    sqlite=(
        "UPDATE jobs SET state='ready', owner='', lease_until=0 WHERE jobs.id IN (SELECT "
        "jobs.id FROM jobs WHERE jobs.state = 'running' AND jobs.lease_until < :now ORDER "
        "BY jobs.lease_until LIMIT :limit OFFSET 0) RETURNING id, kind, args, mutex, "
        "state, run_at, attempt, owner, lease_until, cancelled, progress, error, actor, "
        "created_at, started_at, ended_at"
    ),
    postgres=(
        "UPDATE jobs SET state='ready', owner='', lease_until=0 WHERE jobs.id IN (SELECT "
        "jobs.id FROM jobs WHERE jobs.state = 'running' AND jobs.lease_until < :now ORDER "
        "BY jobs.lease_until LIMIT :limit FOR UPDATE OF jobs SKIP LOCKED) RETURNING "
        "jobs.id, jobs.kind, jobs.args, jobs.mutex, jobs.state, jobs.run_at, "
        "jobs.attempt, jobs.owner, jobs.lease_until, jobs.cancelled, jobs.progress, "
        "jobs.error, jobs.actor, jobs.created_at, jobs.started_at, jobs.ended_at"
    ),
)

JOBS_CANCEL_READY = Statement(
    sqlite=(
        "UPDATE jobs SET state='cancelled', cancelled=1, ended_at=:now WHERE jobs.id = "
        ":job_id AND jobs.state = 'ready'"
    ),
)

JOBS_CANCEL_RUNNING = Statement(
    sqlite="UPDATE jobs SET cancelled=1 WHERE jobs.id = :job_id AND jobs.state = 'running'",
)

JOBS_FIND = Statement(
    sqlite=(
        "SELECT jobs.id, jobs.kind, jobs.args, jobs.mutex, jobs.state, jobs.run_at, "
        "jobs.attempt, jobs.owner, jobs.lease_until, jobs.cancelled, jobs.progress, "
        "jobs.error, jobs.actor, jobs.created_at, jobs.started_at, jobs.ended_at FROM "
        "jobs WHERE jobs.id = :job_id"
    ),
)

JOBS_PAGE = Statement(
    sqlite=(
        "SELECT jobs.id, jobs.kind, jobs.args, jobs.mutex, jobs.state, jobs.run_at, "
        "jobs.attempt, jobs.owner, jobs.lease_until, jobs.cancelled, jobs.progress, "
        "jobs.error, jobs.actor, jobs.created_at, jobs.started_at, jobs.ended_at FROM "
        "jobs WHERE jobs.id < :before ORDER BY jobs.id DESC LIMIT :limit OFFSET 0"
    ),
)

JOBS_PAGE_KIND = Statement(
    sqlite=(
        "SELECT jobs.id, jobs.kind, jobs.args, jobs.mutex, jobs.state, jobs.run_at, "
        "jobs.attempt, jobs.owner, jobs.lease_until, jobs.cancelled, jobs.progress, "
        "jobs.error, jobs.actor, jobs.created_at, jobs.started_at, jobs.ended_at FROM "
        "jobs WHERE jobs.kind = :kind AND jobs.id < :before ORDER BY jobs.id DESC LIMIT "
        ":limit OFFSET 0"
    ),
)

JOBS_BACKLOG = Statement(
    sqlite=(
        "SELECT count(*) AS count_1, min(jobs.run_at) AS min_1 FROM jobs WHERE jobs.state "
        "= 'ready' AND jobs.run_at <= :now"
    ),
)

JOB_LINES_APPEND = Statement(
    sqlite="INSERT INTO job_lines (job_id, at, text) VALUES (:job_id, :at, :text)",
)

JOB_LINES_TRIM = Statement(
    sqlite=(
        "DELETE FROM job_lines WHERE job_lines.job_id = :job_id AND job_lines.id <= "
        "(SELECT job_lines.id FROM job_lines WHERE job_lines.job_id = :job_id ORDER BY "
        "job_lines.id DESC LIMIT 1 OFFSET :keep)"
    ),
)

JOB_LINES_PAGE = Statement(
    sqlite=(
        "SELECT job_lines.id, job_lines.at, job_lines.text FROM job_lines WHERE "
        "job_lines.job_id = :job_id AND job_lines.id > :after ORDER BY job_lines.id LIMIT "
        ":limit OFFSET 0"
    ),
)

JOB_LINES_PRUNE_LINES = Statement(
    sqlite=(
        "DELETE FROM job_lines WHERE job_lines.id IN (SELECT job_lines.id FROM job_lines "
        "WHERE job_lines.job_id IN (SELECT jobs.id FROM jobs WHERE jobs.ended_at < "
        ":ended_before) LIMIT :limit OFFSET 0)"
    ),
)

JOB_LINES_PRUNE_JOBS = Statement(
    sqlite=(
        "DELETE FROM jobs WHERE jobs.id IN (SELECT jobs.id FROM jobs WHERE jobs.ended_at "
        "< :ended_before ORDER BY jobs.ended_at LIMIT :limit OFFSET 0)"
    ),
)

SCHEDULES_PUT = Statement(
    sqlite=(
        "INSERT INTO schedules (name, kind, args, mutex, cron, enabled, next_at, last_at) "
        "VALUES (:name, :kind, :args, :mutex, :cron, :enabled, :next_at, :last_at) ON "
        "CONFLICT (name) DO UPDATE SET kind = excluded.kind, args = excluded.args, mutex "
        "= excluded.mutex, cron = excluded.cron, enabled = excluded.enabled, next_at = "
        "excluded.next_at, last_at = excluded.last_at"
    ),
)

SCHEDULES_FIND = Statement(
    sqlite=(
        "SELECT schedules.name, schedules.kind, schedules.args, schedules.mutex, "
        "schedules.cron, schedules.enabled, schedules.next_at, schedules.last_at FROM "
        "schedules WHERE schedules.name = :name"
    ),
)

SCHEDULES_REMOVE = Statement(
    sqlite="DELETE FROM schedules WHERE schedules.name = :name",
)

SCHEDULES_PAGE = Statement(
    sqlite=(
        "SELECT schedules.name, schedules.kind, schedules.args, schedules.mutex, "
        "schedules.cron, schedules.enabled, schedules.next_at, schedules.last_at FROM "
        "schedules WHERE schedules.name > :after ORDER BY schedules.name LIMIT :limit "
        "OFFSET 0"
    ),
)

SCHEDULES_DUE = Statement(
    sqlite=(
        "SELECT schedules.name, schedules.kind, schedules.args, schedules.mutex, "
        "schedules.cron, schedules.enabled, schedules.next_at, schedules.last_at FROM "
        "schedules WHERE schedules.enabled = 1 AND schedules.next_at <= :now ORDER BY "
        "schedules.next_at LIMIT :limit OFFSET 0"
    ),
)

SCHEDULES_FIRE = Statement(
    sqlite=(
        "UPDATE schedules SET next_at=:new_next_at, last_at=:now WHERE schedules.name = "
        ":schedule_name AND schedules.next_at = :seen_next_at AND schedules.enabled = 1"
    ),
)

HISTORY_FACTS = Statement(
    sqlite=(
        "WITH RECURSIVE walk(tag, number) AS (SELECT (SELECT min(behind.tag) AS min_1 "
        "FROM tag_history AS behind WHERE behind.repository_id = :repository_id AND "
        "behind.tag > :after) AS tag, 1 AS number UNION ALL SELECT (SELECT "
        "min(behind.tag) AS min_2 FROM tag_history AS behind WHERE behind.repository_id = "
        ":repository_id AND behind.tag > walk.tag) AS anon_3, walk.number + 1 AS anon_4 "
        "FROM walk WHERE walk.tag IS NOT NULL AND walk.number < :limit) SELECT walk.tag, "
        "then_.\"after\", CASE WHEN (target.id IS NOT NULL) THEN 'here' WHEN (EXISTS "
        "(SELECT * FROM trash WHERE trash.repository_id = :repository_id AND trash.digest "
        "= then_.\"after\" AND trash.kind = 'manifest')) THEN 'trash' ELSE 'gone' END AS "
        "anon_1, current.digest, (SELECT max(latest.id) AS max_1 FROM tag_history AS "
        "latest WHERE latest.repository_id = :repository_id AND latest.tag = walk.tag) AS "
        "anon_2, then_.at FROM walk LEFT OUTER JOIN tag_history AS then_ ON then_.id = "
        "(SELECT earlier.id FROM tag_history AS earlier WHERE earlier.repository_id = "
        ":repository_id AND earlier.tag = walk.tag AND earlier.at <= :moment ORDER BY "
        "earlier.id DESC LIMIT 1 OFFSET 0) LEFT OUTER JOIN manifests AS target ON "
        'target.digest = then_."after" AND target.repository_id = :repository_id LEFT '
        "OUTER JOIN tags ON tags.repository_id = :repository_id AND tags.name = walk.tag "
        "LEFT OUTER JOIN manifests AS current ON current.id = tags.manifest_id WHERE "
        "walk.tag IS NOT NULL"
    ),
)

HISTORY_FACT = Statement(
    sqlite=(
        "SELECT last.tag, then_.\"after\", CASE WHEN (target.id IS NOT NULL) THEN 'here' "
        "WHEN (EXISTS (SELECT * FROM trash WHERE trash.repository_id = :repository_id AND "
        "trash.digest = then_.\"after\" AND trash.kind = 'manifest')) THEN 'trash' ELSE "
        "'gone' END AS anon_1, current.digest, last.id, then_.at FROM tag_history AS last "
        "LEFT OUTER JOIN tag_history AS then_ ON then_.id = (SELECT earlier.id FROM "
        "tag_history AS earlier WHERE earlier.repository_id = :repository_id AND "
        "earlier.tag = last.tag AND earlier.at <= :moment ORDER BY earlier.id DESC LIMIT "
        '1 OFFSET 0) LEFT OUTER JOIN manifests AS target ON target.digest = then_."after" '
        "AND target.repository_id = :repository_id LEFT OUTER JOIN tags ON "
        "tags.repository_id = :repository_id AND tags.name = last.tag LEFT OUTER JOIN "
        "manifests AS current ON current.id = tags.manifest_id WHERE last.repository_id = "
        ":repository_id AND last.tag = :tag ORDER BY last.id DESC LIMIT 1 OFFSET 0"
    ),
)

HISTORY_OF_TAG = Statement(
    sqlite=(
        'SELECT tag_history.id, tag_history.tag, tag_history."before", '
        'tag_history."after", tag_history.at, tag_history.actor, tag_history.client FROM '
        "tag_history WHERE tag_history.repository_id = :repository_id AND tag_history.tag "
        "= :tag AND tag_history.id < :before ORDER BY tag_history.id DESC LIMIT :limit "
        "OFFSET 0"
    ),
)

HISTORY_OF_REPOSITORY = Statement(
    sqlite=(
        'SELECT tag_history.id, tag_history.tag, tag_history."before", '
        'tag_history."after", tag_history.at, tag_history.actor, tag_history.client FROM '
        "tag_history WHERE tag_history.repository_id = :repository_id AND tag_history.id "
        "< :before ORDER BY tag_history.id DESC LIMIT :limit OFFSET 0"
    ),
)

HISTORY_NEWEST = Statement(
    sqlite="SELECT max(tag_history.id) AS max_1 FROM tag_history",
)

HISTORY_REPOSITORIES = Statement(
    sqlite=(
        "SELECT repositories.name FROM repositories WHERE repositories.name > :after AND "
        "repositories.name < :end ORDER BY repositories.name LIMIT :limit OFFSET 0"
    ),
)

LEDGERS_FIND = Statement(
    sqlite=(
        "SELECT ledgers.id, ledgers.kind, ledgers.name, ledgers.used_bytes, "
        "ledgers.manifests, ledgers.limit_bytes, ledgers.limit_manifests FROM ledgers "
        "WHERE ledgers.kind = :kind AND ledgers.name = :name"
    ),
)

LEDGERS_NAMED = Statement(
    sqlite=(
        "SELECT ledgers.id, ledgers.kind, ledgers.name, ledgers.used_bytes, "
        "ledgers.manifests, ledgers.limit_bytes, ledgers.limit_manifests FROM ledgers "
        "WHERE ledgers.kind = :kind AND ledgers.name IN (SELECT value FROM "
        "json_each(:keys))"
    ),
    postgres=(
        "SELECT ledgers.id, ledgers.kind, ledgers.name, ledgers.used_bytes, "
        "ledgers.manifests, ledgers.limit_bytes, ledgers.limit_manifests FROM ledgers "
        "WHERE ledgers.kind = :kind AND ledgers.name = ANY (:keys)"
    ),
)

LEDGERS_OWNERS = Statement(
    sqlite=(
        "SELECT ledgers.id, ledgers.kind, ledgers.name, ledgers.used_bytes, "
        "ledgers.manifests, ledgers.limit_bytes, ledgers.limit_manifests FROM ledgers "
        "WHERE ledgers.kind = 'project' AND ledgers.name = :project OR ledgers.kind = "
        "'user' AND ledgers.name = :user"
    ),
)

LEDGERS_ADD = Statement(
    sqlite=(
        "INSERT INTO ledgers (kind, name, used_bytes, manifests) VALUES (:kind, :name, 0, "
        "0) ON CONFLICT (kind, name) DO NOTHING"
    ),
    postgres=(
        "INSERT INTO ledgers (kind, name, used_bytes, manifests) VALUES (:kind, :name, 0, "
        "0) ON CONFLICT (kind, name) DO NOTHING RETURNING ledgers.id"
    ),
)

LEDGERS_PAGE = Statement(
    sqlite=(
        "SELECT ledgers.id, ledgers.kind, ledgers.name, ledgers.used_bytes, "
        "ledgers.manifests, ledgers.limit_bytes, ledgers.limit_manifests FROM ledgers "
        "WHERE ledgers.kind = :kind AND ledgers.name > :after ORDER BY ledgers.name LIMIT "
        ":limit OFFSET 0"
    ),
)

LEDGERS_SET_LIMITS = Statement(
    sqlite=(
        "UPDATE ledgers SET limit_bytes=:new_limit_bytes, "
        "limit_manifests=:new_limit_manifests WHERE ledgers.id = :ledger_id"
    ),
)

LEDGERS_HOLD = Statement(
    sqlite=(
        "INSERT INTO charges (ledger_id, digest, holds) SELECT DISTINCT "
        "manifest_ledgers.ledger_id, edges.target, 1 FROM manifest_ledgers JOIN edges ON "
        "edges.manifest_id = manifest_ledgers.manifest_id WHERE "
        "manifest_ledgers.manifest_id = :manifest_id AND edges.kind != 'sparse' ON "
        "CONFLICT (ledger_id, digest) DO UPDATE SET holds = (charges.holds + 1)"
    ),
)

LEDGERS_CHARGE = Statement(
    sqlite=(
        "UPDATE ledgers SET used_bytes=(ledgers.used_bytes + added.size), "
        "manifests=(ledgers.manifests + 1) FROM (SELECT manifest_ledgers.ledger_id AS "
        "ledger_id, (SELECT coalesce(sum(blobs.size), 0) AS coalesce_1 FROM blobs JOIN "
        "charges ON charges.digest = blobs.digest WHERE charges.ledger_id = "
        "manifest_ledgers.ledger_id AND charges.holds = 1 AND charges.digest IN (SELECT "
        "edges.target FROM edges WHERE edges.manifest_id = :manifest_id AND edges.kind != "
        "'sparse')) AS size FROM manifest_ledgers WHERE manifest_ledgers.manifest_id = "
        ":manifest_id) AS added WHERE ledgers.id = added.ledger_id RETURNING id, kind, "
        "name, used_bytes, manifests, limit_bytes, limit_manifests"
    ),
)

LEDGERS_NOTE = Statement(
    sqlite=(
        "INSERT INTO manifest_ledgers (manifest_id, ledger_id) SELECT CAST(:manifest_id "
        "AS INTEGER) AS anon_1, ledgers.id FROM ledgers WHERE ledgers.kind = 'project' "
        "AND ledgers.name = :project OR ledgers.kind = 'user' AND ledgers.name = :user"
    ),
    postgres=(
        "INSERT INTO manifest_ledgers (manifest_id, ledger_id) SELECT CAST(:manifest_id "
        "AS BIGINT) AS anon_1, ledgers.id FROM ledgers WHERE ledgers.kind = 'project' AND "
        "ledgers.name = :project OR ledgers.kind = 'user' AND ledgers.name = :user"
    ),
)

LEDGERS_OF = Statement(
    sqlite=(
        "SELECT ledgers.id, ledgers.kind, ledgers.name, ledgers.used_bytes, "
        "ledgers.manifests, ledgers.limit_bytes, ledgers.limit_manifests FROM ledgers "
        "WHERE ledgers.id IN (SELECT manifest_ledgers.ledger_id FROM manifest_ledgers "
        "WHERE manifest_ledgers.manifest_id = :manifest_id) ORDER BY ledgers.id"
    ),
)

LEDGERS_RELEASE = Statement(
    sqlite=(
        "UPDATE charges SET holds=(charges.holds - 1) WHERE charges.ledger_id IN (SELECT "
        "manifest_ledgers.ledger_id FROM manifest_ledgers WHERE "
        "manifest_ledgers.manifest_id = :manifest_id) AND charges.digest IN (SELECT "
        "edges.target FROM edges WHERE edges.manifest_id = :manifest_id AND edges.kind != "
        "'sparse')"
    ),
)

LEDGERS_DISCHARGE = Statement(
    sqlite=(
        "UPDATE ledgers SET used_bytes=(ledgers.used_bytes - (SELECT "
        "coalesce(sum(blobs.size), 0) AS coalesce_1 FROM blobs JOIN charges ON "
        "charges.digest = blobs.digest WHERE charges.ledger_id = ledgers.id AND "
        "charges.holds = 0 AND charges.digest IN (SELECT edges.target FROM edges WHERE "
        "edges.manifest_id = :manifest_id AND edges.kind != 'sparse'))), "
        "manifests=(ledgers.manifests - 1) WHERE ledgers.id IN (SELECT "
        "manifest_ledgers.ledger_id FROM manifest_ledgers WHERE "
        "manifest_ledgers.manifest_id = :manifest_id)"
    ),
)

LEDGERS_SETTLE = Statement(
    sqlite=(
        "DELETE FROM charges WHERE charges.ledger_id IN (SELECT "
        "manifest_ledgers.ledger_id FROM manifest_ledgers WHERE "
        "manifest_ledgers.manifest_id = :manifest_id) AND charges.digest IN (SELECT "
        "edges.target FROM edges WHERE edges.manifest_id = :manifest_id AND edges.kind != "
        "'sparse') AND charges.holds = 0"
    ),
)

LEDGERS_FORGET = Statement(
    sqlite="DELETE FROM manifest_ledgers WHERE manifest_ledgers.manifest_id = :manifest_id",
)

POLICIES_OF = Statement(
    sqlite=(
        "SELECT policies.project, policies.kind, policies.document, policies.changed_at, "
        "policies.changed_by FROM policies WHERE policies.project = :project ORDER BY "
        "policies.kind"
    ),
)

POLICIES_NAMED = Statement(
    sqlite=(
        "SELECT policies.project, policies.kind, policies.document, policies.changed_at, "
        "policies.changed_by FROM policies WHERE policies.project IN (SELECT value FROM "
        "json_each(:keys)) ORDER BY policies.project, policies.kind"
    ),
    postgres=(
        "SELECT policies.project, policies.kind, policies.document, policies.changed_at, "
        "policies.changed_by FROM policies WHERE policies.project = ANY (:keys) ORDER BY "
        "policies.project, policies.kind"
    ),
)

POLICIES_PUT = Statement(
    sqlite=(
        "INSERT INTO policies (project, kind, document, changed_at, changed_by) VALUES "
        "(:project, :kind, :document, :changed_at, :changed_by) ON CONFLICT (project, "
        "kind) DO UPDATE SET document = :document, changed_at = :changed_at, changed_by = "
        ":changed_by"
    ),
)

POLICIES_REMOVE = Statement(
    sqlite="DELETE FROM policies WHERE policies.project = :project AND policies.kind = :kind",
)

POLICIES_PAGE = Statement(
    sqlite=(
        "SELECT policies.project, policies.kind, policies.document, policies.changed_at, "
        "policies.changed_by FROM policies WHERE policies.kind = :kind AND "
        "policies.project > :after ORDER BY policies.project LIMIT :limit OFFSET 0"
    ),
)

PULLS_ADD = Statement(
    sqlite=(
        "INSERT INTO pulls (repository_id, digest, pulled_at, count) VALUES "
        "(:repository_id, :digest, :pulled_at, :count) ON CONFLICT (repository_id, "
        "digest) DO UPDATE SET pulled_at = CASE WHEN (pulls.pulled_at > :pulled_at) THEN "
        "pulls.pulled_at ELSE :pulled_at END, count = (pulls.count + :count)"
    ),
)

PULLS_PAGE = Statement(
    sqlite=(
        "SELECT pulls.repository_id, pulls.digest, pulls.pulled_at, pulls.count FROM "
        "pulls WHERE pulls.repository_id = :repository_id AND pulls.digest > :after ORDER "
        "BY pulls.digest LIMIT :limit OFFSET 0"
    ),
)

PULLS_LAST_USE = Statement(
    sqlite=(
        "SELECT max(manifests.pushed_at) AS max_1, max(pulls.pulled_at) AS max_2 FROM "
        "edges JOIN manifests ON manifests.id = edges.manifest_id LEFT OUTER JOIN pulls "
        "ON pulls.repository_id = manifests.repository_id AND pulls.digest = "
        "manifests.digest WHERE edges.target = :target"
    ),
)

PULLS_REMOVE = Statement(
    sqlite=(
        "DELETE FROM pulls WHERE pulls.repository_id = :repository_id AND pulls.digest = "
        ":digest"
    ),
)

TRASH_ADD = Statement(
    sqlite=(
        "INSERT INTO trash (batch, repository_id, kind, digest, tags, media_type, size, "
        "pushed_at, pushed_by, raw, deleted_at, purge_at, actor, client, reason) VALUES "
        "(:batch, :repository_id, :kind, :digest, :tags, :media_type, :size, :pushed_at, "
        ":pushed_by, :raw, :deleted_at, :purge_at, :actor, :client, :reason) RETURNING id"
    ),
)

TRASH_HOLD = Statement(
    sqlite=(
        "INSERT INTO trash_holds (trash_id, target) VALUES (:trash_id, :target) ON "
        "CONFLICT (trash_id, target) DO NOTHING"
    ),
)

TRASH_FIND = Statement(
    sqlite=(
        "SELECT trash.id, trash.batch, trash.repository_id, trash.kind, trash.digest, "
        "trash.tags, trash.media_type, trash.size, trash.pushed_at, trash.pushed_by, "
        "trash.deleted_at, trash.purge_at, trash.actor, trash.client, trash.reason, "
        "repositories.name FROM trash JOIN repositories ON repositories.id = "
        "trash.repository_id WHERE trash.id = :id"
    ),
)

TRASH_OF = Statement(
    sqlite=(
        "SELECT trash.id, trash.batch, trash.repository_id, trash.kind, trash.digest, "
        "trash.tags, trash.media_type, trash.size, trash.pushed_at, trash.pushed_by, "
        "trash.deleted_at, trash.purge_at, trash.actor, trash.client, trash.reason, "
        "repositories.name FROM trash JOIN repositories ON repositories.id = "
        "trash.repository_id WHERE trash.repository_id = :repository_id AND trash.digest "
        "= :digest ORDER BY trash.id DESC"
    ),
)

TRASH_RAW = Statement(
    sqlite="SELECT trash.raw FROM trash WHERE trash.id = :id",
)

TRASH_PAGE = Statement(
    sqlite=(
        "SELECT trash.id, trash.batch, trash.repository_id, trash.kind, trash.digest, "
        "trash.tags, trash.media_type, trash.size, trash.pushed_at, trash.pushed_by, "
        "trash.deleted_at, trash.purge_at, trash.actor, trash.client, trash.reason, "
        "repositories.name FROM trash JOIN repositories ON repositories.id = "
        "trash.repository_id WHERE trash.id > :after AND (trash.repository_id = "
        ":repository_id OR :repository_id IS NULL) AND (trash.batch = :batch OR :batch IS "
        "NULL) AND (repositories.name >= :first_name AND repositories.name < :last_name "
        "OR :first_name IS NULL) ORDER BY trash.id LIMIT :limit OFFSET 0"
    ),
)

TRASH_BATCH = Statement(
    sqlite=(
        "SELECT trash.id, trash.batch, trash.repository_id, trash.kind, trash.digest, "
        "trash.tags, trash.media_type, trash.size, trash.pushed_at, trash.pushed_by, "
        "trash.deleted_at, trash.purge_at, trash.actor, trash.client, trash.reason, "
        "repositories.name FROM trash JOIN repositories ON repositories.id = "
        "trash.repository_id WHERE trash.batch = :batch AND trash.id > :after ORDER BY "
        "trash.id LIMIT :limit OFFSET 0"
    ),
)

TRASH_DUE = Statement(
    sqlite=(
        "SELECT trash.id, trash.batch, trash.repository_id, trash.kind, trash.digest, "
        "trash.tags, trash.media_type, trash.size, trash.pushed_at, trash.pushed_by, "
        "trash.deleted_at, trash.purge_at, trash.actor, trash.client, trash.reason, "
        "repositories.name FROM trash JOIN repositories ON repositories.id = "
        "trash.repository_id WHERE trash.purge_at <= :now ORDER BY trash.purge_at, "
        "trash.id LIMIT :limit OFFSET 0"
    ),
)

TRASH_TARGETS = Statement(
    sqlite=(
        "SELECT trash_holds.target FROM trash_holds WHERE trash_holds.trash_id = :id "
        "ORDER BY trash_holds.target"
    ),
)

TRASH_REMOVE = Statement(
    sqlite="DELETE FROM trash WHERE trash.id = :id",
)

TRASH_HOLDS = Statement(
    sqlite=(
        "SELECT trash_holds.trash_id FROM trash_holds WHERE trash_holds.target = :target "
        "LIMIT 1 OFFSET 0"
    ),
)

TRASH_HOLDERS = Statement(
    sqlite=(
        "SELECT trash.id, trash.batch, trash.repository_id, trash.kind, trash.digest, "
        "trash.tags, trash.media_type, trash.size, trash.pushed_at, trash.pushed_by, "
        "trash.deleted_at, trash.purge_at, trash.actor, trash.client, trash.reason, "
        "repositories.name FROM trash JOIN repositories ON repositories.id = "
        "trash.repository_id JOIN trash_holds ON trash_holds.trash_id = trash.id WHERE "
        "trash_holds.target = :target AND trash.repository_id = :repository_id AND "
        "trash.digest != :target LIMIT :limit OFFSET 0"
    ),
)

DAMAGES_REPORT = Statement(
    sqlite=(
        "INSERT INTO damages (digest, generation, message, found_at) VALUES (:digest, "
        ":generation, :message, :found_at)"
    ),
)

DAMAGES_KNOWN = Statement(
    sqlite=(
        "SELECT damages.id FROM damages WHERE damages.digest = :digest AND "
        "damages.generation = :generation AND damages.healed_at IS NULL LIMIT 1 OFFSET 0"
    ),
)

DAMAGES_HEAL = Statement(
    sqlite=(
        "UPDATE damages SET healed_at=:now WHERE damages.digest = :digest AND "
        "damages.healed_at IS NULL"
    ),
)

DAMAGES_OPEN = Statement(
    sqlite=(
        "SELECT damages.id, damages.digest, damages.generation, damages.message, "
        "damages.found_at, damages.healed_at FROM damages WHERE damages.id > :after AND "
        "damages.healed_at IS NULL AND (EXISTS (SELECT * FROM blobs WHERE blobs.digest = "
        "damages.digest AND blobs.generation = damages.generation AND blobs.state = "
        "'arriving')) ORDER BY damages.id LIMIT :limit OFFSET 0"
    ),
)

DAMAGES_PAGE = Statement(
    sqlite=(
        "SELECT damages.id, damages.digest, damages.generation, damages.message, "
        "damages.found_at, damages.healed_at FROM damages WHERE damages.id > :after ORDER "
        "BY damages.id LIMIT :limit OFFSET 0"
    ),
)

CURSORS_FIND = Statement(
    sqlite="SELECT cursors.sequence FROM cursors WHERE cursors.name = :name",
)

CURSORS_MOVE = Statement(
    sqlite=(
        "INSERT INTO cursors (name, sequence) VALUES (:name, :sequence) ON CONFLICT "
        "(name) DO UPDATE SET sequence = :sequence"
    ),
)

CURSORS_LOWEST = Statement(
    sqlite="SELECT min(cursors.sequence) AS min_1 FROM cursors",
)

REBUILDING_ADOPT = Statement(
    sqlite=(
        "INSERT INTO blobs (generation, digest, state, size, keep_until) VALUES "
        "(:generation, :digest, :state, :size, :keep_until)"
    ),
)

REBUILDING_UNHELD = Statement(
    sqlite=(
        "SELECT blobs.digest, blobs.generation, blobs.state, blobs.size, blobs.keep_until "
        "FROM blobs WHERE blobs.generation > :after AND NOT (EXISTS (SELECT * FROM edges "
        "WHERE edges.target = blobs.digest)) AND NOT (EXISTS (SELECT * FROM trash_holds "
        "WHERE trash_holds.target = blobs.digest)) ORDER BY blobs.generation LIMIT :limit "
        "OFFSET 0"
    ),
)

PROJECTS_FIND = Statement(
    sqlite=(
        "SELECT projects.name, projects.public, projects.networks, projects.created_at, "
        "projects.created_by FROM projects WHERE projects.name = :name"
    ),
)

PROJECTS_ADD = Statement(
    sqlite=(
        "INSERT INTO projects (name, public, networks, created_at, created_by) VALUES "
        "(:name, :public, :networks, :created_at, :created_by) ON CONFLICT (name) DO "
        "NOTHING"
    ),
)

PROJECTS_CHANGE = Statement(
    sqlite=(
        "UPDATE projects SET public=:new_public, networks=:new_networks WHERE "
        "projects.name = :name"
    ),
)

PROJECTS_REMOVE = Statement(
    sqlite="DELETE FROM projects WHERE projects.name = :name",
)

PROJECTS_PAGE = Statement(
    sqlite=(
        "SELECT projects.name, projects.public, projects.networks, projects.created_at, "
        "projects.created_by FROM projects WHERE projects.name > :after ORDER BY "
        "projects.name LIMIT :limit OFFSET 0"
    ),
)

GRANTS_ADD = Statement(
    sqlite=(
        "INSERT INTO grants (subject_kind, subject, project, scope, role, permissions, "
        "created_at, created_by) VALUES (:subject_kind, :subject, :project, :scope, "
        ":role, :permissions, :created_at, :created_by) ON CONFLICT (subject_kind, "
        "subject, scope, role) DO NOTHING RETURNING id"
    ),
)

GRANTS_FIND = Statement(
    sqlite=(
        "SELECT grants.id, grants.subject_kind, grants.subject, grants.scope, "
        "grants.role, grants.permissions, grants.created_at, grants.created_by FROM "
        "grants WHERE grants.id = :grant_id"
    ),
)

GRANTS_CHANGE = Statement(
    sqlite=(
        "UPDATE grants SET role=:new_role, permissions=:new_permissions WHERE grants.id = "
        ":grant_id AND NOT (EXISTS (SELECT * FROM grants AS other WHERE "
        "other.subject_kind = grants.subject_kind AND other.subject = grants.subject AND "
        "other.scope = grants.scope AND other.role = :new_role AND other.id != "
        "grants.id))"
    ),
)

GRANTS_REMOVE = Statement(
    sqlite="DELETE FROM grants WHERE grants.id = :grant_id",
)

GRANTS_OF_USER = Statement(
    sqlite=(
        "SELECT grants.id, grants.subject_kind, grants.subject, grants.scope, "
        "grants.role, grants.permissions, grants.created_at, grants.created_by FROM "
        "grants WHERE grants.subject_kind = 'user' AND grants.subject = :user_name AND "
        "grants.project IN ('*', :project) UNION ALL SELECT grants.id, "
        "grants.subject_kind, grants.subject, grants.scope, grants.role, "
        "grants.permissions, grants.created_at, grants.created_by FROM grants WHERE "
        "grants.subject_kind = 'group' AND grants.subject IN (SELECT "
        "memberships.group_name FROM memberships WHERE memberships.user_name = "
        ":user_name) AND grants.project IN ('*', :project) UNION ALL SELECT grants.id, "
        "grants.subject_kind, grants.subject, grants.scope, grants.role, "
        "grants.permissions, grants.created_at, grants.created_by FROM grants WHERE "
        "grants.subject_kind = 'everyone' AND grants.subject = '' AND grants.project IN "
        "('*', :project)"
    ),
)

GRANTS_OF_SUBJECT = Statement(
    sqlite=(
        "SELECT grants.id, grants.subject_kind, grants.subject, grants.scope, "
        "grants.role, grants.permissions, grants.created_at, grants.created_by FROM "
        "grants WHERE grants.subject_kind = :kind AND grants.subject = :subject ORDER BY "
        "grants.id LIMIT :limit OFFSET 0"
    ),
)

GRANTS_PAGE = Statement(
    sqlite=(
        "SELECT grants.id, grants.subject_kind, grants.subject, grants.scope, "
        "grants.role, grants.permissions, grants.created_at, grants.created_by FROM "
        "grants WHERE grants.project = :project AND grants.id > :after ORDER BY grants.id "
        "LIMIT :limit OFFSET 0"
    ),
)

GRANTS_FORGET = Statement(
    sqlite=(
        "DELETE FROM grants WHERE grants.subject_kind = :kind AND grants.subject = "
        ":subject"
    ),
)

GRANTS_FORGET_PROJECT = Statement(
    sqlite="DELETE FROM grants WHERE grants.project = :project",
)

GRANTS_WITH_ROLE = Statement(
    sqlite=(
        "SELECT grants.id, grants.subject_kind, grants.subject, grants.scope, "
        "grants.role, grants.permissions, grants.created_at, grants.created_by FROM "
        "grants WHERE grants.role = :role LIMIT 1 OFFSET 0"
    ),
)

ROLES_FIND = Statement(
    sqlite=(
        "SELECT roles.name, roles.permissions, roles.description, roles.changed_at FROM "
        "roles WHERE roles.name = :name"
    ),
)

ROLES_PUT = Statement(
    sqlite=(
        "INSERT INTO roles (name, permissions, description, changed_at) VALUES (:name, "
        ":permissions, :description, :changed_at) ON CONFLICT (name) DO UPDATE SET "
        "permissions = :permissions, description = :description, changed_at = :changed_at"
    ),
)

ROLES_REMOVE = Statement(
    sqlite="DELETE FROM roles WHERE roles.name = :name",
)

ROLES_PAGE = Statement(
    sqlite=(
        "SELECT roles.name, roles.permissions, roles.description, roles.changed_at FROM "
        "roles WHERE roles.name > :after ORDER BY roles.name LIMIT :limit OFFSET 0"
    ),
)

EPOCHS_FIND = Statement(
    sqlite="SELECT epochs.number FROM epochs WHERE epochs.name = :name",
)

EPOCHS_ADVANCE = Statement(
    sqlite=(
        "INSERT INTO epochs (name, number) VALUES (:name, 1) ON CONFLICT (name) DO UPDATE "
        "SET number = (epochs.number + 1)"
    ),
)

PROFILES_FIND = Statement(
    sqlite=(
        "SELECT profiles.name, profiles.source, profiles.subject, profiles.email, "
        "profiles.display_name, profiles.enabled, profiles.seen_at FROM profiles WHERE "
        "profiles.name = :name"
    ),
)

PROFILES_BY_SUBJECT = Statement(
    sqlite=(
        "SELECT profiles.name, profiles.source, profiles.subject, profiles.email, "
        "profiles.display_name, profiles.enabled, profiles.seen_at FROM profiles WHERE "
        "profiles.source = :source AND profiles.subject = :subject"
    ),
)

PROFILES_PUT = Statement(
    sqlite=(
        "INSERT INTO profiles (name, source, subject, email, display_name, enabled, "
        "seen_at) VALUES (:name, :source, :subject, :email, :display_name, :enabled, "
        ":seen_at) ON CONFLICT (name) DO UPDATE SET source = :source, subject = :subject, "
        "email = :email, display_name = :display_name, enabled = :enabled, seen_at = "
        ":seen_at"
    ),
)

PROFILES_REMOVE = Statement(
    sqlite="DELETE FROM profiles WHERE profiles.name = :name",
)

PROFILES_PAGE = Statement(
    sqlite=(
        "SELECT profiles.name, profiles.source, profiles.subject, profiles.email, "
        "profiles.display_name, profiles.enabled, profiles.seen_at FROM profiles WHERE "
        "profiles.source = :source AND profiles.name > :after ORDER BY profiles.name "
        "LIMIT :limit OFFSET 0"
    ),
)

GROUPS_FIND = Statement(
    sqlite=(
        "SELECT user_groups.name, user_groups.description, user_groups.created_at FROM "
        "user_groups WHERE user_groups.name = :name"
    ),
)

GROUPS_PUT = Statement(
    sqlite=(
        "INSERT INTO user_groups (name, description, created_at) VALUES (:name, "
        ":description, :created_at) ON CONFLICT (name) DO UPDATE SET description = "
        ":description, created_at = :created_at"
    ),
)

GROUPS_REMOVE = Statement(
    sqlite="DELETE FROM user_groups WHERE user_groups.name = :name",
)

GROUPS_PAGE = Statement(
    sqlite=(
        "SELECT user_groups.name, user_groups.description, user_groups.created_at FROM "
        "user_groups WHERE user_groups.name > :after ORDER BY user_groups.name LIMIT "
        ":limit OFFSET 0"
    ),
)

GROUPS_OF = Statement(
    sqlite=(
        "SELECT memberships.group_name, memberships.source FROM memberships WHERE "
        "memberships.user_name = :user_name ORDER BY memberships.group_name, "
        "memberships.source"
    ),
)

GROUPS_MEMBERS = Statement(
    sqlite=(
        "SELECT memberships.user_name, memberships.source FROM memberships WHERE "
        "memberships.group_name = :group_name AND memberships.user_name > :after ORDER BY "
        "memberships.user_name, memberships.source LIMIT :limit OFFSET 0"
    ),
)

GROUPS_ENTER = Statement(
    sqlite=(
        "INSERT INTO memberships (user_name, group_name, source) VALUES (:user_name, "
        ":group_name, :source) ON CONFLICT DO NOTHING"
    ),
)

GROUPS_LEAVE = Statement(
    sqlite=(
        "DELETE FROM memberships WHERE memberships.user_name = :user_name AND "
        "memberships.group_name = :group_name AND memberships.source = :source"
    ),
)

GROUPS_LEAVE_ALL = Statement(
    sqlite="DELETE FROM memberships WHERE memberships.user_name = :user_name",
)

GROUPS_EMPTY = Statement(
    sqlite="DELETE FROM memberships WHERE memberships.group_name = :group_name",
)

ROBOTS_FIND = Statement(
    sqlite=(
        "SELECT robots.id, robots.name, robots.project, robots.description, "
        "robots.networks, robots.enabled, robots.expires_at, robots.created_at, "
        "robots.created_by, robots.changed_at FROM robots WHERE robots.name = :name"
    ),
)

ROBOTS_BY_ID = Statement(
    sqlite=(
        "SELECT robots.id, robots.name, robots.project, robots.description, "
        "robots.networks, robots.enabled, robots.expires_at, robots.created_at, "
        "robots.created_by, robots.changed_at FROM robots WHERE robots.id = :robot_id"
    ),
)

ROBOTS_ADD = Statement(
    sqlite=(
        "INSERT INTO robots (name, project, description, networks, enabled, expires_at, "
        "created_at, created_by, changed_at) VALUES (:name, :project, :description, "
        ":networks, :enabled, :expires_at, :created_at, :created_by, :changed_at) ON "
        "CONFLICT (name) DO NOTHING RETURNING id"
    ),
)

ROBOTS_CHANGE = Statement(
    sqlite=(
        "UPDATE robots SET description=:new_description, networks=:new_networks, "
        "enabled=:new_enabled, expires_at=:new_expires_at, changed_at=:new_changed_at "
        "WHERE robots.name = :name"
    ),
)

ROBOTS_REMOVE = Statement(
    sqlite="DELETE FROM robots WHERE robots.name = :name",
)

ROBOTS_PAGE = Statement(
    sqlite=(
        "SELECT robots.id, robots.name, robots.project, robots.description, "
        "robots.networks, robots.enabled, robots.expires_at, robots.created_at, "
        "robots.created_by, robots.changed_at FROM robots WHERE robots.name > :after "
        "ORDER BY robots.name LIMIT :limit OFFSET 0"
    ),
)

ROBOTS_PAGE_PROJECT = Statement(
    sqlite=(
        "SELECT robots.id, robots.name, robots.project, robots.description, "
        "robots.networks, robots.enabled, robots.expires_at, robots.created_at, "
        "robots.created_by, robots.changed_at FROM robots WHERE robots.name > :after AND "
        "robots.project = :project ORDER BY robots.name LIMIT :limit OFFSET 0"
    ),
)

CREDENTIALS_FIND = Statement(
    sqlite=(
        "SELECT credentials.id, credentials.kind, credentials.owner, credentials.label, "
        "credentials.hash, credentials.limits, credentials.networks, "
        "credentials.created_at, credentials.expires_at, credentials.used_at FROM "
        "credentials WHERE credentials.id = :credential_id"
    ),
)

CREDENTIALS_ADD = Statement(
    sqlite=(
        "INSERT INTO credentials (id, kind, owner, label, hash, limits, networks, "
        "created_at, expires_at, used_at) VALUES (:id, :kind, :owner, :label, :hash, "
        ":limits, :networks, :created_at, :expires_at, :used_at)"
    ),
)

CREDENTIALS_EXPIRE = Statement(
    sqlite=(
        "UPDATE credentials SET expires_at=:at WHERE credentials.id = :credential_id AND "
        "(credentials.expires_at IS NULL OR credentials.expires_at > :at)"
    ),
)

CREDENTIALS_REMOVE = Statement(
    sqlite="DELETE FROM credentials WHERE credentials.id = :credential_id",
)

CREDENTIALS_OF = Statement(
    sqlite=(
        "SELECT credentials.id, credentials.kind, credentials.owner, credentials.label, "
        "credentials.hash, credentials.limits, credentials.networks, "
        "credentials.created_at, credentials.expires_at, credentials.used_at FROM "
        "credentials WHERE credentials.kind = :kind AND credentials.owner = :owner ORDER "
        "BY credentials.id"
    ),
)

CREDENTIALS_FORGET = Statement(
    sqlite=(
        "DELETE FROM credentials WHERE credentials.kind = :kind AND credentials.owner = "
        ":owner"
    ),
)

CREDENTIALS_USED = Statement(
    sqlite=(
        "UPDATE credentials SET used_at=:at WHERE credentials.id = :credential_id AND "
        "(credentials.used_at IS NULL OR credentials.used_at < :at)"
    ),
)

WORKLOADS_FIND = Statement(
    sqlite=(
        "SELECT workload_rules.name, workload_rules.issuer, workload_rules.document, "
        "workload_rules.changed_at, workload_rules.changed_by FROM workload_rules WHERE "
        "workload_rules.name = :name"
    ),
)

WORKLOADS_PUT = Statement(
    sqlite=(
        "INSERT INTO workload_rules (name, issuer, document, changed_at, changed_by) "
        "VALUES (:name, :issuer, :document, :changed_at, :changed_by) ON CONFLICT (name) "
        "DO UPDATE SET issuer = :issuer, document = :document, changed_at = :changed_at, "
        "changed_by = :changed_by"
    ),
)

WORKLOADS_REMOVE = Statement(
    sqlite="DELETE FROM workload_rules WHERE workload_rules.name = :name",
)

WORKLOADS_PAGE = Statement(
    sqlite=(
        "SELECT workload_rules.name, workload_rules.issuer, workload_rules.document, "
        "workload_rules.changed_at, workload_rules.changed_by FROM workload_rules WHERE "
        "workload_rules.name > :after ORDER BY workload_rules.name LIMIT :limit OFFSET 0"
    ),
)

WORKLOADS_BY_ISSUER = Statement(
    sqlite=(
        "SELECT workload_rules.name, workload_rules.issuer, workload_rules.document, "
        "workload_rules.changed_at, workload_rules.changed_by FROM workload_rules WHERE "
        "workload_rules.issuer = :issuer ORDER BY workload_rules.name LIMIT :limit OFFSET "
        "0"
    ),
)

REVOCATIONS_ADD = Statement(
    sqlite=(
        "INSERT INTO revocations (token_id, until, revoked_by) VALUES (:token_id, :until, "
        ":revoked_by) ON CONFLICT (token_id) DO UPDATE SET until = :until, revoked_by = "
        ":revoked_by WHERE revocations.until < :until"
    ),
)

REVOCATIONS_ALL = Statement(
    sqlite=(
        "SELECT revocations.token_id FROM revocations WHERE revocations.until > :now "
        "ORDER BY revocations.until LIMIT :limit OFFSET 0"
    ),
)

REVOCATIONS_PRUNE = Statement(
    sqlite=(
        "DELETE FROM revocations WHERE revocations.token_id IN (SELECT "
        "revocations.token_id FROM revocations WHERE revocations.until < :before ORDER BY "
        "revocations.until LIMIT :limit OFFSET 0)"
    ),
)

FACTORS_OF = Statement(
    sqlite=(
        "SELECT factors.user_name, factors.kind, factors.label, factors.credential, "
        "factors.sealed, factors.created_at, factors.used_at, factors.counter, factors.id "
        "FROM factors WHERE factors.user_name = :user_name ORDER BY factors.id"
    ),
)

FACTORS_FIND = Statement(
    sqlite=(
        "SELECT factors.user_name, factors.kind, factors.label, factors.credential, "
        "factors.sealed, factors.created_at, factors.used_at, factors.counter, factors.id "
        "FROM factors WHERE factors.credential = :credential"
    ),
)

FACTORS_ADD = Statement(
    sqlite=(
        "INSERT INTO factors (user_name, kind, label, credential, sealed, created_at, "
        "used_at, counter) VALUES (:user_name, :kind, :label, :credential, :sealed, "
        ":created_at, :used_at, :counter) ON CONFLICT (credential) DO NOTHING"
    ),
)

FACTORS_USE = Statement(
    sqlite=(
        "UPDATE factors SET used_at=:now, counter=:after WHERE factors.id = :factor_id "
        "AND factors.counter = :before"
    ),
)

FACTORS_REMOVE = Statement(
    sqlite="DELETE FROM factors WHERE factors.id = :factor_id",
)

FACTORS_REMOVE_KIND = Statement(
    sqlite=(
        "DELETE FROM factors WHERE factors.user_name = :user_name AND factors.kind = "
        ":kind"
    ),
)

FACTORS_REMOVE_ALL = Statement(
    sqlite="DELETE FROM factors WHERE factors.user_name = :user_name",
)

SESSIONS_FIND = Statement(
    sqlite=(
        "SELECT sessions.id_hash, sessions.user_name, sessions.created_at, "
        "sessions.expires_at, sessions.seen_at, sessions.address, sessions.client FROM "
        "sessions WHERE sessions.id_hash = :id_hash"
    ),
)

SESSIONS_ADD = Statement(
    sqlite=(
        "INSERT INTO sessions (id_hash, user_name, created_at, expires_at, seen_at, "
        "address, client) VALUES (:id_hash, :user_name, :created_at, :expires_at, "
        ":seen_at, :address, :client)"
    ),
)

SESSIONS_SEEN = Statement(
    sqlite="UPDATE sessions SET seen_at=:now WHERE sessions.id_hash = :id_hash",
)

SESSIONS_REMOVE = Statement(
    sqlite="DELETE FROM sessions WHERE sessions.id_hash = :id_hash",
)

SESSIONS_OF = Statement(
    sqlite=(
        "SELECT sessions.id_hash, sessions.user_name, sessions.created_at, "
        "sessions.expires_at, sessions.seen_at, sessions.address, sessions.client FROM "
        "sessions WHERE sessions.user_name = :user_name ORDER BY sessions.created_at"
    ),
)

SESSIONS_REMOVE_ALL = Statement(
    sqlite="DELETE FROM sessions WHERE sessions.user_name = :user_name",
)

SESSIONS_EXPIRE = Statement(
    sqlite=(
        "DELETE FROM sessions WHERE sessions.id_hash IN (SELECT sessions.id_hash FROM "
        "sessions WHERE sessions.expires_at < :now ORDER BY sessions.expires_at LIMIT "
        ":limit OFFSET 0)"
    ),
)

AUDIT_APPEND = Statement(
    sqlite=(
        "INSERT INTO audit (at, actor, address, client, operation, project, resource, "
        "result, detail) VALUES (:at, :actor, :address, :client, :operation, :project, "
        ":resource, :result, :detail)"
    ),
)

AUDIT_DOWN_TO = Statement(
    sqlite=(
        "SELECT audit.id FROM audit WHERE audit.id < :before AND audit.id > :after ORDER "
        "BY audit.id DESC LIMIT 1 OFFSET :looked"
    ),
)

AUDIT_DOWN_TO_ACTOR = Statement(
    sqlite=(
        "SELECT audit.id FROM audit WHERE audit.actor = :value AND audit.id < :before AND "
        "audit.id > :after ORDER BY audit.id DESC LIMIT 1 OFFSET :looked"
    ),
)

AUDIT_DOWN_TO_PROJECT = Statement(
    sqlite=(
        "SELECT audit.id FROM audit WHERE audit.project = :value AND audit.id < :before "
        "AND audit.id > :after ORDER BY audit.id DESC LIMIT 1 OFFSET :looked"
    ),
)

AUDIT_DOWN_TO_OPERATION = Statement(
    sqlite=(
        "SELECT audit.id FROM audit WHERE audit.operation = :value AND audit.id < :before "
        "AND audit.id > :after ORDER BY audit.id DESC LIMIT 1 OFFSET :looked"
    ),
)

AUDIT_DOWN_TO_REFUSED = Statement(
    sqlite=(
        "SELECT audit.id FROM audit WHERE audit.result != 'done' AND audit.id < :before "
        "AND audit.id > :after ORDER BY audit.id DESC LIMIT 1 OFFSET :looked"
    ),
)

AUDIT_PAGE = Statement(
    sqlite=(
        "SELECT audit.id, audit.at, audit.actor, audit.address, audit.client, "
        "audit.operation, audit.project, audit.resource, audit.result, audit.detail FROM "
        "audit WHERE audit.id < :before AND audit.id >= :least AND (:actor = '' OR "
        "audit.actor = :actor) AND (:project = '' OR audit.project = :project) AND "
        "(:operation = '' OR audit.operation = :operation) AND (:refused = 0 OR "
        "audit.result != 'done') AND (audit.at >= :since OR :since IS NULL) AND (audit.at "
        "< :until OR :until IS NULL) ORDER BY audit.id DESC LIMIT :limit OFFSET 0"
    ),
)

AUDIT_PAGE_ACTOR = Statement(
    sqlite=(
        "SELECT audit.id, audit.at, audit.actor, audit.address, audit.client, "
        "audit.operation, audit.project, audit.resource, audit.result, audit.detail FROM "
        "audit WHERE audit.actor = :value AND audit.id < :before AND audit.id >= :least "
        "AND (:actor = '' OR audit.actor = :actor) AND (:project = '' OR audit.project = "
        ":project) AND (:operation = '' OR audit.operation = :operation) AND (:refused = "
        "0 OR audit.result != 'done') AND (audit.at >= :since OR :since IS NULL) AND "
        "(audit.at < :until OR :until IS NULL) ORDER BY audit.id DESC LIMIT :limit OFFSET "
        "0"
    ),
)

AUDIT_PAGE_PROJECT = Statement(
    sqlite=(
        "SELECT audit.id, audit.at, audit.actor, audit.address, audit.client, "
        "audit.operation, audit.project, audit.resource, audit.result, audit.detail FROM "
        "audit WHERE audit.project = :value AND audit.id < :before AND audit.id >= :least "
        "AND (:actor = '' OR audit.actor = :actor) AND (:project = '' OR audit.project = "
        ":project) AND (:operation = '' OR audit.operation = :operation) AND (:refused = "
        "0 OR audit.result != 'done') AND (audit.at >= :since OR :since IS NULL) AND "
        "(audit.at < :until OR :until IS NULL) ORDER BY audit.id DESC LIMIT :limit OFFSET "
        "0"
    ),
)

AUDIT_PAGE_OPERATION = Statement(
    sqlite=(
        "SELECT audit.id, audit.at, audit.actor, audit.address, audit.client, "
        "audit.operation, audit.project, audit.resource, audit.result, audit.detail FROM "
        "audit WHERE audit.operation = :value AND audit.id < :before AND audit.id >= "
        ":least AND (:actor = '' OR audit.actor = :actor) AND (:project = '' OR "
        "audit.project = :project) AND (:operation = '' OR audit.operation = :operation) "
        "AND (:refused = 0 OR audit.result != 'done') AND (audit.at >= :since OR :since "
        "IS NULL) AND (audit.at < :until OR :until IS NULL) ORDER BY audit.id DESC LIMIT "
        ":limit OFFSET 0"
    ),
)

AUDIT_PAGE_REFUSED = Statement(
    sqlite=(
        "SELECT audit.id, audit.at, audit.actor, audit.address, audit.client, "
        "audit.operation, audit.project, audit.resource, audit.result, audit.detail FROM "
        "audit WHERE audit.result != 'done' AND audit.id < :before AND audit.id >= :least "
        "AND (:actor = '' OR audit.actor = :actor) AND (:project = '' OR audit.project = "
        ":project) AND (:operation = '' OR audit.operation = :operation) AND (:refused = "
        "0 OR audit.result != 'done') AND (audit.at >= :since OR :since IS NULL) AND "
        "(audit.at < :until OR :until IS NULL) ORDER BY audit.id DESC LIMIT :limit OFFSET "
        "0"
    ),
)

AUDIT_FIRST_FROM = Statement(
    sqlite=(
        "SELECT audit.id FROM audit WHERE audit.at >= :at ORDER BY audit.at LIMIT 1 "
        "OFFSET 0"
    ),
)

AUDIT_AFTER = Statement(
    sqlite=(
        "SELECT audit.id, audit.at, audit.actor, audit.address, audit.client, "
        "audit.operation, audit.project, audit.resource, audit.result, audit.detail FROM "
        "audit WHERE audit.id > :after ORDER BY audit.id LIMIT :limit OFFSET 0"
    ),
)

AUDIT_PRUNE = Statement(
    sqlite=(
        "DELETE FROM audit WHERE audit.id IN (SELECT audit.id FROM audit WHERE audit.at < "
        ":before ORDER BY audit.at LIMIT :limit OFFSET 0)"
    ),
)

AUDIT_REMOVE = Statement(
    sqlite="DELETE FROM audit WHERE audit.id = :id",
)

SIGNING_KEYS_ALL = Statement(
    sqlite=(
        "SELECT signing_keys.kid, signing_keys.sealed, signing_keys.created_at, "
        "signing_keys.activates_at, signing_keys.retires_at FROM signing_keys ORDER BY "
        "signing_keys.activates_at, signing_keys.kid"
    ),
)

SIGNING_KEYS_ADD = Statement(
    sqlite=(
        "INSERT INTO signing_keys (kid, sealed, created_at, activates_at, retires_at) "
        "VALUES (:kid, :sealed, :created_at, :activates_at, :retires_at)"
    ),
)

SIGNING_KEYS_MOVE = Statement(
    sqlite=(
        "UPDATE signing_keys SET activates_at=:activates_at, retires_at=:retires_at WHERE "
        "signing_keys.kid = :kid"
    ),
)

SIGNING_KEYS_REMOVE = Statement(
    sqlite="DELETE FROM signing_keys WHERE signing_keys.kid = :kid",
)

SIGNING_KEYS_PAGE_SEALED = Statement(
    sqlite=(
        "SELECT signing_keys.kid, signing_keys.sealed FROM signing_keys WHERE "
        "signing_keys.kid > :after ORDER BY signing_keys.kid LIMIT :limit OFFSET 0"
    ),
)

SIGNING_KEYS_RESEAL = Statement(
    sqlite="UPDATE signing_keys SET sealed=:sealed WHERE signing_keys.kid = :kid",
)

SEALED_SECRETS_FIND = Statement(
    sqlite=(
        "SELECT sealed_secrets.name, sealed_secrets.sealed, sealed_secrets.changed_at "
        "FROM sealed_secrets WHERE sealed_secrets.name = :name"
    ),
)

SEALED_SECRETS_PUT = Statement(
    sqlite=(
        "INSERT INTO sealed_secrets (name, sealed, changed_at) VALUES (:name, :sealed, "
        ":changed_at) ON CONFLICT (name) DO UPDATE SET sealed = :sealed, changed_at = "
        ":changed_at"
    ),
)

SEALED_SECRETS_REMOVE = Statement(
    sqlite="DELETE FROM sealed_secrets WHERE sealed_secrets.name = :name",
)

SEALED_SECRETS_PAGE = Statement(
    sqlite=(
        "SELECT sealed_secrets.name, sealed_secrets.sealed, sealed_secrets.changed_at "
        "FROM sealed_secrets WHERE sealed_secrets.name > :after ORDER BY "
        "sealed_secrets.name LIMIT :limit OFFSET 0"
    ),
)

SEALED_SECRETS_RESEAL = Statement(
    sqlite="UPDATE sealed_secrets SET sealed=:sealed WHERE sealed_secrets.name = :name",
)

SEALED_FACTORS_PAGE = Statement(
    sqlite=(
        "SELECT factors.id, factors.kind, factors.user_name, factors.sealed FROM factors "
        "WHERE factors.id > :after ORDER BY factors.id LIMIT :limit OFFSET 0"
    ),
)

SEALED_FACTORS_RESEAL = Statement(
    sqlite="UPDATE factors SET sealed=:sealed WHERE factors.id = :id",
)

WEBHOOKS_ADD = Statement(
    sqlite=(
        "INSERT INTO webhooks (project, name, enabled, document, sealed, reached, behind, "
        "removed, created_at, changed_at, changed_by) VALUES (:project, :name, :enabled, "
        ":document, :sealed, :reached, :behind, :removed, :created_at, :changed_at, "
        ":changed_by) RETURNING id"
    ),
)

WEBHOOKS_FIND = Statement(
    sqlite=(
        "SELECT webhooks.id, webhooks.project, webhooks.name, webhooks.enabled, "
        "webhooks.document, webhooks.sealed, webhooks.reached, webhooks.behind, "
        "webhooks.removed, webhooks.created_at, webhooks.changed_at, webhooks.changed_by "
        "FROM webhooks WHERE webhooks.id = :webhook_id"
    ),
)

WEBHOOKS_CHANGE = Statement(
    sqlite=(
        "UPDATE webhooks SET name=:new_name, enabled=:new_enabled, "
        "document=:new_document, sealed=:new_sealed, changed_at=:new_changed_at, "
        "changed_by=:new_changed_by WHERE webhooks.id = :webhook_id"
    ),
)

WEBHOOKS_PLACE = Statement(
    sqlite=(
        "UPDATE webhooks SET reached=:new_reached, behind=:new_behind WHERE webhooks.id = "
        ":webhook_id"
    ),
)

WEBHOOKS_RETIRE = Statement(
    sqlite=(
        "UPDATE webhooks SET name=:new_name, enabled=0, removed=1 WHERE webhooks.id = "
        ":webhook_id"
    ),
)

WEBHOOKS_PAGE = Statement(
    sqlite=(
        "SELECT webhooks.id, webhooks.project, webhooks.name, webhooks.enabled, "
        "webhooks.document, webhooks.sealed, webhooks.reached, webhooks.behind, "
        "webhooks.removed, webhooks.created_at, webhooks.changed_at, webhooks.changed_by "
        "FROM webhooks WHERE webhooks.removed = 0 AND webhooks.id > :after ORDER BY "
        "webhooks.id LIMIT :limit OFFSET 0"
    ),
)

WEBHOOKS_PAGE_PROJECT = Statement(
    sqlite=(
        "SELECT webhooks.id, webhooks.project, webhooks.name, webhooks.enabled, "
        "webhooks.document, webhooks.sealed, webhooks.reached, webhooks.behind, "
        "webhooks.removed, webhooks.created_at, webhooks.changed_at, webhooks.changed_by "
        "FROM webhooks WHERE webhooks.removed = 0 AND webhooks.id > :after AND "
        "webhooks.project = :project ORDER BY webhooks.id LIMIT :limit OFFSET 0"
    ),
)

WEBHOOKS_REMOVED = Statement(
    sqlite=(
        "SELECT webhooks.id FROM webhooks WHERE webhooks.removed = 1 ORDER BY webhooks.id "
        "LIMIT :limit OFFSET 0"
    ),
)

WEBHOOKS_FORGET = Statement(
    sqlite="DELETE FROM webhooks WHERE webhooks.id = :webhook_id AND webhooks.removed = 1",
)

WEBHOOKS_PAGE_SEALED = Statement(
    sqlite=(
        "SELECT webhooks.id, webhooks.sealed FROM webhooks WHERE webhooks.removed = 0 AND "
        "webhooks.id > :after ORDER BY webhooks.id LIMIT :limit OFFSET 0"
    ),
)

WEBHOOKS_RESEAL = Statement(
    sqlite="UPDATE webhooks SET sealed=:new_sealed WHERE webhooks.id = :webhook_id",
)

DELIVERIES_ADD = Statement(
    sqlite=(
        "INSERT INTO deliveries (webhook_id, sequence, kind, repository, body, state, "
        "attempt, next_at, error, created_at) VALUES (:webhook_id, :sequence, :kind, "
        ":repository, :body, 'open', :attempt, CASE WHEN (EXISTS (SELECT deliveries.id "
        "FROM deliveries WHERE deliveries.webhook_id = :webhook_id AND "
        "deliveries.repository = :repository AND deliveries.state = 'open')) THEN "
        "CAST(:waiting AS REAL) ELSE :at END, :error, :at) ON CONFLICT (webhook_id, "
        "sequence) DO NOTHING"
    ),
    postgres=(
        "INSERT INTO deliveries (webhook_id, sequence, kind, repository, body, state, "
        "attempt, next_at, error, created_at) VALUES (:webhook_id, :sequence, :kind, "
        ":repository, :body, 'open', :attempt, CASE WHEN (EXISTS (SELECT deliveries.id "
        "FROM deliveries WHERE deliveries.webhook_id = :webhook_id AND "
        "deliveries.repository = :repository AND deliveries.state = 'open')) THEN "
        "CAST(:waiting AS DOUBLE PRECISION) ELSE :at END, :error, :at) ON CONFLICT "
        "(webhook_id, sequence) DO NOTHING RETURNING deliveries.id"
    ),
)

DELIVERIES_ADD_AGAIN = Statement(
    sqlite=(
        "INSERT INTO deliveries (webhook_id, sequence, kind, repository, body, state, "
        "attempt, next_at, error, created_at) VALUES (:webhook_id, (coalesce((SELECT "
        "deliveries.sequence FROM deliveries WHERE deliveries.webhook_id = :webhook_id "
        "AND deliveries.sequence < :zero ORDER BY deliveries.sequence LIMIT 1 OFFSET 0), "
        ":zero) - :one), :kind, :repository, :body, 'open', :attempt, CASE WHEN (EXISTS "
        "(SELECT deliveries.id FROM deliveries WHERE deliveries.webhook_id = :webhook_id "
        "AND deliveries.repository = :repository AND deliveries.state = 'open')) THEN "
        "CAST(:waiting AS REAL) ELSE :at END, :error, :at)"
    ),
    postgres=(
        "INSERT INTO deliveries (webhook_id, sequence, kind, repository, body, state, "
        "attempt, next_at, error, created_at) VALUES (:webhook_id, (coalesce((SELECT "
        "deliveries.sequence FROM deliveries WHERE deliveries.webhook_id = :webhook_id "
        "AND deliveries.sequence < :zero ORDER BY deliveries.sequence LIMIT 1), :zero) - "
        ":one), :kind, :repository, :body, 'open', :attempt, CASE WHEN (EXISTS (SELECT "
        "deliveries.id FROM deliveries WHERE deliveries.webhook_id = :webhook_id AND "
        "deliveries.repository = :repository AND deliveries.state = 'open')) THEN "
        "CAST(:waiting AS DOUBLE PRECISION) ELSE :at END, :error, :at) RETURNING "
        "deliveries.id"
    ),
)

DELIVERIES_FIND = Statement(
    sqlite=(
        "SELECT deliveries.id, deliveries.webhook_id, deliveries.sequence, "
        "deliveries.kind, deliveries.repository, deliveries.body, deliveries.state, "
        "deliveries.attempt, deliveries.next_at, deliveries.status, deliveries.error, "
        "deliveries.created_at, deliveries.ended_at FROM deliveries WHERE deliveries.id = "
        ":delivery_id"
    ),
)

DELIVERIES_DUE = Statement(
    sqlite=(
        "SELECT deliveries.id, deliveries.webhook_id, deliveries.sequence, "
        "deliveries.kind, deliveries.repository, deliveries.body, deliveries.state, "
        "deliveries.attempt, deliveries.next_at, deliveries.status, deliveries.error, "
        "deliveries.created_at, deliveries.ended_at FROM deliveries WHERE "
        "deliveries.webhook_id = :webhook_id AND deliveries.state = 'open' AND "
        "deliveries.next_at <= :now ORDER BY deliveries.next_at LIMIT :limit OFFSET 0"
    ),
)

DELIVERIES_NEXT_AT = Statement(
    sqlite=(
        "SELECT min(deliveries.next_at) AS min_1 FROM deliveries WHERE "
        "deliveries.webhook_id = :webhook_id AND deliveries.state = 'open'"
    ),
)

DELIVERIES_SETTLE = Statement(
    sqlite=(
        "UPDATE deliveries SET state=:new_state, attempt=:new_attempt, "
        "next_at=:new_next_at, status=:new_status, error=:new_error, "
        "ended_at=:new_ended_at WHERE deliveries.id = :delivery_id AND deliveries.state = "
        "'open'"
    ),
)

DELIVERIES_PROMOTE = Statement(
    sqlite=(
        "UPDATE deliveries SET next_at=:at WHERE deliveries.id = (SELECT deliveries.id "
        "FROM deliveries WHERE deliveries.webhook_id = :webhook_id AND "
        "deliveries.repository = :repository AND deliveries.state = 'open' ORDER BY "
        "deliveries.id LIMIT 1 OFFSET 0) AND deliveries.next_at >= :waiting"
    ),
)

DELIVERIES_PAGE = Statement(
    sqlite=(
        "SELECT deliveries.id, deliveries.webhook_id, deliveries.sequence, "
        "deliveries.kind, deliveries.repository, deliveries.body, deliveries.state, "
        "deliveries.attempt, deliveries.next_at, deliveries.status, deliveries.error, "
        "deliveries.created_at, deliveries.ended_at FROM deliveries WHERE "
        "deliveries.webhook_id = :webhook_id AND deliveries.id < :before ORDER BY "
        "deliveries.id DESC LIMIT :limit OFFSET 0"
    ),
)

DELIVERIES_PAGE_FAILED = Statement(
    sqlite=(
        "SELECT deliveries.id, deliveries.webhook_id, deliveries.sequence, "
        "deliveries.kind, deliveries.repository, deliveries.body, deliveries.state, "
        "deliveries.attempt, deliveries.next_at, deliveries.status, deliveries.error, "
        "deliveries.created_at, deliveries.ended_at FROM deliveries WHERE "
        "deliveries.webhook_id = :webhook_id AND deliveries.id < :before AND "
        "deliveries.state = 'failed' ORDER BY deliveries.id DESC LIMIT :limit OFFSET 0"
    ),
)

DELIVERIES_PAGE_OPEN = Statement(
    sqlite=(
        "SELECT deliveries.id, deliveries.webhook_id, deliveries.sequence, "
        "deliveries.kind, deliveries.repository, deliveries.body, deliveries.state, "
        "deliveries.attempt, deliveries.next_at, deliveries.status, deliveries.error, "
        "deliveries.created_at, deliveries.ended_at FROM deliveries WHERE "
        "deliveries.webhook_id = :webhook_id AND deliveries.id < :before AND "
        "deliveries.state = 'open' ORDER BY deliveries.id DESC LIMIT :limit OFFSET 0"
    ),
)

DELIVERIES_PAGE_DELIVERED = Statement(
    sqlite=(
        "SELECT deliveries.id, deliveries.webhook_id, deliveries.sequence, "
        "deliveries.kind, deliveries.repository, deliveries.body, deliveries.state, "
        "deliveries.attempt, deliveries.next_at, deliveries.status, deliveries.error, "
        "deliveries.created_at, deliveries.ended_at FROM deliveries WHERE "
        "deliveries.webhook_id = :webhook_id AND deliveries.id < :before AND "
        "deliveries.state = 'delivered' ORDER BY deliveries.id DESC LIMIT :limit OFFSET 0"
    ),
)

DELIVERIES_COUNT_OPEN = Statement(
    sqlite=(
        "SELECT count(*) AS count_1 FROM (SELECT deliveries.id AS id FROM deliveries "
        "WHERE deliveries.webhook_id = :webhook_id AND deliveries.state = 'open' LIMIT "
        ":most OFFSET 0) AS counted"
    ),
)

DELIVERIES_PRUNE = Statement(
    sqlite=(
        "DELETE FROM deliveries WHERE deliveries.id IN (SELECT deliveries.id FROM "
        "deliveries WHERE deliveries.ended_at < :ended_before ORDER BY "
        "deliveries.ended_at LIMIT :limit OFFSET 0)"
    ),
)

DELIVERIES_CLEAR = Statement(
    sqlite=(
        "DELETE FROM deliveries WHERE deliveries.id IN (SELECT deliveries.id FROM "
        "deliveries WHERE deliveries.webhook_id = :webhook_id LIMIT :limit OFFSET 0)"
    ),
)

NOTES_OF = Statement(
    sqlite=(
        "SELECT notes.name, notes.text FROM notes WHERE notes.kind = :kind AND notes.name "
        "IN (:name_0, :name_1, :name_2, :name_3, :name_4, :name_5, :name_6, :name_7, "
        ":name_8, :name_9, :name_10, :name_11, :name_12, :name_13, :name_14, :name_15, "
        ":name_16, :name_17, :name_18, :name_19, :name_20, :name_21, :name_22, :name_23, "
        ":name_24, :name_25, :name_26, :name_27, :name_28, :name_29, :name_30, :name_31, "
        ":name_32, :name_33, :name_34, :name_35, :name_36, :name_37, :name_38, :name_39, "
        ":name_40, :name_41, :name_42, :name_43, :name_44, :name_45, :name_46, :name_47, "
        ":name_48, :name_49, :name_50, :name_51, :name_52, :name_53, :name_54, :name_55, "
        ":name_56, :name_57, :name_58, :name_59, :name_60, :name_61, :name_62, :name_63, "
        ":name_64, :name_65, :name_66, :name_67, :name_68, :name_69, :name_70, :name_71, "
        ":name_72, :name_73, :name_74, :name_75, :name_76, :name_77, :name_78, :name_79, "
        ":name_80, :name_81, :name_82, :name_83, :name_84, :name_85, :name_86, :name_87, "
        ":name_88, :name_89, :name_90, :name_91, :name_92, :name_93, :name_94, :name_95, "
        ":name_96, :name_97, :name_98, :name_99)"
    ),
)

NOTES_PUT = Statement(
    sqlite=(
        "INSERT INTO notes (kind, name, text) VALUES (:kind, :name, :text) ON CONFLICT "
        "(kind, name) DO UPDATE SET text = :text"
    ),
)

NOTES_REMOVE = Statement(
    sqlite="DELETE FROM notes WHERE notes.kind = :kind AND notes.name = :name",
)

NUMBERS_OF = Statement(
    sqlite=(
        "SELECT numbers.name, numbers.number FROM numbers WHERE (numbers.kind, "
        "numbers.name) IN (SELECT :kind, value FROM json_each(:keys))"
    ),
    postgres=(
        "SELECT numbers.name, numbers.number FROM numbers WHERE numbers.kind = :kind AND "
        "numbers.name = ANY (:keys)"
    ),
)

NUMBERS_NAME = Statement(
    sqlite=(
        "SELECT numbers.name FROM numbers WHERE numbers.kind = :kind AND numbers.number = "
        ":number"
    ),
)

NUMBERS_LAST = Statement(
    sqlite=(
        "SELECT numbers.number FROM numbers WHERE numbers.kind = :kind ORDER BY "
        "numbers.number DESC LIMIT 1 OFFSET 0"
    ),
)

NUMBERS_GIVE = Statement(
    sqlite="INSERT INTO numbers (kind, number, name) VALUES (:kind, :number, :name)",
)

LABELS_ADD = Statement(
    sqlite=(
        "INSERT INTO labels (project, name, description, color, created_at, changed_at) "
        "VALUES (:project, :name, :description, :color, :created_at, :changed_at) ON "
        "CONFLICT (project, name) DO NOTHING RETURNING id"
    ),
)

LABELS_FIND = Statement(
    sqlite=(
        "SELECT labels.id, labels.project, labels.name, labels.description, labels.color, "
        "labels.created_at, labels.changed_at FROM labels WHERE labels.id = :label_id"
    ),
)

LABELS_CHANGE = Statement(
    sqlite=(
        "UPDATE labels SET name=:new_name, description=:new_description, "
        "color=:new_color, changed_at=:new_changed_at WHERE labels.id = :label_id"
    ),
)

LABELS_REMOVE = Statement(
    sqlite="DELETE FROM labels WHERE labels.id = :label_id",
)

LABELS_OF = Statement(
    sqlite=(
        "SELECT labels.id, labels.project, labels.name, labels.description, labels.color, "
        "labels.created_at, labels.changed_at FROM labels WHERE labels.project = :project "
        "ORDER BY labels.name LIMIT :limit OFFSET 0"
    ),
)

MARKS_ADD = Statement(
    sqlite=(
        "INSERT INTO label_marks (repository, digest, label_id) VALUES (:repository, "
        ":digest, :label_id) ON CONFLICT DO NOTHING"
    ),
)

MARKS_REMOVE = Statement(
    sqlite=(
        "DELETE FROM label_marks WHERE label_marks.label_id = :label_id AND "
        "label_marks.repository = :repository AND label_marks.digest = :digest"
    ),
)

MARKS_OF = Statement(
    sqlite=(
        "SELECT label_marks.digest, labels.id, labels.project, labels.name, "
        "labels.description, labels.color, labels.created_at, labels.changed_at FROM "
        "label_marks JOIN labels ON labels.id = label_marks.label_id WHERE "
        "label_marks.repository = :repository AND label_marks.digest IN (:digest_0, "
        ":digest_1, :digest_2, :digest_3, :digest_4, :digest_5, :digest_6, :digest_7, "
        ":digest_8, :digest_9, :digest_10, :digest_11, :digest_12, :digest_13, "
        ":digest_14, :digest_15, :digest_16, :digest_17, :digest_18, :digest_19, "
        ":digest_20, :digest_21, :digest_22, :digest_23, :digest_24, :digest_25, "
        ":digest_26, :digest_27, :digest_28, :digest_29, :digest_30, :digest_31, "
        ":digest_32, :digest_33, :digest_34, :digest_35, :digest_36, :digest_37, "
        ":digest_38, :digest_39, :digest_40, :digest_41, :digest_42, :digest_43, "
        ":digest_44, :digest_45, :digest_46, :digest_47, :digest_48, :digest_49, "
        ":digest_50, :digest_51, :digest_52, :digest_53, :digest_54, :digest_55, "
        ":digest_56, :digest_57, :digest_58, :digest_59, :digest_60, :digest_61, "
        ":digest_62, :digest_63, :digest_64, :digest_65, :digest_66, :digest_67, "
        ":digest_68, :digest_69, :digest_70, :digest_71, :digest_72, :digest_73, "
        ":digest_74, :digest_75, :digest_76, :digest_77, :digest_78, :digest_79, "
        ":digest_80, :digest_81, :digest_82, :digest_83, :digest_84, :digest_85, "
        ":digest_86, :digest_87, :digest_88, :digest_89, :digest_90, :digest_91, "
        ":digest_92, :digest_93, :digest_94, :digest_95, :digest_96, :digest_97, "
        ":digest_98, :digest_99)"
    ),
)

MARKS_PAGE = Statement(
    sqlite=(
        "SELECT label_marks.repository, label_marks.digest FROM label_marks WHERE "
        "label_marks.label_id = :label_id AND (label_marks.repository, "
        "label_marks.digest) > (:after_repository, :after_digest) ORDER BY "
        "label_marks.repository, label_marks.digest LIMIT :limit OFFSET 0"
    ),
)

MARKS_FADE = Statement(
    sqlite=(
        "DELETE FROM label_marks WHERE label_marks.repository = :repository AND "
        "label_marks.digest = :digest AND NOT (EXISTS (SELECT * FROM manifests WHERE "
        "manifests.digest = :digest AND manifests.repository_id = :repository_id)) AND "
        "NOT (EXISTS (SELECT * FROM trash WHERE trash.repository_id = :repository_id AND "
        "trash.digest = :digest AND trash.kind = 'manifest'))"
    ),
)

PAGES_FIND = Statement(
    sqlite=(
        "SELECT repository_pages.repository, repository_pages.description, "
        "repository_pages.readme, repository_pages.source_url, "
        "repository_pages.maintainers, repository_pages.changed_at, "
        "repository_pages.changed_by FROM repository_pages WHERE "
        "repository_pages.repository = :repository"
    ),
)

PAGES_PUT = Statement(
    sqlite=(
        "INSERT INTO repository_pages (repository, description, readme, source_url, "
        "maintainers, changed_at, changed_by) VALUES (:repository, :description, :readme, "
        ":source_url, :maintainers, :changed_at, :changed_by) ON CONFLICT (repository) DO "
        "UPDATE SET description = :description, readme = :readme, source_url = "
        ":source_url, maintainers = :maintainers, changed_at = :changed_at, changed_by = "
        ":changed_by"
    ),
)

PAGES_REMOVE = Statement(
    sqlite="DELETE FROM repository_pages WHERE repository_pages.repository = :repository",
)

PAGES_DESCRIPTIONS = Statement(
    sqlite=(
        "SELECT repository_pages.repository, repository_pages.description FROM "
        "repository_pages WHERE repository_pages.repository IN (:repository_0, "
        ":repository_1, :repository_2, :repository_3, :repository_4, :repository_5, "
        ":repository_6, :repository_7, :repository_8, :repository_9, :repository_10, "
        ":repository_11, :repository_12, :repository_13, :repository_14, :repository_15, "
        ":repository_16, :repository_17, :repository_18, :repository_19, :repository_20, "
        ":repository_21, :repository_22, :repository_23, :repository_24, :repository_25, "
        ":repository_26, :repository_27, :repository_28, :repository_29, :repository_30, "
        ":repository_31, :repository_32, :repository_33, :repository_34, :repository_35, "
        ":repository_36, :repository_37, :repository_38, :repository_39, :repository_40, "
        ":repository_41, :repository_42, :repository_43, :repository_44, :repository_45, "
        ":repository_46, :repository_47, :repository_48, :repository_49, :repository_50, "
        ":repository_51, :repository_52, :repository_53, :repository_54, :repository_55, "
        ":repository_56, :repository_57, :repository_58, :repository_59, :repository_60, "
        ":repository_61, :repository_62, :repository_63, :repository_64, :repository_65, "
        ":repository_66, :repository_67, :repository_68, :repository_69, :repository_70, "
        ":repository_71, :repository_72, :repository_73, :repository_74, :repository_75, "
        ":repository_76, :repository_77, :repository_78, :repository_79, :repository_80, "
        ":repository_81, :repository_82, :repository_83, :repository_84, :repository_85, "
        ":repository_86, :repository_87, :repository_88, :repository_89, :repository_90, "
        ":repository_91, :repository_92, :repository_93, :repository_94, :repository_95, "
        ":repository_96, :repository_97, :repository_98, :repository_99)"
    ),
)

PAGES_FADE = Statement(
    sqlite=(
        "DELETE FROM repository_pages WHERE repository_pages.repository = :repository AND "
        "NOT (EXISTS (SELECT * FROM manifests WHERE manifests.repository_id = (SELECT "
        "repositories.id FROM repositories WHERE repositories.name = :repository))) AND "
        "NOT (EXISTS (SELECT * FROM trash WHERE trash.repository_id = (SELECT "
        "repositories.id FROM repositories WHERE repositories.name = :repository)))"
    ),
)

PAGES_IN_PROJECT = Statement(
    sqlite=(
        "SELECT repository_pages.repository FROM repository_pages WHERE "
        "repository_pages.repository > :first_name AND repository_pages.repository < "
        ":last_name ORDER BY repository_pages.repository LIMIT :limit OFFSET 0"
    ),
)

PAGES_REPOSITORIES = Statement(
    sqlite=(
        "SELECT repositories.name FROM repositories WHERE repositories.name > :first_name "
        "AND repositories.name < :last_name AND (EXISTS (SELECT * FROM manifests WHERE "
        "manifests.repository_id = repositories.id)) ORDER BY repositories.name LIMIT "
        ":limit OFFSET 0"
    ),
)

PAGES_COUNT_ARTIFACTS = Statement(
    sqlite=(
        "SELECT count(*) AS count_1 FROM manifests WHERE manifests.repository_id = "
        ":repository_id AND manifests.subject IS NULL"
    ),
)

PAGES_COUNT_TAGS = Statement(
    sqlite="SELECT count(*) AS count_1 FROM tags WHERE tags.repository_id = :repository_id",
)

PAGES_COUNT_PULLS = Statement(
    sqlite=(
        "SELECT sum(pulls.count) AS sum_1, max(pulls.pulled_at) AS max_1 FROM pulls WHERE "
        "pulls.repository_id = :repository_id"
    ),
)

PAGES_NEWEST = Statement(
    sqlite=(
        "SELECT manifests.pushed_at FROM manifests WHERE manifests.repository_id = "
        ":repository_id AND manifests.subject IS NULL ORDER BY manifests.id DESC LIMIT 1 "
        "OFFSET 0"
    ),
)

REMOTES_ADD = Statement(
    sqlite=(
        "INSERT INTO remotes (name, kind, url, description, insecure, account, "
        "created_at, changed_at) VALUES (:name, :kind, :url, :description, :insecure, "
        ":account, :created_at, :changed_at) ON CONFLICT (name) DO NOTHING RETURNING id"
    ),
)

REMOTES_FIND = Statement(
    sqlite=(
        "SELECT remotes.id, remotes.name, remotes.kind, remotes.url, remotes.description, "
        "remotes.insecure, remotes.account, remotes.created_at, remotes.changed_at FROM "
        "remotes WHERE remotes.id = :remote_id"
    ),
)

REMOTES_BY_NAME = Statement(
    sqlite=(
        "SELECT remotes.id, remotes.name, remotes.kind, remotes.url, remotes.description, "
        "remotes.insecure, remotes.account, remotes.created_at, remotes.changed_at FROM "
        "remotes WHERE remotes.name = :name"
    ),
)

REMOTES_CHANGE = Statement(
    sqlite=(
        "UPDATE remotes SET name=:new_name, kind=:new_kind, url=:new_url, "
        "description=:new_description, insecure=:new_insecure, account=:new_account, "
        "changed_at=:new_changed_at WHERE remotes.id = :remote_id"
    ),
)

REMOTES_REMOVE = Statement(
    sqlite="DELETE FROM remotes WHERE remotes.id = :remote_id",
)

REMOTES_PAGE = Statement(
    sqlite=(
        "SELECT remotes.id, remotes.name, remotes.kind, remotes.url, remotes.description, "
        "remotes.insecure, remotes.account, remotes.created_at, remotes.changed_at FROM "
        "remotes WHERE remotes.id > :after ORDER BY remotes.id LIMIT :limit OFFSET 0"
    ),
)

REPLICATION_POLICIES_ADD = Statement(
    sqlite=(
        "INSERT INTO replication_policies (name, remote_id, enabled, document, "
        "created_at, changed_at, changed_by) VALUES (:name, :remote_id, :enabled, "
        ":document, :created_at, :changed_at, :changed_by) ON CONFLICT (name) DO NOTHING "
        "RETURNING id"
    ),
)

REPLICATION_POLICIES_FIND = Statement(
    sqlite=(
        "SELECT replication_policies.id, replication_policies.name, "
        "replication_policies.remote_id, replication_policies.enabled, "
        "replication_policies.document, replication_policies.created_at, "
        "replication_policies.changed_at, replication_policies.changed_by FROM "
        "replication_policies WHERE replication_policies.id = :policy_id"
    ),
)

REPLICATION_POLICIES_BY_NAME = Statement(
    sqlite=(
        "SELECT replication_policies.id, replication_policies.name, "
        "replication_policies.remote_id, replication_policies.enabled, "
        "replication_policies.document, replication_policies.created_at, "
        "replication_policies.changed_at, replication_policies.changed_by FROM "
        "replication_policies WHERE replication_policies.name = :name"
    ),
)

REPLICATION_POLICIES_CHANGE = Statement(
    sqlite=(
        "UPDATE replication_policies SET name=:new_name, remote_id=:new_remote_id, "
        "enabled=:new_enabled, document=:new_document, changed_at=:new_changed_at, "
        "changed_by=:new_changed_by WHERE replication_policies.id = :policy_id"
    ),
)

REPLICATION_POLICIES_REMOVE = Statement(
    sqlite="DELETE FROM replication_policies WHERE replication_policies.id = :policy_id",
)

REPLICATION_POLICIES_PAGE = Statement(
    sqlite=(
        "SELECT replication_policies.id, replication_policies.name, "
        "replication_policies.remote_id, replication_policies.enabled, "
        "replication_policies.document, replication_policies.created_at, "
        "replication_policies.changed_at, replication_policies.changed_by FROM "
        "replication_policies WHERE replication_policies.id > :after ORDER BY "
        "replication_policies.id LIMIT :limit OFFSET 0"
    ),
)

REPLICATION_POLICIES_OF_REMOTE = Statement(
    sqlite=(
        "SELECT replication_policies.id, replication_policies.name, "
        "replication_policies.remote_id, replication_policies.enabled, "
        "replication_policies.document, replication_policies.created_at, "
        "replication_policies.changed_at, replication_policies.changed_by FROM "
        "replication_policies WHERE replication_policies.remote_id = :remote_id LIMIT 1 "
        "OFFSET 0"
    ),
)

SITE_SETTINGS_ALL = Statement(
    sqlite=(
        "SELECT site_settings.name, site_settings.value, site_settings.changed_at, "
        "site_settings.changed_by FROM site_settings ORDER BY site_settings.name"
    ),
)

SITE_SETTINGS_FIND = Statement(
    sqlite=(
        "SELECT site_settings.name, site_settings.value, site_settings.changed_at, "
        "site_settings.changed_by FROM site_settings WHERE site_settings.name = :name"
    ),
)

SITE_SETTINGS_PUT = Statement(
    sqlite=(
        "INSERT INTO site_settings (name, value, changed_at, changed_by) VALUES (:name, "
        ":value, :changed_at, :changed_by) ON CONFLICT (name) DO UPDATE SET value = "
        ":value, changed_at = :changed_at, changed_by = :changed_by"
    ),
)

SITE_SETTINGS_REMOVE = Statement(
    sqlite="DELETE FROM site_settings WHERE site_settings.name = :name",
)

IDEMPOTENCY_FIND = Statement(
    sqlite=(
        "SELECT idempotency.key_hash, idempotency.request_hash, idempotency.status, "
        "idempotency.headers, idempotency.body, idempotency.expires_at FROM idempotency "
        "WHERE idempotency.key_hash = :key_hash"
    ),
)

IDEMPOTENCY_PUT = Statement(
    sqlite=(
        "INSERT INTO idempotency (key_hash, request_hash, status, headers, body, "
        "expires_at) VALUES (:key_hash, :request_hash, :status, :headers, :body, "
        ":expires_at) ON CONFLICT (key_hash) DO UPDATE SET request_hash = :request_hash, "
        "status = :status, headers = :headers, body = :body, expires_at = :expires_at"
    ),
)

IDEMPOTENCY_FINISH = Statement(
    sqlite=(
        "UPDATE idempotency SET request_hash=:request_hash, status=:status, "
        "headers=:headers, body=:body, expires_at=:expires_at WHERE idempotency.key_hash "
        "= :key_hash AND idempotency.status = 0 AND idempotency.expires_at = "
        ":under_way_until"
    ),
)

IDEMPOTENCY_DROP = Statement(
    sqlite=(
        "DELETE FROM idempotency WHERE idempotency.key_hash = :key_hash AND "
        "idempotency.status = 0 AND idempotency.expires_at = :under_way_until"
    ),
)

IDEMPOTENCY_COUNT = Statement(
    sqlite=(
        "SELECT count(*) AS count_1 FROM (SELECT idempotency.expires_at AS expires_at "
        "FROM idempotency LIMIT :limit OFFSET 0) AS anon_1"
    ),
)

IDEMPOTENCY_PRUNE = Statement(
    sqlite=(
        "DELETE FROM idempotency WHERE idempotency.key_hash IN (SELECT "
        "idempotency.key_hash FROM idempotency WHERE idempotency.expires_at < :before "
        "ORDER BY idempotency.expires_at LIMIT :limit OFFSET 0)"
    ),
)

EXTRACTS_MISSING = Statement(
    sqlite=(
        "SELECT manifests.id FROM manifests LEFT OUTER JOIN manifest_extracts ON "
        "manifest_extracts.manifest_id = manifests.id WHERE manifests.id > :after AND "
        "manifest_extracts.manifest_id IS NULL ORDER BY manifests.id LIMIT :limit OFFSET "
        "0"
    ),
)

EXTRACTS_LASTING = Statement(
    sqlite=(
        "SELECT manifests.id FROM manifests WHERE manifests.id IN (SELECT value FROM "
        "json_each(:keys)) AND NOT (EXISTS (SELECT * FROM edges AS to_child WHERE "
        "to_child.manifest_id = manifests.id AND to_child.kind != 'self' AND NOT (EXISTS "
        "(SELECT * FROM manifests AS child, manifest_extracts AS of_child WHERE "
        "to_child.kind = 'child' AND child.digest = to_child.target AND "
        "child.repository_id = to_child.repository_id AND of_child.manifest_id = child.id "
        "AND of_child.size_bytes IS NOT NULL))))"
    ),
    postgres=(
        "SELECT manifests.id FROM manifests WHERE manifests.id = ANY (:keys) AND NOT "
        "(EXISTS (SELECT * FROM edges AS to_child WHERE to_child.manifest_id = "
        "manifests.id AND to_child.kind != 'self' AND NOT (EXISTS (SELECT * FROM "
        "manifests AS child, manifest_extracts AS of_child WHERE to_child.kind = 'child' "
        "AND child.digest = to_child.target AND child.repository_id = "
        "to_child.repository_id AND of_child.manifest_id = child.id AND "
        "of_child.size_bytes IS NOT NULL))))"
    ),
)

EXTRACTS_THERE = Statement(
    sqlite=(
        "SELECT manifests.id FROM manifests WHERE manifests.id IN (SELECT value FROM "
        "json_each(:keys))"
    ),
    postgres="SELECT manifests.id FROM manifests WHERE manifests.id = ANY (:keys)",
)

EXTRACTS_ADD = Statement(
    sqlite=(
        "INSERT INTO manifest_extracts (manifest_id, text, size_bytes) VALUES "
        "(:manifest_id, :text, :size_bytes) ON CONFLICT (manifest_id) DO NOTHING"
    ),
)

LISTING_CHANGES = Statement(
    sqlite=(
        "SELECT outbox.sequence, outbox.repository FROM outbox WHERE outbox.sequence > "
        ":after ORDER BY outbox.sequence LIMIT :limit OFFSET 0"
    ),
)

LISTING_PROJECTS_BY_NAME = Statement(
    sqlite=(
        "SELECT projects.name, projects.public FROM projects WHERE (:name_exact = '' OR "
        "projects.name = :name_exact) AND instr(lower(projects.name), :name_part) > 0 AND "
        "(projects.public = :public OR :public IS NULL) AND (:owner = '' OR "
        "projects.created_by = :owner) ORDER BY projects.name"
    ),
    postgres=(
        "SELECT projects.name, projects.public FROM projects WHERE (:name_exact = '' OR "
        "projects.name = :name_exact) AND strpos(lower(projects.name), :name_part) > 0 "
        "AND (projects.public = :public OR :public IS NULL) AND (:owner = '' OR "
        "projects.created_by = :owner) ORDER BY projects.name"
    ),
)

LISTING_PROJECTS_BY_CREATED = Statement(
    sqlite=(
        "SELECT projects.name, projects.public FROM projects WHERE (:name_exact = '' OR "
        "projects.name = :name_exact) AND instr(lower(projects.name), :name_part) > 0 AND "
        "(projects.public = :public OR :public IS NULL) AND (:owner = '' OR "
        "projects.created_by = :owner) ORDER BY projects.created_at, projects.name"
    ),
    postgres=(
        "SELECT projects.name, projects.public FROM projects WHERE (:name_exact = '' OR "
        "projects.name = :name_exact) AND strpos(lower(projects.name), :name_part) > 0 "
        "AND (projects.public = :public OR :public IS NULL) AND (:owner = '' OR "
        "projects.created_by = :owner) ORDER BY projects.created_at, projects.name"
    ),
)

LISTING_PROJECTS_BY_USED = Statement(
    sqlite=(
        "SELECT projects.name, projects.public FROM projects LEFT OUTER JOIN ledgers ON "
        "ledgers.kind = 'project' AND ledgers.name = projects.name WHERE (:name_exact = "
        "'' OR projects.name = :name_exact) AND instr(lower(projects.name), :name_part) > "
        "0 AND (projects.public = :public OR :public IS NULL) AND (:owner = '' OR "
        "projects.created_by = :owner) ORDER BY coalesce(ledgers.used_bytes, 0), "
        "projects.name"
    ),
    postgres=(
        "SELECT projects.name, projects.public FROM projects LEFT OUTER JOIN ledgers ON "
        "ledgers.kind = 'project' AND ledgers.name = projects.name WHERE (:name_exact = "
        "'' OR projects.name = :name_exact) AND strpos(lower(projects.name), :name_part) "
        "> 0 AND (projects.public = :public OR :public IS NULL) AND (:owner = '' OR "
        "projects.created_by = :owner) ORDER BY coalesce(ledgers.used_bytes, 0), "
        "projects.name"
    ),
)

LISTING_PROJECTS_BY_LIMIT = Statement(
    sqlite=(
        "SELECT projects.name, projects.public FROM projects LEFT OUTER JOIN ledgers ON "
        "ledgers.kind = 'project' AND ledgers.name = projects.name WHERE (:name_exact = "
        "'' OR projects.name = :name_exact) AND instr(lower(projects.name), :name_part) > "
        "0 AND (projects.public = :public OR :public IS NULL) AND (:owner = '' OR "
        "projects.created_by = :owner) ORDER BY coalesce(CASE WHEN (ledgers.id IS NULL) "
        "THEN :limit_bytes ELSE ledgers.limit_bytes END, -1), projects.name"
    ),
    postgres=(
        "SELECT projects.name, projects.public FROM projects LEFT OUTER JOIN ledgers ON "
        "ledgers.kind = 'project' AND ledgers.name = projects.name WHERE (:name_exact = "
        "'' OR projects.name = :name_exact) AND strpos(lower(projects.name), :name_part) "
        "> 0 AND (projects.public = :public OR :public IS NULL) AND (:owner = '' OR "
        "projects.created_by = :owner) ORDER BY coalesce(CASE WHEN (ledgers.id IS NULL) "
        "THEN :limit_bytes ELSE ledgers.limit_bytes END, -1), projects.name"
    ),
)

LISTING_PROJECTS_ROWS = Statement(
    sqlite=(
        "SELECT projects.name, projects.public, projects.networks, projects.created_at, "
        "projects.created_by FROM projects WHERE projects.name IN (SELECT value FROM "
        "json_each(:keys))"
    ),
    postgres=(
        "SELECT projects.name, projects.public, projects.networks, projects.created_at, "
        "projects.created_by FROM projects WHERE projects.name = ANY (:keys)"
    ),
)

LISTING_REPOSITORIES_BY_NAME = Statement(
    sqlite=(
        "SELECT repositories.id, repositories.name FROM repositories WHERE "
        "repositories.name >= :low AND repositories.name < :high AND (:name_exact = '' OR "
        "repositories.name = :name_exact) AND instr(lower(repositories.name), :name_part) "
        "> 0 AND (EXISTS (SELECT * FROM manifests WHERE manifests.repository_id = "
        "repositories.id)) ORDER BY repositories.name"
    ),
    postgres=(
        "SELECT repositories.id, repositories.name FROM repositories WHERE "
        "repositories.name >= :low AND repositories.name < :high AND (:name_exact = '' OR "
        "repositories.name = :name_exact) AND strpos(lower(repositories.name), "
        ":name_part) > 0 AND (EXISTS (SELECT * FROM manifests WHERE "
        "manifests.repository_id = repositories.id)) ORDER BY repositories.name"
    ),
)

LISTING_REPOSITORIES_BY_CREATED = Statement(
    sqlite=(
        "SELECT repositories.id, repositories.name FROM repositories WHERE "
        "repositories.name >= :low AND repositories.name < :high AND (:name_exact = '' OR "
        "repositories.name = :name_exact) AND instr(lower(repositories.name), :name_part) "
        "> 0 AND (EXISTS (SELECT * FROM manifests WHERE manifests.repository_id = "
        "repositories.id)) ORDER BY repositories.created_at, repositories.name"
    ),
    postgres=(
        "SELECT repositories.id, repositories.name FROM repositories WHERE "
        "repositories.name >= :low AND repositories.name < :high AND (:name_exact = '' OR "
        "repositories.name = :name_exact) AND strpos(lower(repositories.name), "
        ":name_part) > 0 AND (EXISTS (SELECT * FROM manifests WHERE "
        "manifests.repository_id = repositories.id)) ORDER BY repositories.created_at, "
        "repositories.name"
    ),
)

LISTING_REPOSITORIES_BY_UPDATED = Statement(
    sqlite=(
        "SELECT repositories.id, repositories.name FROM repositories WHERE "
        "repositories.name >= :low AND repositories.name < :high AND (:name_exact = '' OR "
        "repositories.name = :name_exact) AND instr(lower(repositories.name), :name_part) "
        "> 0 AND (EXISTS (SELECT * FROM manifests WHERE manifests.repository_id = "
        "repositories.id)) ORDER BY CASE WHEN ((SELECT tag_history.at FROM tag_history "
        "WHERE tag_history.repository_id = repositories.id ORDER BY tag_history.id DESC "
        "LIMIT 1 OFFSET 0) > coalesce((SELECT manifests.pushed_at FROM manifests WHERE "
        "manifests.repository_id = repositories.id AND manifests.subject IS NULL ORDER BY "
        "manifests.id DESC LIMIT 1 OFFSET 0), repositories.created_at)) THEN (SELECT "
        "tag_history.at FROM tag_history WHERE tag_history.repository_id = "
        "repositories.id ORDER BY tag_history.id DESC LIMIT 1 OFFSET 0) ELSE "
        "coalesce((SELECT manifests.pushed_at FROM manifests WHERE "
        "manifests.repository_id = repositories.id AND manifests.subject IS NULL ORDER BY "
        "manifests.id DESC LIMIT 1 OFFSET 0), repositories.created_at) END, "
        "repositories.name"
    ),
    postgres=(
        "SELECT repositories.id, repositories.name FROM repositories WHERE "
        "repositories.name >= :low AND repositories.name < :high AND (:name_exact = '' OR "
        "repositories.name = :name_exact) AND strpos(lower(repositories.name), "
        ":name_part) > 0 AND (EXISTS (SELECT * FROM manifests WHERE "
        "manifests.repository_id = repositories.id)) ORDER BY CASE WHEN ((SELECT "
        "tag_history.at FROM tag_history WHERE tag_history.repository_id = "
        "repositories.id ORDER BY tag_history.id DESC LIMIT 1) > coalesce((SELECT "
        "manifests.pushed_at FROM manifests WHERE manifests.repository_id = "
        "repositories.id AND manifests.subject IS NULL ORDER BY manifests.id DESC LIMIT "
        "1), repositories.created_at)) THEN (SELECT tag_history.at FROM tag_history WHERE "
        "tag_history.repository_id = repositories.id ORDER BY tag_history.id DESC LIMIT "
        "1) ELSE coalesce((SELECT manifests.pushed_at FROM manifests WHERE "
        "manifests.repository_id = repositories.id AND manifests.subject IS NULL ORDER BY "
        "manifests.id DESC LIMIT 1), repositories.created_at) END, repositories.name"
    ),
)

LISTING_REPOSITORIES_ROWS = Statement(
    sqlite=(
        "SELECT repositories.id, repositories.name, repositories.created_at, CASE WHEN "
        "((SELECT tag_history.at FROM tag_history WHERE tag_history.repository_id = "
        "repositories.id ORDER BY tag_history.id DESC LIMIT 1 OFFSET 0) > "
        "coalesce((SELECT manifests.pushed_at FROM manifests WHERE "
        "manifests.repository_id = repositories.id AND manifests.subject IS NULL ORDER BY "
        "manifests.id DESC LIMIT 1 OFFSET 0), repositories.created_at)) THEN (SELECT "
        "tag_history.at FROM tag_history WHERE tag_history.repository_id = "
        "repositories.id ORDER BY tag_history.id DESC LIMIT 1 OFFSET 0) ELSE "
        "coalesce((SELECT manifests.pushed_at FROM manifests WHERE "
        "manifests.repository_id = repositories.id AND manifests.subject IS NULL ORDER BY "
        "manifests.id DESC LIMIT 1 OFFSET 0), repositories.created_at) END AS updated_at "
        "FROM repositories WHERE repositories.id IN (SELECT value FROM json_each(:keys))"
    ),
    postgres=(
        "SELECT repositories.id, repositories.name, repositories.created_at, CASE WHEN "
        "((SELECT tag_history.at FROM tag_history WHERE tag_history.repository_id = "
        "repositories.id ORDER BY tag_history.id DESC LIMIT 1) > coalesce((SELECT "
        "manifests.pushed_at FROM manifests WHERE manifests.repository_id = "
        "repositories.id AND manifests.subject IS NULL ORDER BY manifests.id DESC LIMIT "
        "1), repositories.created_at)) THEN (SELECT tag_history.at FROM tag_history WHERE "
        "tag_history.repository_id = repositories.id ORDER BY tag_history.id DESC LIMIT "
        "1) ELSE coalesce((SELECT manifests.pushed_at FROM manifests WHERE "
        "manifests.repository_id = repositories.id AND manifests.subject IS NULL ORDER BY "
        "manifests.id DESC LIMIT 1), repositories.created_at) END AS updated_at FROM "
        "repositories WHERE repositories.id = ANY (:keys)"
    ),
)

LISTING_LEDGERS_BY_NAME = Statement(
    sqlite=(
        "SELECT ledgers.id FROM ledgers WHERE ledgers.kind = :kind AND (:name_exact = '' "
        "OR ledgers.name = :name_exact) AND instr(lower(ledgers.name), :name_part) > 0 "
        "ORDER BY ledgers.name"
    ),
    postgres=(
        "SELECT ledgers.id FROM ledgers WHERE ledgers.kind = :kind AND (:name_exact = '' "
        "OR ledgers.name = :name_exact) AND strpos(lower(ledgers.name), :name_part) > 0 "
        "ORDER BY ledgers.name"
    ),
)

LISTING_LEDGERS_BY_USED = Statement(
    sqlite=(
        "SELECT ledgers.id FROM ledgers WHERE ledgers.kind = :kind AND (:name_exact = '' "
        "OR ledgers.name = :name_exact) AND instr(lower(ledgers.name), :name_part) > 0 "
        "ORDER BY ledgers.used_bytes, ledgers.name"
    ),
    postgres=(
        "SELECT ledgers.id FROM ledgers WHERE ledgers.kind = :kind AND (:name_exact = '' "
        "OR ledgers.name = :name_exact) AND strpos(lower(ledgers.name), :name_part) > 0 "
        "ORDER BY ledgers.used_bytes, ledgers.name"
    ),
)

LISTING_LEDGERS_BY_LIMIT = Statement(
    sqlite=(
        "SELECT ledgers.id FROM ledgers WHERE ledgers.kind = :kind AND (:name_exact = '' "
        "OR ledgers.name = :name_exact) AND instr(lower(ledgers.name), :name_part) > 0 "
        "ORDER BY ledgers.limit_bytes IS NULL, ledgers.limit_bytes, ledgers.name"
    ),
    postgres=(
        "SELECT ledgers.id FROM ledgers WHERE ledgers.kind = :kind AND (:name_exact = '' "
        "OR ledgers.name = :name_exact) AND strpos(lower(ledgers.name), :name_part) > 0 "
        "ORDER BY ledgers.limit_bytes IS NULL, ledgers.limit_bytes, ledgers.name"
    ),
)

LISTING_LEDGERS_SUM = Statement(
    sqlite=(
        "SELECT coalesce(sum(ledgers.used_bytes), 0) AS coalesce_1 FROM ledgers WHERE "
        "ledgers.kind = :kind"
    ),
)

LISTING_LEDGERS_ROWS = Statement(
    sqlite=(
        "SELECT ledgers.id, ledgers.kind, ledgers.name, ledgers.used_bytes, "
        "ledgers.manifests, ledgers.limit_bytes, ledgers.limit_manifests FROM ledgers "
        "WHERE ledgers.id IN (SELECT value FROM json_each(:keys))"
    ),
    postgres=(
        "SELECT ledgers.id, ledgers.kind, ledgers.name, ledgers.used_bytes, "
        "ledgers.manifests, ledgers.limit_bytes, ledgers.limit_manifests FROM ledgers "
        "WHERE ledgers.id = ANY (:keys)"
    ),
)

LISTING_JOBS_ALL = Statement(
    sqlite=(
        "SELECT jobs.id FROM jobs WHERE :state = '' OR jobs.state = :state ORDER BY "
        "jobs.id"
    ),
)

LISTING_JOBS_OF_KIND = Statement(
    sqlite=(
        "SELECT jobs.id FROM jobs WHERE jobs.kind = :kind0 AND (:state = '' OR jobs.state "
        "= :state) ORDER BY jobs.id"
    ),
)

LISTING_JOBS_OF_KINDS = Statement(
    sqlite=(
        "SELECT jobs.id FROM jobs WHERE jobs.kind IN (:kind0, :kind1, :kind2, :kind3, "
        ":kind4, :kind5, :kind6, :kind7) AND (:state = '' OR jobs.state = :state) ORDER "
        "BY jobs.id"
    ),
)

LISTING_JOBS_ROWS = Statement(
    sqlite=(
        "SELECT jobs.id, jobs.kind, jobs.args, jobs.mutex, jobs.state, jobs.run_at, "
        "jobs.attempt, jobs.owner, jobs.lease_until, jobs.cancelled, jobs.progress, "
        "jobs.error, jobs.actor, jobs.created_at, jobs.started_at, jobs.ended_at FROM "
        "jobs WHERE jobs.id IN (SELECT value FROM json_each(:keys))"
    ),
    postgres=(
        "SELECT jobs.id, jobs.kind, jobs.args, jobs.mutex, jobs.state, jobs.run_at, "
        "jobs.attempt, jobs.owner, jobs.lease_until, jobs.cancelled, jobs.progress, "
        "jobs.error, jobs.actor, jobs.created_at, jobs.started_at, jobs.ended_at FROM "
        "jobs WHERE jobs.id = ANY (:keys)"
    ),
)

LISTING_ARTIFACTS_ALL_BY_PUSHED = Statement(
    sqlite=(
        "SELECT manifests.id FROM repositories JOIN manifests ON manifests.repository_id "
        "= repositories.id WHERE repositories.name >= :low AND repositories.name < :high "
        "AND manifests.subject IS NULL AND ((EXISTS (SELECT * FROM tags AS any_tag WHERE "
        "any_tag.manifest_id = manifests.id)) OR NOT (EXISTS (SELECT * FROM edges WHERE "
        "edges.target = manifests.digest AND edges.repository_id = "
        "manifests.repository_id AND edges.kind IN ('child', 'sparse')))) AND "
        "(CAST(:tagged AS INTEGER) IS NULL OR (EXISTS (SELECT * FROM tags AS any_tag "
        "WHERE any_tag.manifest_id = manifests.id)) = (:tagged = 1)) AND (:tag_part = '' "
        "OR (EXISTS (SELECT * FROM tags AS tags_with WHERE tags_with.manifest_id = "
        "manifests.id AND instr(tags_with.name, :tag_part) > 0))) AND (:digest = '' OR "
        "manifests.digest = :digest) AND (:type0 = '' OR manifests.artifact_type IN "
        "(:type0, :type1, :type2, :type3, :type4, :type5, :type6, :type7) OR "
        "manifests.media_type IN (:type0, :type1, :type2, :type3, :type4, :type5, :type6, "
        ":type7)) AND (manifests.pushed_at >= :since OR :since IS NULL) AND "
        "(manifests.pushed_at <= :until OR :until IS NULL) AND (:label0 = 0 OR (EXISTS "
        "(SELECT * FROM label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label0))) AND "
        "(:label1 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label1))) AND (:label2 = 0 OR (EXISTS (SELECT * FROM "
        "label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label2))) AND "
        "(:label3 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label3))) ORDER BY manifests.pushed_at, manifests.id"
    ),
    postgres=(
        "SELECT manifests.id FROM repositories JOIN manifests ON manifests.repository_id "
        "= repositories.id WHERE repositories.name >= :low AND repositories.name < :high "
        "AND manifests.subject IS NULL AND ((EXISTS (SELECT * FROM tags AS any_tag WHERE "
        "any_tag.manifest_id = manifests.id)) OR NOT (EXISTS (SELECT * FROM edges WHERE "
        "edges.target = manifests.digest AND edges.repository_id = "
        "manifests.repository_id AND edges.kind IN ('child', 'sparse')))) AND "
        "(CAST(:tagged AS BIGINT) IS NULL OR (EXISTS (SELECT * FROM tags AS any_tag WHERE "
        "any_tag.manifest_id = manifests.id)) = (:tagged = 1)) AND (:tag_part = '' OR "
        "(EXISTS (SELECT * FROM tags AS tags_with WHERE tags_with.manifest_id = "
        "manifests.id AND strpos(tags_with.name, :tag_part) > 0))) AND (:digest = '' OR "
        "manifests.digest = :digest) AND (:type0 = '' OR manifests.artifact_type IN "
        "(:type0, :type1, :type2, :type3, :type4, :type5, :type6, :type7) OR "
        "manifests.media_type IN (:type0, :type1, :type2, :type3, :type4, :type5, :type6, "
        ":type7)) AND (manifests.pushed_at >= :since OR :since IS NULL) AND "
        "(manifests.pushed_at <= :until OR :until IS NULL) AND (:label0 = 0 OR (EXISTS "
        "(SELECT * FROM label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label0))) AND "
        "(:label1 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label1))) AND (:label2 = 0 OR (EXISTS (SELECT * FROM "
        "label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label2))) AND "
        "(:label3 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label3))) ORDER BY manifests.pushed_at, manifests.id"
    ),
)

LISTING_ARTIFACTS_ALL_BY_SIZE = Statement(
    sqlite=(
        "SELECT manifests.id FROM repositories JOIN manifests ON manifests.repository_id "
        "= repositories.id WHERE repositories.name >= :low AND repositories.name < :high "
        "AND manifests.subject IS NULL AND ((EXISTS (SELECT * FROM tags AS any_tag WHERE "
        "any_tag.manifest_id = manifests.id)) OR NOT (EXISTS (SELECT * FROM edges WHERE "
        "edges.target = manifests.digest AND edges.repository_id = "
        "manifests.repository_id AND edges.kind IN ('child', 'sparse')))) AND "
        "(CAST(:tagged AS INTEGER) IS NULL OR (EXISTS (SELECT * FROM tags AS any_tag "
        "WHERE any_tag.manifest_id = manifests.id)) = (:tagged = 1)) AND (:tag_part = '' "
        "OR (EXISTS (SELECT * FROM tags AS tags_with WHERE tags_with.manifest_id = "
        "manifests.id AND instr(tags_with.name, :tag_part) > 0))) AND (:digest = '' OR "
        "manifests.digest = :digest) AND (:type0 = '' OR manifests.artifact_type IN "
        "(:type0, :type1, :type2, :type3, :type4, :type5, :type6, :type7) OR "
        "manifests.media_type IN (:type0, :type1, :type2, :type3, :type4, :type5, :type6, "
        ":type7)) AND (manifests.pushed_at >= :since OR :since IS NULL) AND "
        "(manifests.pushed_at <= :until OR :until IS NULL) AND (:label0 = 0 OR (EXISTS "
        "(SELECT * FROM label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label0))) AND "
        "(:label1 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label1))) AND (:label2 = 0 OR (EXISTS (SELECT * FROM "
        "label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label2))) AND "
        "(:label3 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label3))) ORDER BY (SELECT coalesce(sum(blobs.size), 0) "
        "AS coalesce_1 FROM blobs JOIN edges AS held ON held.target = blobs.digest WHERE "
        "held.manifest_id = manifests.id) + (SELECT coalesce(sum(blobs.size), 0) AS "
        "coalesce_2 FROM edges AS to_child JOIN manifests AS child ON child.digest = "
        "to_child.target AND child.repository_id = to_child.repository_id JOIN edges AS "
        "of_child ON of_child.manifest_id = child.id AND of_child.kind = 'blob' JOIN "
        "blobs ON blobs.digest = of_child.target WHERE to_child.manifest_id = "
        "manifests.id AND to_child.kind IN ('child', 'sparse')), manifests.id"
    ),
    postgres=(
        "SELECT manifests.id FROM repositories JOIN manifests ON manifests.repository_id "
        "= repositories.id WHERE repositories.name >= :low AND repositories.name < :high "
        "AND manifests.subject IS NULL AND ((EXISTS (SELECT * FROM tags AS any_tag WHERE "
        "any_tag.manifest_id = manifests.id)) OR NOT (EXISTS (SELECT * FROM edges WHERE "
        "edges.target = manifests.digest AND edges.repository_id = "
        "manifests.repository_id AND edges.kind IN ('child', 'sparse')))) AND "
        "(CAST(:tagged AS BIGINT) IS NULL OR (EXISTS (SELECT * FROM tags AS any_tag WHERE "
        "any_tag.manifest_id = manifests.id)) = (:tagged = 1)) AND (:tag_part = '' OR "
        "(EXISTS (SELECT * FROM tags AS tags_with WHERE tags_with.manifest_id = "
        "manifests.id AND strpos(tags_with.name, :tag_part) > 0))) AND (:digest = '' OR "
        "manifests.digest = :digest) AND (:type0 = '' OR manifests.artifact_type IN "
        "(:type0, :type1, :type2, :type3, :type4, :type5, :type6, :type7) OR "
        "manifests.media_type IN (:type0, :type1, :type2, :type3, :type4, :type5, :type6, "
        ":type7)) AND (manifests.pushed_at >= :since OR :since IS NULL) AND "
        "(manifests.pushed_at <= :until OR :until IS NULL) AND (:label0 = 0 OR (EXISTS "
        "(SELECT * FROM label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label0))) AND "
        "(:label1 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label1))) AND (:label2 = 0 OR (EXISTS (SELECT * FROM "
        "label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label2))) AND "
        "(:label3 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label3))) ORDER BY (SELECT coalesce(sum(blobs.size), 0) "
        "AS coalesce_1 FROM blobs JOIN edges AS held ON held.target = blobs.digest WHERE "
        "held.manifest_id = manifests.id) + (SELECT coalesce(sum(blobs.size), 0) AS "
        "coalesce_2 FROM edges AS to_child JOIN manifests AS child ON child.digest = "
        "to_child.target AND child.repository_id = to_child.repository_id JOIN edges AS "
        "of_child ON of_child.manifest_id = child.id AND of_child.kind = 'blob' JOIN "
        "blobs ON blobs.digest = of_child.target WHERE to_child.manifest_id = "
        "manifests.id AND to_child.kind IN ('child', 'sparse')), manifests.id"
    ),
)

LISTING_ARTIFACTS_TAG_BY_PUSHED = Statement(
    sqlite=(
        "SELECT manifests.id FROM repositories JOIN tags ON tags.repository_id = "
        "repositories.id JOIN manifests ON manifests.id = tags.manifest_id WHERE "
        "repositories.name >= :low AND repositories.name < :high AND tags.name = "
        ":tag_exact AND manifests.subject IS NULL AND ((EXISTS (SELECT * FROM tags AS "
        "any_tag WHERE any_tag.manifest_id = manifests.id)) OR NOT (EXISTS (SELECT * FROM "
        "edges WHERE edges.target = manifests.digest AND edges.repository_id = "
        "manifests.repository_id AND edges.kind IN ('child', 'sparse')))) AND "
        "(CAST(:tagged AS INTEGER) IS NULL OR (EXISTS (SELECT * FROM tags AS any_tag "
        "WHERE any_tag.manifest_id = manifests.id)) = (:tagged = 1)) AND (:tag_part = '' "
        "OR (EXISTS (SELECT * FROM tags AS tags_with WHERE tags_with.manifest_id = "
        "manifests.id AND instr(tags_with.name, :tag_part) > 0))) AND (:digest = '' OR "
        "manifests.digest = :digest) AND (:type0 = '' OR manifests.artifact_type IN "
        "(:type0, :type1, :type2, :type3, :type4, :type5, :type6, :type7) OR "
        "manifests.media_type IN (:type0, :type1, :type2, :type3, :type4, :type5, :type6, "
        ":type7)) AND (manifests.pushed_at >= :since OR :since IS NULL) AND "
        "(manifests.pushed_at <= :until OR :until IS NULL) AND (:label0 = 0 OR (EXISTS "
        "(SELECT * FROM label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label0))) AND "
        "(:label1 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label1))) AND (:label2 = 0 OR (EXISTS (SELECT * FROM "
        "label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label2))) AND "
        "(:label3 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label3))) ORDER BY manifests.pushed_at, manifests.id"
    ),
    postgres=(
        "SELECT manifests.id FROM repositories JOIN tags ON tags.repository_id = "
        "repositories.id JOIN manifests ON manifests.id = tags.manifest_id WHERE "
        "repositories.name >= :low AND repositories.name < :high AND tags.name = "
        ":tag_exact AND manifests.subject IS NULL AND ((EXISTS (SELECT * FROM tags AS "
        "any_tag WHERE any_tag.manifest_id = manifests.id)) OR NOT (EXISTS (SELECT * FROM "
        "edges WHERE edges.target = manifests.digest AND edges.repository_id = "
        "manifests.repository_id AND edges.kind IN ('child', 'sparse')))) AND "
        "(CAST(:tagged AS BIGINT) IS NULL OR (EXISTS (SELECT * FROM tags AS any_tag WHERE "
        "any_tag.manifest_id = manifests.id)) = (:tagged = 1)) AND (:tag_part = '' OR "
        "(EXISTS (SELECT * FROM tags AS tags_with WHERE tags_with.manifest_id = "
        "manifests.id AND strpos(tags_with.name, :tag_part) > 0))) AND (:digest = '' OR "
        "manifests.digest = :digest) AND (:type0 = '' OR manifests.artifact_type IN "
        "(:type0, :type1, :type2, :type3, :type4, :type5, :type6, :type7) OR "
        "manifests.media_type IN (:type0, :type1, :type2, :type3, :type4, :type5, :type6, "
        ":type7)) AND (manifests.pushed_at >= :since OR :since IS NULL) AND "
        "(manifests.pushed_at <= :until OR :until IS NULL) AND (:label0 = 0 OR (EXISTS "
        "(SELECT * FROM label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label0))) AND "
        "(:label1 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label1))) AND (:label2 = 0 OR (EXISTS (SELECT * FROM "
        "label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label2))) AND "
        "(:label3 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label3))) ORDER BY manifests.pushed_at, manifests.id"
    ),
)

LISTING_ARTIFACTS_TAG_BY_SIZE = Statement(
    sqlite=(
        "SELECT manifests.id FROM repositories JOIN tags ON tags.repository_id = "
        "repositories.id JOIN manifests ON manifests.id = tags.manifest_id WHERE "
        "repositories.name >= :low AND repositories.name < :high AND tags.name = "
        ":tag_exact AND manifests.subject IS NULL AND ((EXISTS (SELECT * FROM tags AS "
        "any_tag WHERE any_tag.manifest_id = manifests.id)) OR NOT (EXISTS (SELECT * FROM "
        "edges WHERE edges.target = manifests.digest AND edges.repository_id = "
        "manifests.repository_id AND edges.kind IN ('child', 'sparse')))) AND "
        "(CAST(:tagged AS INTEGER) IS NULL OR (EXISTS (SELECT * FROM tags AS any_tag "
        "WHERE any_tag.manifest_id = manifests.id)) = (:tagged = 1)) AND (:tag_part = '' "
        "OR (EXISTS (SELECT * FROM tags AS tags_with WHERE tags_with.manifest_id = "
        "manifests.id AND instr(tags_with.name, :tag_part) > 0))) AND (:digest = '' OR "
        "manifests.digest = :digest) AND (:type0 = '' OR manifests.artifact_type IN "
        "(:type0, :type1, :type2, :type3, :type4, :type5, :type6, :type7) OR "
        "manifests.media_type IN (:type0, :type1, :type2, :type3, :type4, :type5, :type6, "
        ":type7)) AND (manifests.pushed_at >= :since OR :since IS NULL) AND "
        "(manifests.pushed_at <= :until OR :until IS NULL) AND (:label0 = 0 OR (EXISTS "
        "(SELECT * FROM label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label0))) AND "
        "(:label1 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label1))) AND (:label2 = 0 OR (EXISTS (SELECT * FROM "
        "label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label2))) AND "
        "(:label3 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label3))) ORDER BY (SELECT coalesce(sum(blobs.size), 0) "
        "AS coalesce_1 FROM blobs JOIN edges AS held ON held.target = blobs.digest WHERE "
        "held.manifest_id = manifests.id) + (SELECT coalesce(sum(blobs.size), 0) AS "
        "coalesce_2 FROM edges AS to_child JOIN manifests AS child ON child.digest = "
        "to_child.target AND child.repository_id = to_child.repository_id JOIN edges AS "
        "of_child ON of_child.manifest_id = child.id AND of_child.kind = 'blob' JOIN "
        "blobs ON blobs.digest = of_child.target WHERE to_child.manifest_id = "
        "manifests.id AND to_child.kind IN ('child', 'sparse')), manifests.id"
    ),
    postgres=(
        "SELECT manifests.id FROM repositories JOIN tags ON tags.repository_id = "
        "repositories.id JOIN manifests ON manifests.id = tags.manifest_id WHERE "
        "repositories.name >= :low AND repositories.name < :high AND tags.name = "
        ":tag_exact AND manifests.subject IS NULL AND ((EXISTS (SELECT * FROM tags AS "
        "any_tag WHERE any_tag.manifest_id = manifests.id)) OR NOT (EXISTS (SELECT * FROM "
        "edges WHERE edges.target = manifests.digest AND edges.repository_id = "
        "manifests.repository_id AND edges.kind IN ('child', 'sparse')))) AND "
        "(CAST(:tagged AS BIGINT) IS NULL OR (EXISTS (SELECT * FROM tags AS any_tag WHERE "
        "any_tag.manifest_id = manifests.id)) = (:tagged = 1)) AND (:tag_part = '' OR "
        "(EXISTS (SELECT * FROM tags AS tags_with WHERE tags_with.manifest_id = "
        "manifests.id AND strpos(tags_with.name, :tag_part) > 0))) AND (:digest = '' OR "
        "manifests.digest = :digest) AND (:type0 = '' OR manifests.artifact_type IN "
        "(:type0, :type1, :type2, :type3, :type4, :type5, :type6, :type7) OR "
        "manifests.media_type IN (:type0, :type1, :type2, :type3, :type4, :type5, :type6, "
        ":type7)) AND (manifests.pushed_at >= :since OR :since IS NULL) AND "
        "(manifests.pushed_at <= :until OR :until IS NULL) AND (:label0 = 0 OR (EXISTS "
        "(SELECT * FROM label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label0))) AND "
        "(:label1 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label1))) AND (:label2 = 0 OR (EXISTS (SELECT * FROM "
        "label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label2))) AND "
        "(:label3 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label3))) ORDER BY (SELECT coalesce(sum(blobs.size), 0) "
        "AS coalesce_1 FROM blobs JOIN edges AS held ON held.target = blobs.digest WHERE "
        "held.manifest_id = manifests.id) + (SELECT coalesce(sum(blobs.size), 0) AS "
        "coalesce_2 FROM edges AS to_child JOIN manifests AS child ON child.digest = "
        "to_child.target AND child.repository_id = to_child.repository_id JOIN edges AS "
        "of_child ON of_child.manifest_id = child.id AND of_child.kind = 'blob' JOIN "
        "blobs ON blobs.digest = of_child.target WHERE to_child.manifest_id = "
        "manifests.id AND to_child.kind IN ('child', 'sparse')), manifests.id"
    ),
)

LISTING_ARTIFACTS_LABEL_BY_PUSHED = Statement(
    sqlite=(
        "SELECT manifests.id FROM repositories JOIN label_marks AS marks ON "
        "marks.repository = repositories.name JOIN manifests ON manifests.repository_id = "
        "repositories.id AND manifests.digest = marks.digest WHERE repositories.name >= "
        ":low AND repositories.name < :high AND marks.label_id = :label0 AND "
        "manifests.subject IS NULL AND ((EXISTS (SELECT * FROM tags AS any_tag WHERE "
        "any_tag.manifest_id = manifests.id)) OR NOT (EXISTS (SELECT * FROM edges WHERE "
        "edges.target = manifests.digest AND edges.repository_id = "
        "manifests.repository_id AND edges.kind IN ('child', 'sparse')))) AND "
        "(CAST(:tagged AS INTEGER) IS NULL OR (EXISTS (SELECT * FROM tags AS any_tag "
        "WHERE any_tag.manifest_id = manifests.id)) = (:tagged = 1)) AND (:tag_part = '' "
        "OR (EXISTS (SELECT * FROM tags AS tags_with WHERE tags_with.manifest_id = "
        "manifests.id AND instr(tags_with.name, :tag_part) > 0))) AND (:digest = '' OR "
        "manifests.digest = :digest) AND (:type0 = '' OR manifests.artifact_type IN "
        "(:type0, :type1, :type2, :type3, :type4, :type5, :type6, :type7) OR "
        "manifests.media_type IN (:type0, :type1, :type2, :type3, :type4, :type5, :type6, "
        ":type7)) AND (manifests.pushed_at >= :since OR :since IS NULL) AND "
        "(manifests.pushed_at <= :until OR :until IS NULL) AND (:label0 = 0 OR (EXISTS "
        "(SELECT * FROM label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label0))) AND "
        "(:label1 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label1))) AND (:label2 = 0 OR (EXISTS (SELECT * FROM "
        "label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label2))) AND "
        "(:label3 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label3))) ORDER BY manifests.pushed_at, manifests.id"
    ),
    postgres=(
        "SELECT manifests.id FROM repositories JOIN label_marks AS marks ON "
        "marks.repository = repositories.name JOIN manifests ON manifests.repository_id = "
        "repositories.id AND manifests.digest = marks.digest WHERE repositories.name >= "
        ":low AND repositories.name < :high AND marks.label_id = :label0 AND "
        "manifests.subject IS NULL AND ((EXISTS (SELECT * FROM tags AS any_tag WHERE "
        "any_tag.manifest_id = manifests.id)) OR NOT (EXISTS (SELECT * FROM edges WHERE "
        "edges.target = manifests.digest AND edges.repository_id = "
        "manifests.repository_id AND edges.kind IN ('child', 'sparse')))) AND "
        "(CAST(:tagged AS BIGINT) IS NULL OR (EXISTS (SELECT * FROM tags AS any_tag WHERE "
        "any_tag.manifest_id = manifests.id)) = (:tagged = 1)) AND (:tag_part = '' OR "
        "(EXISTS (SELECT * FROM tags AS tags_with WHERE tags_with.manifest_id = "
        "manifests.id AND strpos(tags_with.name, :tag_part) > 0))) AND (:digest = '' OR "
        "manifests.digest = :digest) AND (:type0 = '' OR manifests.artifact_type IN "
        "(:type0, :type1, :type2, :type3, :type4, :type5, :type6, :type7) OR "
        "manifests.media_type IN (:type0, :type1, :type2, :type3, :type4, :type5, :type6, "
        ":type7)) AND (manifests.pushed_at >= :since OR :since IS NULL) AND "
        "(manifests.pushed_at <= :until OR :until IS NULL) AND (:label0 = 0 OR (EXISTS "
        "(SELECT * FROM label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label0))) AND "
        "(:label1 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label1))) AND (:label2 = 0 OR (EXISTS (SELECT * FROM "
        "label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label2))) AND "
        "(:label3 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label3))) ORDER BY manifests.pushed_at, manifests.id"
    ),
)

LISTING_ARTIFACTS_LABEL_BY_SIZE = Statement(
    sqlite=(
        "SELECT manifests.id FROM repositories JOIN label_marks AS marks ON "
        "marks.repository = repositories.name JOIN manifests ON manifests.repository_id = "
        "repositories.id AND manifests.digest = marks.digest WHERE repositories.name >= "
        ":low AND repositories.name < :high AND marks.label_id = :label0 AND "
        "manifests.subject IS NULL AND ((EXISTS (SELECT * FROM tags AS any_tag WHERE "
        "any_tag.manifest_id = manifests.id)) OR NOT (EXISTS (SELECT * FROM edges WHERE "
        "edges.target = manifests.digest AND edges.repository_id = "
        "manifests.repository_id AND edges.kind IN ('child', 'sparse')))) AND "
        "(CAST(:tagged AS INTEGER) IS NULL OR (EXISTS (SELECT * FROM tags AS any_tag "
        "WHERE any_tag.manifest_id = manifests.id)) = (:tagged = 1)) AND (:tag_part = '' "
        "OR (EXISTS (SELECT * FROM tags AS tags_with WHERE tags_with.manifest_id = "
        "manifests.id AND instr(tags_with.name, :tag_part) > 0))) AND (:digest = '' OR "
        "manifests.digest = :digest) AND (:type0 = '' OR manifests.artifact_type IN "
        "(:type0, :type1, :type2, :type3, :type4, :type5, :type6, :type7) OR "
        "manifests.media_type IN (:type0, :type1, :type2, :type3, :type4, :type5, :type6, "
        ":type7)) AND (manifests.pushed_at >= :since OR :since IS NULL) AND "
        "(manifests.pushed_at <= :until OR :until IS NULL) AND (:label0 = 0 OR (EXISTS "
        "(SELECT * FROM label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label0))) AND "
        "(:label1 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label1))) AND (:label2 = 0 OR (EXISTS (SELECT * FROM "
        "label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label2))) AND "
        "(:label3 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label3))) ORDER BY (SELECT coalesce(sum(blobs.size), 0) "
        "AS coalesce_1 FROM blobs JOIN edges AS held ON held.target = blobs.digest WHERE "
        "held.manifest_id = manifests.id) + (SELECT coalesce(sum(blobs.size), 0) AS "
        "coalesce_2 FROM edges AS to_child JOIN manifests AS child ON child.digest = "
        "to_child.target AND child.repository_id = to_child.repository_id JOIN edges AS "
        "of_child ON of_child.manifest_id = child.id AND of_child.kind = 'blob' JOIN "
        "blobs ON blobs.digest = of_child.target WHERE to_child.manifest_id = "
        "manifests.id AND to_child.kind IN ('child', 'sparse')), manifests.id"
    ),
    postgres=(
        "SELECT manifests.id FROM repositories JOIN label_marks AS marks ON "
        "marks.repository = repositories.name JOIN manifests ON manifests.repository_id = "
        "repositories.id AND manifests.digest = marks.digest WHERE repositories.name >= "
        ":low AND repositories.name < :high AND marks.label_id = :label0 AND "
        "manifests.subject IS NULL AND ((EXISTS (SELECT * FROM tags AS any_tag WHERE "
        "any_tag.manifest_id = manifests.id)) OR NOT (EXISTS (SELECT * FROM edges WHERE "
        "edges.target = manifests.digest AND edges.repository_id = "
        "manifests.repository_id AND edges.kind IN ('child', 'sparse')))) AND "
        "(CAST(:tagged AS BIGINT) IS NULL OR (EXISTS (SELECT * FROM tags AS any_tag WHERE "
        "any_tag.manifest_id = manifests.id)) = (:tagged = 1)) AND (:tag_part = '' OR "
        "(EXISTS (SELECT * FROM tags AS tags_with WHERE tags_with.manifest_id = "
        "manifests.id AND strpos(tags_with.name, :tag_part) > 0))) AND (:digest = '' OR "
        "manifests.digest = :digest) AND (:type0 = '' OR manifests.artifact_type IN "
        "(:type0, :type1, :type2, :type3, :type4, :type5, :type6, :type7) OR "
        "manifests.media_type IN (:type0, :type1, :type2, :type3, :type4, :type5, :type6, "
        ":type7)) AND (manifests.pushed_at >= :since OR :since IS NULL) AND "
        "(manifests.pushed_at <= :until OR :until IS NULL) AND (:label0 = 0 OR (EXISTS "
        "(SELECT * FROM label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label0))) AND "
        "(:label1 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label1))) AND (:label2 = 0 OR (EXISTS (SELECT * FROM "
        "label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label2))) AND "
        "(:label3 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label3))) ORDER BY (SELECT coalesce(sum(blobs.size), 0) "
        "AS coalesce_1 FROM blobs JOIN edges AS held ON held.target = blobs.digest WHERE "
        "held.manifest_id = manifests.id) + (SELECT coalesce(sum(blobs.size), 0) AS "
        "coalesce_2 FROM edges AS to_child JOIN manifests AS child ON child.digest = "
        "to_child.target AND child.repository_id = to_child.repository_id JOIN edges AS "
        "of_child ON of_child.manifest_id = child.id AND of_child.kind = 'blob' JOIN "
        "blobs ON blobs.digest = of_child.target WHERE to_child.manifest_id = "
        "manifests.id AND to_child.kind IN ('child', 'sparse')), manifests.id"
    ),
)

LISTING_ARTIFACTS_DIGEST_BY_PUSHED = Statement(
    sqlite=(
        "SELECT manifests.id FROM manifests JOIN repositories ON manifests.repository_id "
        "= repositories.id WHERE repositories.name >= :low AND repositories.name < :high "
        "AND manifests.digest = :digest AND manifests.subject IS NULL AND ((EXISTS "
        "(SELECT * FROM tags AS any_tag WHERE any_tag.manifest_id = manifests.id)) OR NOT "
        "(EXISTS (SELECT * FROM edges WHERE edges.target = manifests.digest AND "
        "edges.repository_id = manifests.repository_id AND edges.kind IN ('child', "
        "'sparse')))) AND (CAST(:tagged AS INTEGER) IS NULL OR (EXISTS (SELECT * FROM "
        "tags AS any_tag WHERE any_tag.manifest_id = manifests.id)) = (:tagged = 1)) AND "
        "(:tag_part = '' OR (EXISTS (SELECT * FROM tags AS tags_with WHERE "
        "tags_with.manifest_id = manifests.id AND instr(tags_with.name, :tag_part) > 0))) "
        "AND (:digest = '' OR manifests.digest = :digest) AND (:type0 = '' OR "
        "manifests.artifact_type IN (:type0, :type1, :type2, :type3, :type4, :type5, "
        ":type6, :type7) OR manifests.media_type IN (:type0, :type1, :type2, :type3, "
        ":type4, :type5, :type6, :type7)) AND (manifests.pushed_at >= :since OR :since IS "
        "NULL) AND (manifests.pushed_at <= :until OR :until IS NULL) AND (:label0 = 0 OR "
        "(EXISTS (SELECT * FROM label_marks WHERE label_marks.repository = "
        "repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label0))) AND (:label1 = 0 OR (EXISTS (SELECT * FROM "
        "label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label1))) AND "
        "(:label2 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label2))) AND (:label3 = 0 OR (EXISTS (SELECT * FROM "
        "label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label3))) "
        "ORDER BY manifests.pushed_at, manifests.id"
    ),
    postgres=(
        "SELECT manifests.id FROM manifests JOIN repositories ON manifests.repository_id "
        "= repositories.id WHERE repositories.name >= :low AND repositories.name < :high "
        "AND manifests.digest = :digest AND manifests.subject IS NULL AND ((EXISTS "
        "(SELECT * FROM tags AS any_tag WHERE any_tag.manifest_id = manifests.id)) OR NOT "
        "(EXISTS (SELECT * FROM edges WHERE edges.target = manifests.digest AND "
        "edges.repository_id = manifests.repository_id AND edges.kind IN ('child', "
        "'sparse')))) AND (CAST(:tagged AS BIGINT) IS NULL OR (EXISTS (SELECT * FROM tags "
        "AS any_tag WHERE any_tag.manifest_id = manifests.id)) = (:tagged = 1)) AND "
        "(:tag_part = '' OR (EXISTS (SELECT * FROM tags AS tags_with WHERE "
        "tags_with.manifest_id = manifests.id AND strpos(tags_with.name, :tag_part) > "
        "0))) AND (:digest = '' OR manifests.digest = :digest) AND (:type0 = '' OR "
        "manifests.artifact_type IN (:type0, :type1, :type2, :type3, :type4, :type5, "
        ":type6, :type7) OR manifests.media_type IN (:type0, :type1, :type2, :type3, "
        ":type4, :type5, :type6, :type7)) AND (manifests.pushed_at >= :since OR :since IS "
        "NULL) AND (manifests.pushed_at <= :until OR :until IS NULL) AND (:label0 = 0 OR "
        "(EXISTS (SELECT * FROM label_marks WHERE label_marks.repository = "
        "repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label0))) AND (:label1 = 0 OR (EXISTS (SELECT * FROM "
        "label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label1))) AND "
        "(:label2 = 0 OR (EXISTS (SELECT * FROM label_marks WHERE label_marks.repository "
        "= repositories.name AND label_marks.digest = manifests.digest AND "
        "label_marks.label_id = :label2))) AND (:label3 = 0 OR (EXISTS (SELECT * FROM "
        "label_marks WHERE label_marks.repository = repositories.name AND "
        "label_marks.digest = manifests.digest AND label_marks.label_id = :label3))) "
        "ORDER BY manifests.pushed_at, manifests.id"
    ),
)

LISTING_ARTIFACTS_COUNTS = Statement(
    sqlite=(
        "SELECT repositories.name, count(*) AS count FROM repositories JOIN manifests ON "
        "manifests.repository_id = repositories.id WHERE repositories.name IN (SELECT "
        "value FROM json_each(:keys)) AND manifests.subject IS NULL AND ((EXISTS (SELECT "
        "* FROM tags AS any_tag WHERE any_tag.manifest_id = manifests.id)) OR NOT (EXISTS "
        "(SELECT * FROM edges WHERE edges.target = manifests.digest AND "
        "edges.repository_id = manifests.repository_id AND edges.kind IN ('child', "
        "'sparse')))) GROUP BY repositories.name"
    ),
    postgres=(
        "SELECT repositories.name, count(*) AS count FROM repositories JOIN manifests ON "
        "manifests.repository_id = repositories.id WHERE repositories.name = ANY (:keys) "
        "AND manifests.subject IS NULL AND ((EXISTS (SELECT * FROM tags AS any_tag WHERE "
        "any_tag.manifest_id = manifests.id)) OR NOT (EXISTS (SELECT * FROM edges WHERE "
        "edges.target = manifests.digest AND edges.repository_id = "
        "manifests.repository_id AND edges.kind IN ('child', 'sparse')))) GROUP BY "
        "repositories.name"
    ),
)

LISTING_ARTIFACTS_PULLS = Statement(
    sqlite=(
        "SELECT repositories.name, sum(pulls.count) AS count FROM repositories JOIN pulls "
        "ON pulls.repository_id = repositories.id WHERE repositories.name IN (SELECT "
        "value FROM json_each(:keys)) GROUP BY repositories.name"
    ),
    postgres=(
        "SELECT repositories.name, sum(pulls.count) AS count FROM repositories JOIN pulls "
        "ON pulls.repository_id = repositories.id WHERE repositories.name = ANY (:keys) "
        "GROUP BY repositories.name"
    ),
)

LISTING_ARTIFACTS_PUSHED = Statement(
    sqlite="SELECT manifests.pushed_at FROM manifests WHERE manifests.id = :artifact_id",
)

LISTING_ARTIFACTS_TAG_TEXT = Statement(
    sqlite=(
        "SELECT group_concat(some_tags.name || '/' || CAST(some_tags.manifest_id AS "
        "TEXT), ',') AS text, max(some_tags.name) AS last FROM (SELECT tags.name AS name, "
        "tags.manifest_id AS manifest_id FROM tags JOIN repositories ON repositories.id = "
        "tags.repository_id WHERE repositories.name = :repository AND tags.name > :after "
        "ORDER BY tags.name LIMIT :limit OFFSET 0) AS some_tags"
    ),
    postgres=(
        "SELECT string_agg(some_tags.name || '/' || CAST(some_tags.manifest_id AS TEXT), "
        "',') AS text, max(some_tags.name) AS last FROM (SELECT tags.name AS name, "
        "tags.manifest_id AS manifest_id FROM tags JOIN repositories ON repositories.id = "
        "tags.repository_id WHERE repositories.name = :repository AND tags.name > :after "
        "ORDER BY tags.name LIMIT :limit) AS some_tags"
    ),
)

LISTING_ARTIFACTS_MOVED = Statement(
    sqlite=(
        "SELECT tag_history.id, left_.id AS left_id, reached.id AS reached_id FROM "
        "repositories JOIN tag_history ON tag_history.repository_id = repositories.id "
        'LEFT OUTER JOIN manifests AS left_ ON left_.digest = tag_history."before" AND '
        "left_.repository_id = tag_history.repository_id LEFT OUTER JOIN manifests AS "
        'reached ON reached.digest = tag_history."after" AND reached.repository_id = '
        "tag_history.repository_id WHERE repositories.name = :repository AND "
        "tag_history.id > :after ORDER BY tag_history.id LIMIT :limit OFFSET 0"
    ),
)

LISTING_ARTIFACTS_ROWS = Statement(
    sqlite=(
        "SELECT manifests.id, repositories.name, manifests.digest, manifests.media_type, "
        "manifests.artifact_type, manifests.annotations, manifests.pushed_at, "
        "pulls.pulled_at, coalesce(pulls.count, 0) AS pull_count, (SELECT count(*) AS "
        "count_1 FROM tags WHERE tags.manifest_id = manifests.id) AS tag_count, "
        "manifest_extracts.text, manifest_extracts.size_bytes FROM manifests JOIN "
        "repositories ON manifests.repository_id = repositories.id LEFT OUTER JOIN pulls "
        "ON pulls.repository_id = manifests.repository_id AND pulls.digest = "
        "manifests.digest LEFT OUTER JOIN manifest_extracts ON "
        "manifest_extracts.manifest_id = manifests.id WHERE manifests.id IN (SELECT value "
        "FROM json_each(:keys))"
    ),
    postgres=(
        "SELECT manifests.id, repositories.name, manifests.digest, manifests.media_type, "
        "manifests.artifact_type, manifests.annotations, manifests.pushed_at, "
        "pulls.pulled_at, coalesce(pulls.count, 0) AS pull_count, (SELECT count(*) AS "
        "count_1 FROM tags WHERE tags.manifest_id = manifests.id) AS tag_count, "
        "manifest_extracts.text, manifest_extracts.size_bytes FROM manifests JOIN "
        "repositories ON manifests.repository_id = repositories.id LEFT OUTER JOIN pulls "
        "ON pulls.repository_id = manifests.repository_id AND pulls.digest = "
        "manifests.digest LEFT OUTER JOIN manifest_extracts ON "
        "manifest_extracts.manifest_id = manifests.id WHERE manifests.id = ANY (:keys)"
    ),
)

LISTING_ARTIFACTS_SIZES = Statement(
    sqlite=(
        "SELECT manifests.id, (SELECT coalesce(sum(blobs.size), 0) AS coalesce_1 FROM "
        "blobs JOIN edges AS held ON held.target = blobs.digest WHERE held.manifest_id = "
        "manifests.id) + (SELECT coalesce(sum(blobs.size), 0) AS coalesce_2 FROM edges AS "
        "to_child JOIN manifests AS child ON child.digest = to_child.target AND "
        "child.repository_id = to_child.repository_id JOIN edges AS of_child ON "
        "of_child.manifest_id = child.id AND of_child.kind = 'blob' JOIN blobs ON "
        "blobs.digest = of_child.target WHERE to_child.manifest_id = manifests.id AND "
        "to_child.kind IN ('child', 'sparse')) AS size_of_all FROM manifests WHERE "
        "manifests.id IN (SELECT value FROM json_each(:keys))"
    ),
    postgres=(
        "SELECT manifests.id, (SELECT coalesce(sum(blobs.size), 0) AS coalesce_1 FROM "
        "blobs JOIN edges AS held ON held.target = blobs.digest WHERE held.manifest_id = "
        "manifests.id) + (SELECT coalesce(sum(blobs.size), 0) AS coalesce_2 FROM edges AS "
        "to_child JOIN manifests AS child ON child.digest = to_child.target AND "
        "child.repository_id = to_child.repository_id JOIN edges AS of_child ON "
        "of_child.manifest_id = child.id AND of_child.kind = 'blob' JOIN blobs ON "
        "blobs.digest = of_child.target WHERE to_child.manifest_id = manifests.id AND "
        "to_child.kind IN ('child', 'sparse')) AS size_of_all FROM manifests WHERE "
        "manifests.id = ANY (:keys)"
    ),
)

LISTING_ARTIFACTS_TAGS_OF_ARTIFACTS = Statement(
    sqlite=(
        "SELECT tags.manifest_id, tags.moved_at, group_concat(tags.name, ',') AS names "
        "FROM tags WHERE tags.manifest_id IN (SELECT value FROM json_each(:keys)) GROUP "
        "BY tags.manifest_id, tags.moved_at ORDER BY tags.manifest_id, tags.moved_at"
    ),
    postgres=(
        "SELECT tags.manifest_id, tags.moved_at, string_agg(tags.name, ',') AS names FROM "
        "tags WHERE tags.manifest_id = ANY (:keys) GROUP BY tags.manifest_id, "
        "tags.moved_at ORDER BY tags.manifest_id, tags.moved_at"
    ),
)

LISTING_ARTIFACTS_TAGS_OF_ARTIFACT = Statement(
    sqlite=(
        "SELECT tags.manifest_id, tags.name, tags.moved_at FROM tags WHERE "
        "tags.manifest_id = :manifest_id ORDER BY tags.moved_at DESC, tags.repository_id "
        "DESC, tags.name DESC LIMIT :limit OFFSET 0"
    ),
)

LISTING_ARTIFACTS_TAGS_BY_NAME = Statement(
    sqlite=(
        "SELECT tags.name FROM repositories JOIN tags ON tags.repository_id = "
        "repositories.id WHERE repositories.name = :repository AND instr(tags.name, "
        ":name_part) > 0 AND (:name_exact = '' OR tags.name = :name_exact) ORDER BY "
        "tags.name LIMIT :limit OFFSET 0"
    ),
    postgres=(
        "SELECT tags.name FROM repositories JOIN tags ON tags.repository_id = "
        "repositories.id WHERE repositories.name = :repository AND strpos(tags.name, "
        ":name_part) > 0 AND (:name_exact = '' OR tags.name = :name_exact) ORDER BY "
        "tags.name LIMIT :limit"
    ),
)

LISTING_ARTIFACTS_TAGS_BY_NAME_DOWN = Statement(
    sqlite=(
        "SELECT tags.name FROM repositories JOIN tags ON tags.repository_id = "
        "repositories.id WHERE repositories.name = :repository AND instr(tags.name, "
        ":name_part) > 0 AND (:name_exact = '' OR tags.name = :name_exact) ORDER BY "
        "tags.name DESC LIMIT :limit OFFSET 0"
    ),
    postgres=(
        "SELECT tags.name FROM repositories JOIN tags ON tags.repository_id = "
        "repositories.id WHERE repositories.name = :repository AND strpos(tags.name, "
        ":name_part) > 0 AND (:name_exact = '' OR tags.name = :name_exact) ORDER BY "
        "tags.name DESC LIMIT :limit"
    ),
)

LISTING_ARTIFACTS_TAGS_BY_MOVED = Statement(
    sqlite=(
        "SELECT tags.name FROM repositories JOIN tags ON tags.repository_id = "
        "repositories.id WHERE repositories.name = :repository AND instr(tags.name, "
        ":name_part) > 0 AND (:name_exact = '' OR tags.name = :name_exact) ORDER BY "
        "tags.moved_at, tags.name LIMIT :limit OFFSET 0"
    ),
    postgres=(
        "SELECT tags.name FROM repositories JOIN tags ON tags.repository_id = "
        "repositories.id WHERE repositories.name = :repository AND strpos(tags.name, "
        ":name_part) > 0 AND (:name_exact = '' OR tags.name = :name_exact) ORDER BY "
        "tags.moved_at, tags.name LIMIT :limit"
    ),
)

LISTING_ARTIFACTS_TAGS_BY_MOVED_DOWN = Statement(
    sqlite=(
        "SELECT tags.name FROM repositories JOIN tags ON tags.repository_id = "
        "repositories.id WHERE repositories.name = :repository AND instr(tags.name, "
        ":name_part) > 0 AND (:name_exact = '' OR tags.name = :name_exact) ORDER BY "
        "tags.moved_at DESC, tags.name DESC LIMIT :limit OFFSET 0"
    ),
    postgres=(
        "SELECT tags.name FROM repositories JOIN tags ON tags.repository_id = "
        "repositories.id WHERE repositories.name = :repository AND strpos(tags.name, "
        ":name_part) > 0 AND (:name_exact = '' OR tags.name = :name_exact) ORDER BY "
        "tags.moved_at DESC, tags.name DESC LIMIT :limit"
    ),
)

LISTING_ARTIFACTS_TAGS_COUNT = Statement(
    sqlite=(
        "SELECT count(*) AS count_1 FROM repositories JOIN tags ON tags.repository_id = "
        "repositories.id WHERE repositories.name = :repository AND instr(tags.name, "
        ":name_part) > 0 AND (:name_exact = '' OR tags.name = :name_exact)"
    ),
    postgres=(
        "SELECT count(*) AS count_1 FROM repositories JOIN tags ON tags.repository_id = "
        "repositories.id WHERE repositories.name = :repository AND strpos(tags.name, "
        ":name_part) > 0 AND (:name_exact = '' OR tags.name = :name_exact)"
    ),
)

LISTING_ARTIFACTS_MANIFEST_TAGS = Statement(
    sqlite=(
        "SELECT tags.name, tags.moved_at FROM repositories JOIN manifests ON "
        "manifests.repository_id = repositories.id JOIN tags ON tags.manifest_id = "
        "manifests.id WHERE repositories.name = :repository AND manifests.digest = "
        ":digest AND instr(tags.name, :name_part) > 0 AND (:name_exact = '' OR tags.name "
        "= :name_exact)"
    ),
    postgres=(
        "SELECT tags.name, tags.moved_at FROM repositories JOIN manifests ON "
        "manifests.repository_id = repositories.id JOIN tags ON tags.manifest_id = "
        "manifests.id WHERE repositories.name = :repository AND manifests.digest = "
        ":digest AND strpos(tags.name, :name_part) > 0 AND (:name_exact = '' OR tags.name "
        "= :name_exact)"
    ),
)

LISTING_ARTIFACTS_MANIFEST_TAGS_COUNT = Statement(
    sqlite=(
        "SELECT count(*) AS count_1 FROM repositories JOIN manifests ON "
        "manifests.repository_id = repositories.id JOIN tags ON tags.manifest_id = "
        "manifests.id WHERE repositories.name = :repository AND manifests.digest = "
        ":digest AND instr(tags.name, :name_part) > 0 AND (:name_exact = '' OR tags.name "
        "= :name_exact)"
    ),
    postgres=(
        "SELECT count(*) AS count_1 FROM repositories JOIN manifests ON "
        "manifests.repository_id = repositories.id JOIN tags ON tags.manifest_id = "
        "manifests.id WHERE repositories.name = :repository AND manifests.digest = "
        ":digest AND strpos(tags.name, :name_part) > 0 AND (:name_exact = '' OR tags.name "
        "= :name_exact)"
    ),
)

LISTING_ARTIFACTS_TAGS_ROWS = Statement(
    sqlite=(
        "SELECT tags.name, manifests.digest, tags.moved_at FROM repositories JOIN tags ON "
        "tags.repository_id = repositories.id JOIN manifests ON manifests.id = "
        "tags.manifest_id WHERE repositories.name = :repository AND tags.name IN (SELECT "
        "value FROM json_each(:keys))"
    ),
    postgres=(
        "SELECT tags.name, manifests.digest, tags.moved_at FROM repositories JOIN tags ON "
        "tags.repository_id = repositories.id JOIN manifests ON manifests.id = "
        "tags.manifest_id WHERE repositories.name = :repository AND tags.name = ANY "
        "(:keys)"
    ),
)

LISTING_PEOPLE_USERS_BY_NAME = Statement(
    sqlite=(
        "SELECT accounts.name FROM accounts LEFT OUTER JOIN profiles ON profiles.name = "
        "accounts.name WHERE (:name_exact = '' OR accounts.name = :name_exact) AND "
        "instr(lower(accounts.name), :name_part) > 0 AND (:email_exact = '' OR "
        "coalesce(profiles.email, '') = :email_exact) AND "
        "instr(lower(coalesce(profiles.email, '')), :email_part) > 0 ORDER BY "
        "accounts.name"
    ),
    postgres=(
        "SELECT accounts.name FROM accounts LEFT OUTER JOIN profiles ON profiles.name = "
        "accounts.name WHERE (:name_exact = '' OR accounts.name = :name_exact) AND "
        "strpos(lower(accounts.name), :name_part) > 0 AND (:email_exact = '' OR "
        "coalesce(profiles.email, '') = :email_exact) AND "
        "strpos(lower(coalesce(profiles.email, '')), :email_part) > 0 ORDER BY "
        "accounts.name"
    ),
)

LISTING_PEOPLE_USERS_BY_CREATED = Statement(
    sqlite=(
        "SELECT accounts.name FROM accounts LEFT OUTER JOIN profiles ON profiles.name = "
        "accounts.name WHERE (:name_exact = '' OR accounts.name = :name_exact) AND "
        "instr(lower(accounts.name), :name_part) > 0 AND (:email_exact = '' OR "
        "coalesce(profiles.email, '') = :email_exact) AND "
        "instr(lower(coalesce(profiles.email, '')), :email_part) > 0 ORDER BY "
        "accounts.created_at, accounts.name"
    ),
    postgres=(
        "SELECT accounts.name FROM accounts LEFT OUTER JOIN profiles ON profiles.name = "
        "accounts.name WHERE (:name_exact = '' OR accounts.name = :name_exact) AND "
        "strpos(lower(accounts.name), :name_part) > 0 AND (:email_exact = '' OR "
        "coalesce(profiles.email, '') = :email_exact) AND "
        "strpos(lower(coalesce(profiles.email, '')), :email_part) > 0 ORDER BY "
        "accounts.created_at, accounts.name"
    ),
)

LISTING_PEOPLE_USERS_ROWS = Statement(
    sqlite=(
        "SELECT accounts.name, accounts.role, accounts.created_at, profiles.source, "
        "profiles.email, profiles.display_name, profiles.enabled FROM accounts LEFT OUTER "
        "JOIN profiles ON profiles.name = accounts.name WHERE accounts.name IN (SELECT "
        "value FROM json_each(:keys))"
    ),
    postgres=(
        "SELECT accounts.name, accounts.role, accounts.created_at, profiles.source, "
        "profiles.email, profiles.display_name, profiles.enabled FROM accounts LEFT OUTER "
        "JOIN profiles ON profiles.name = accounts.name WHERE accounts.name = ANY (:keys)"
    ),
)

LISTING_PEOPLE_GROUPS_BY_NAME = Statement(
    sqlite=(
        "SELECT user_groups.name FROM user_groups WHERE (:name_exact = '' OR "
        "user_groups.name = :name_exact) AND instr(lower(user_groups.name), :name_part) > "
        "0 ORDER BY user_groups.name"
    ),
    postgres=(
        "SELECT user_groups.name FROM user_groups WHERE (:name_exact = '' OR "
        "user_groups.name = :name_exact) AND strpos(lower(user_groups.name), :name_part) "
        "> 0 ORDER BY user_groups.name"
    ),
)

LISTING_PEOPLE_GROUPS_BY_CREATED = Statement(
    sqlite=(
        "SELECT user_groups.name FROM user_groups WHERE (:name_exact = '' OR "
        "user_groups.name = :name_exact) AND instr(lower(user_groups.name), :name_part) > "
        "0 ORDER BY user_groups.created_at, user_groups.name"
    ),
    postgres=(
        "SELECT user_groups.name FROM user_groups WHERE (:name_exact = '' OR "
        "user_groups.name = :name_exact) AND strpos(lower(user_groups.name), :name_part) "
        "> 0 ORDER BY user_groups.created_at, user_groups.name"
    ),
)

LISTING_PEOPLE_GROUPS_ROWS = Statement(
    sqlite=(
        "SELECT user_groups.name, user_groups.description, user_groups.created_at FROM "
        "user_groups WHERE user_groups.name IN (SELECT value FROM json_each(:keys))"
    ),
    postgres=(
        "SELECT user_groups.name, user_groups.description, user_groups.created_at FROM "
        "user_groups WHERE user_groups.name = ANY (:keys)"
    ),
)

LISTING_PEOPLE_ROBOTS_BY_NAME = Statement(
    sqlite=(
        "SELECT robots.id FROM robots WHERE (robots.project = :project OR :project IS "
        "NULL) AND (:name_exact = '' OR robots.name = :name_exact) AND "
        "instr(lower(robots.name), :name_part) > 0 ORDER BY robots.name"
    ),
    postgres=(
        "SELECT robots.id FROM robots WHERE (robots.project = :project OR :project IS "
        "NULL) AND (:name_exact = '' OR robots.name = :name_exact) AND "
        "strpos(lower(robots.name), :name_part) > 0 ORDER BY robots.name"
    ),
)

LISTING_PEOPLE_ROBOTS_BY_CREATED = Statement(
    sqlite=(
        "SELECT robots.id FROM robots WHERE (robots.project = :project OR :project IS "
        "NULL) AND (:name_exact = '' OR robots.name = :name_exact) AND "
        "instr(lower(robots.name), :name_part) > 0 ORDER BY robots.created_at, robots.id"
    ),
    postgres=(
        "SELECT robots.id FROM robots WHERE (robots.project = :project OR :project IS "
        "NULL) AND (:name_exact = '' OR robots.name = :name_exact) AND "
        "strpos(lower(robots.name), :name_part) > 0 ORDER BY robots.created_at, robots.id"
    ),
)

LISTING_PEOPLE_ROBOTS_ROWS = Statement(
    sqlite=(
        "SELECT robots.id, robots.name, robots.project, robots.description, "
        "robots.networks, robots.enabled, robots.expires_at, robots.created_at, "
        "robots.created_by, robots.changed_at FROM robots WHERE robots.id IN (SELECT "
        "value FROM json_each(:keys))"
    ),
    postgres=(
        "SELECT robots.id, robots.name, robots.project, robots.description, "
        "robots.networks, robots.enabled, robots.expires_at, robots.created_at, "
        "robots.created_by, robots.changed_at FROM robots WHERE robots.id = ANY (:keys)"
    ),
)

LISTING_PEOPLE_GRANTS_BY_ID = Statement(
    sqlite=(
        "SELECT grants.id FROM grants WHERE grants.project = :project AND (:kind = '' OR "
        "grants.subject_kind = :kind) AND (:name_exact = '' OR grants.subject = "
        ":name_exact) AND instr(lower(grants.subject), :name_part) > 0 AND (:whole = 0 OR "
        "grants.subject_kind IN ('user', 'group') AND grants.scope = :project) ORDER BY "
        "grants.id"
    ),
    postgres=(
        "SELECT grants.id FROM grants WHERE grants.project = :project AND (:kind = '' OR "
        "grants.subject_kind = :kind) AND (:name_exact = '' OR grants.subject = "
        ":name_exact) AND strpos(lower(grants.subject), :name_part) > 0 AND (:whole = 0 "
        "OR grants.subject_kind IN ('user', 'group') AND grants.scope = :project) ORDER "
        "BY grants.id"
    ),
)

LISTING_PEOPLE_GRANTS_BY_NAME = Statement(
    sqlite=(
        "SELECT grants.id FROM grants WHERE grants.project = :project AND (:kind = '' OR "
        "grants.subject_kind = :kind) AND (:name_exact = '' OR grants.subject = "
        ":name_exact) AND instr(lower(grants.subject), :name_part) > 0 AND (:whole = 0 OR "
        "grants.subject_kind IN ('user', 'group') AND grants.scope = :project) ORDER BY "
        "grants.subject, grants.id"
    ),
    postgres=(
        "SELECT grants.id FROM grants WHERE grants.project = :project AND (:kind = '' OR "
        "grants.subject_kind = :kind) AND (:name_exact = '' OR grants.subject = "
        ":name_exact) AND strpos(lower(grants.subject), :name_part) > 0 AND (:whole = 0 "
        "OR grants.subject_kind IN ('user', 'group') AND grants.scope = :project) ORDER "
        "BY grants.subject, grants.id"
    ),
)

LISTING_PEOPLE_GRANTS_ROWS = Statement(
    sqlite=(
        "SELECT grants.id, grants.subject_kind, grants.subject, grants.scope, "
        "grants.role, grants.permissions, grants.created_at, grants.created_by FROM "
        "grants WHERE grants.id IN (SELECT value FROM json_each(:keys))"
    ),
    postgres=(
        "SELECT grants.id, grants.subject_kind, grants.subject, grants.scope, "
        "grants.role, grants.permissions, grants.created_at, grants.created_by FROM "
        "grants WHERE grants.id = ANY (:keys)"
    ),
)

LISTING_PEOPLE_GRANTS_OF_ROBOTS = Statement(
    sqlite=(
        "SELECT grants.id, grants.subject_kind, grants.subject, grants.scope, "
        "grants.role, grants.permissions, grants.created_at, grants.created_by FROM "
        "grants WHERE grants.subject_kind = 'robot' AND grants.subject IN (SELECT value "
        "FROM json_each(:keys)) ORDER BY grants.id"
    ),
    postgres=(
        "SELECT grants.id, grants.subject_kind, grants.subject, grants.scope, "
        "grants.role, grants.permissions, grants.created_at, grants.created_by FROM "
        "grants WHERE grants.subject_kind = 'robot' AND grants.subject = ANY (:keys) "
        "ORDER BY grants.id"
    ),
)

LISTING_PEOPLE_GRANTS_SORTS = Statement(
    sqlite=(
        "SELECT grants.role, grants.permissions, count(*) AS count FROM grants WHERE "
        "grants.project = :project AND grants.scope = :project AND grants.subject_kind IN "
        "('user', 'group') GROUP BY grants.role, grants.permissions"
    ),
)

LISTING_PEOPLE_AUDIT_IDS = Statement(
    sqlite=(
        "SELECT audit.id FROM audit WHERE audit.id > :after ORDER BY audit.id LIMIT "
        ":limit OFFSET 0"
    ),
)

LISTING_PEOPLE_AUDIT_IDS_ACTOR = Statement(
    sqlite=(
        "SELECT audit.id FROM audit WHERE audit.actor = :value AND audit.id > :after AND "
        "(:actor = '' OR audit.actor = :actor) AND (:project = '' OR audit.project = "
        ":project) AND (:operation = '' OR audit.operation = :operation) AND (:refused = "
        "0 OR audit.result != 'done') ORDER BY audit.id LIMIT :limit OFFSET 0"
    ),
)

LISTING_PEOPLE_AUDIT_IDS_PROJECT = Statement(
    sqlite=(
        "SELECT audit.id FROM audit WHERE audit.project = :value AND audit.id > :after "
        "AND (:actor = '' OR audit.actor = :actor) AND (:project = '' OR audit.project = "
        ":project) AND (:operation = '' OR audit.operation = :operation) AND (:refused = "
        "0 OR audit.result != 'done') ORDER BY audit.id LIMIT :limit OFFSET 0"
    ),
)

LISTING_PEOPLE_AUDIT_IDS_OPERATION = Statement(
    sqlite=(
        "SELECT audit.id FROM audit WHERE audit.operation = :value AND audit.id > :after "
        "AND (:actor = '' OR audit.actor = :actor) AND (:project = '' OR audit.project = "
        ":project) AND (:operation = '' OR audit.operation = :operation) AND (:refused = "
        "0 OR audit.result != 'done') ORDER BY audit.id LIMIT :limit OFFSET 0"
    ),
)

LISTING_PEOPLE_AUDIT_IDS_REFUSED = Statement(
    sqlite=(
        "SELECT audit.id FROM audit WHERE audit.result != 'done' AND audit.id > :after "
        "AND (:actor = '' OR audit.actor = :actor) AND (:project = '' OR audit.project = "
        ":project) AND (:operation = '' OR audit.operation = :operation) AND (:refused = "
        "0 OR audit.result != 'done') ORDER BY audit.id LIMIT :limit OFFSET 0"
    ),
)

LISTING_PEOPLE_AUDIT_FIRST = Statement(
    sqlite="SELECT audit.id FROM audit WHERE audit.id > 0 ORDER BY audit.id LIMIT 1 OFFSET 0",
)

LISTING_PEOPLE_AUDIT_AT_FROM = Statement(
    sqlite=(
        "SELECT audit.at FROM audit WHERE audit.at >= :at ORDER BY audit.at LIMIT 1 "
        "OFFSET 0"
    ),
)

LISTING_PEOPLE_AUDIT_LOWEST = Statement(
    sqlite=(
        "SELECT min(audit.id) AS min_1 FROM audit WHERE audit.at >= :at AND audit.at <= "
        ":upto"
    ),
)

LISTING_PEOPLE_AUDIT_LATE = Statement(
    sqlite=(
        "SELECT audit.id FROM audit WHERE audit.at >= :from AND audit.at < :at AND "
        "audit.id > :after ORDER BY audit.at LIMIT :limit OFFSET 0"
    ),
)

LISTING_PEOPLE_AUDIT_ROWS = Statement(
    sqlite=(
        "SELECT audit.id, audit.at, audit.actor, audit.address, audit.client, "
        "audit.operation, audit.project, audit.resource, audit.result, audit.detail FROM "
        "audit WHERE audit.id IN (SELECT value FROM json_each(:keys))"
    ),
    postgres=(
        "SELECT audit.id, audit.at, audit.actor, audit.address, audit.client, "
        "audit.operation, audit.project, audit.resource, audit.result, audit.detail FROM "
        "audit WHERE audit.id = ANY (:keys)"
    ),
)

LISTING_RELATED_RAWS = Statement(
    sqlite=(
        "SELECT manifest_bytes.digest, manifest_bytes.raw FROM manifest_bytes WHERE "
        "manifest_bytes.digest IN (SELECT value FROM json_each(:keys))"
    ),
    postgres=(
        "SELECT manifest_bytes.digest, manifest_bytes.raw FROM manifest_bytes WHERE "
        "manifest_bytes.digest = ANY (:keys)"
    ),
)

LISTING_RELATED_BLOBS = Statement(
    sqlite=(
        "SELECT blobs.digest, blobs.generation, blobs.state, blobs.size, blobs.keep_until "
        "FROM blobs WHERE blobs.digest IN (SELECT value FROM json_each(:keys))"
    ),
    postgres=(
        "SELECT blobs.digest, blobs.generation, blobs.state, blobs.size, blobs.keep_until "
        "FROM blobs WHERE blobs.digest = ANY (:keys)"
    ),
)

LISTING_RELATED_IDS = Statement(
    sqlite=(
        "SELECT manifests.digest, manifests.id FROM manifests WHERE "
        "manifests.repository_id = :repository_id AND manifests.digest IN (SELECT value "
        "FROM json_each(:keys))"
    ),
    postgres=(
        "SELECT manifests.digest, manifests.id FROM manifests WHERE "
        "manifests.repository_id = :repository_id AND manifests.digest = ANY (:keys)"
    ),
)

LISTING_RELATED_REFERRERS = Statement(
    sqlite=(
        "SELECT manifests.subject, manifests.id FROM manifests WHERE "
        "manifests.repository_id = :repository_id AND manifests.subject IN (SELECT value "
        "FROM json_each(:keys)) ORDER BY manifests.subject, manifests.id LIMIT :limit "
        "OFFSET 0"
    ),
    postgres=(
        "SELECT manifests.subject, manifests.id FROM manifests WHERE "
        "manifests.repository_id = :repository_id AND manifests.subject = ANY (:keys) "
        "ORDER BY manifests.subject, manifests.id LIMIT :limit"
    ),
)

LISTING_RELATED_REFERRERS_OF_ONE = Statement(
    sqlite=(
        "SELECT manifests.subject, manifests.id FROM manifests WHERE "
        "manifests.repository_id = :repository_id AND manifests.subject = :subject ORDER "
        "BY manifests.id LIMIT :limit OFFSET 0"
    ),
)

LISTING_RELATED_TAGGED_WITHIN = Statement(
    sqlite=(
        "SELECT tags.manifest_id FROM tags WHERE tags.repository_id = :repository_id AND "
        "tags.name >= :low AND tags.name < :high LIMIT 1 OFFSET 0"
    ),
)

LISTING_RELATED_TAGGED = Statement(
    sqlite=(
        "SELECT tags.name, tags.manifest_id FROM tags WHERE tags.repository_id = "
        ":repository_id AND tags.name IN (SELECT value FROM json_each(:keys))"
    ),
    postgres=(
        "SELECT tags.name, tags.manifest_id FROM tags WHERE tags.repository_id = "
        ":repository_id AND tags.name = ANY (:keys)"
    ),
)
