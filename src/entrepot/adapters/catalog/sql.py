"""The text of every statement.

Made by `python -m entrepot.adapters.catalog.compile`: change the source, not this file.
"""

from .connection import Statement

# fmt: off

REPOSITORIES_FIND = Statement(
    sqlite=(
        "SELECT repositories.id, repositories.name FROM repositories WHERE "
        "repositories.name = :name"
    ),
)

REPOSITORIES_ADD = Statement(
    sqlite=(
        "INSERT INTO repositories (name, wire_name, created_at) VALUES (:name, "
        ":wire_name, :created_at) ON CONFLICT (name) DO NOTHING"
    ),
)

REPOSITORIES_PAGE = Statement(
    sqlite=(
        "SELECT repositories.name FROM repositories WHERE repositories.wire_name > :after "
        "AND (EXISTS (SELECT * FROM manifests WHERE manifests.repository_id = "
        "repositories.id)) ORDER BY repositories.wire_name LIMIT :limit OFFSET 0"
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

MANIFESTS_REFERRERS = Statement(
    sqlite=(
        "SELECT manifests.id, manifests.repository_id, manifests.digest, "
        "manifests.media_type, manifests.artifact_type, manifests.size, "
        "manifests.subject, manifests.annotations, manifests.pushed_at FROM manifests "
        "WHERE manifests.repository_id = :repository_id AND manifests.subject = :subject "
        "AND manifests.id > :after ORDER BY manifests.id LIMIT :limit OFFSET 0"
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
        ":size, :keep_until) RETURNING generation"
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
    sqlite="SELECT edges.kind FROM edges WHERE edges.target = :target LIMIT 1 OFFSET 0",
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

COLLECTION_CONDEMN = Statement(
    sqlite=(
        "UPDATE blobs SET state='condemned' WHERE blobs.generation IN (SELECT "
        "due.generation FROM blobs AS due WHERE due.state IN ('arriving', 'live') AND "
        "due.keep_until < :now AND NOT (EXISTS (SELECT * FROM edges WHERE edges.target = "
        "due.digest)) LIMIT :limit OFFSET 0) RETURNING digest, generation, state, size, "
        "keep_until"
    ),
)

COLLECTION_UNLINK = Statement(
    sqlite="DELETE FROM repository_blobs WHERE repository_blobs.digest = :digest",
)

COLLECTION_CONDEMNED = Statement(
    sqlite=(
        "SELECT blobs.digest, blobs.generation, blobs.state, blobs.size, blobs.keep_until "
        "FROM blobs WHERE blobs.state = 'condemned' ORDER BY blobs.generation LIMIT "
        ":limit OFFSET 0"
    ),
)

COLLECTION_FORGET = Statement(
    sqlite=(
        "DELETE FROM blobs WHERE blobs.digest = :digest AND blobs.generation = "
        ":generation AND blobs.state = 'condemned'"
    ),
)

INSPECTION_DEAD_TARGETS = Statement(
    sqlite=(
        "SELECT manifests.digest, edges.target, edges.kind FROM manifests JOIN edges ON "
        "edges.manifest_id = manifests.id WHERE edges.kind != 'sparse' AND NOT (EXISTS "
        "(SELECT * FROM blobs WHERE blobs.digest = edges.target AND blobs.state = "
        "'live')) OR edges.repository_id != manifests.repository_id LIMIT :limit OFFSET 0"
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
