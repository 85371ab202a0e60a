"""Makes a catalog's schema, or brings it up to date, before it is opened."""

import sqlite3
from pathlib import Path

from . import ddl

REVISIONS = ("0001", "0002", "0003", "0004", "0005")
"""All revisions of the schema, in order; the migrations have the same."""

HEAD = REVISIONS[-1]

SQLITE_VERSION_MIN = (3, 37, 0)
"""The first with STRICT tables."""

# As Alembic makes it.
VERSION_TABLE = (
    "CREATE TABLE alembic_version ( version_num VARCHAR(32) NOT NULL, "
    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num) )"
)


class CatalogUnusable(Exception):
    """The database cannot serve as catalog; the message says why and what to do."""


def prepare(raw: sqlite3.Connection, path: Path | None) -> None:
    """Give an empty database the schema, and migrate an older one at `path`.

    Nothing is changed when the schema is there, and then Alembic is not even imported. Raises
    `CatalogUnusable` for a schema that this version does not know.
    """
    if sqlite3.sqlite_version_info < SQLITE_VERSION_MIN:
        raise CatalogUnusable(
            f"Python was built with SQLite {sqlite3.sqlite_version}; Entrepot needs "
            f"{'.'.join(map(str, SQLITE_VERSION_MIN))} or newer: use another build of Python"
        )
    revision = revision_of(raw)
    if revision is None:
        _create(raw)
        revision = revision_of(raw)
    if revision == HEAD:
        return
    if revision not in ("", *REVISIONS) or path is None:
        raise CatalogUnusable(
            f"the catalog has schema {revision}, which this version of Entrepot does not know "
            f"(its own is {HEAD}): run the version that last used it, or a newer one"
        )
    # Not at the top: Alembic and SQLAlchemy cost 45 MiB and a second, and are hardly ever needed.
    from .migrations.run import upgrade

    upgrade(path)


def revision_of(raw: sqlite3.Connection) -> str | None:
    """Return the stored revision, "" if there is none yet, None for an empty database."""
    tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    if "alembic_version" in tables:
        row = raw.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else ""
    if tables:
        raise CatalogUnusable(
            "the database holds tables of something else than Entrepot: name another file"
        )
    return None


def _create(raw: sqlite3.Connection) -> None:
    raw.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been faster.
        if revision_of(raw) is None:
            for text in ddl.SQLITE:
                raw.execute(text)
            raw.execute(VERSION_TABLE)
            raw.execute("INSERT INTO alembic_version VALUES (?)", (HEAD,))
        raw.execute("COMMIT")
    except BaseException:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        raise
