"""Runs Alembic on one SQLite file: all of an upgrade is done, or nothing of it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

LOCK_PATIENCE_SECONDS = 30.0
"""How long an upgrade waits for another process that upgrades."""


def configuration(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, for the connection if one is needed."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def connected(path: Path) -> Iterator[Connection]:
    """Yield a connection in one transaction, committed at the end unless something was raised."""
    raw = sqlite3.connect(path, timeout=LOCK_PATIENCE_SECONDS, isolation_level=None)
    engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)
    try:
        with engine.connect() as connection:
            # Tables are made anew under their old names: rows must not vanish by cascade.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise RuntimeError(f"the migration would break {len(broken)} foreign keys")
            connection.commit()
    finally:
        engine.dispose()
        raw.close()


def upgrade(path: Path) -> None:
    """Bring the catalog at `path` to the newest revision."""
    with connected(path) as connection:
        command.upgrade(configuration(connection), "head")
