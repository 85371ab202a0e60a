"""Rows on their way into a new catalog, and bytes on their way into its store."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from entrepot.adapters.catalog.prepare import prepare
from entrepot.oci.digest import Digest

from .files import FileWriter

CACHE_KIB = 1024 * 1024
LINES = {
    "blobs": 5,
    "repository_blobs": 3,
    "manifests": 9,
    "manifest_bytes": 2,
    "edges": 4,
    "manifest_ledgers": 2,
    "tags": 4,
    "tag_history": 8,
}
"""Tables that are filled from here, and how many columns each has."""
# Links are met again with each image that begins with a shared layer.
VERBS = {"repository_blobs": "INSERT OR IGNORE"}

_INDEXES = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"

# How many manifests of a ledger hold a digest, and what that comes to.
_CHARGES = """
    INSERT INTO charges
    SELECT ledger_id, target, count(*) FROM manifest_ledgers JOIN edges USING (manifest_id)
    GROUP BY 1, 2 ORDER BY 1, 2
"""
_USED = """
    UPDATE ledgers SET
        manifests = (SELECT count(*) FROM manifest_ledgers WHERE ledger_id = ledgers.id),
        used_bytes = (
            SELECT coalesce(sum(size), 0) FROM charges JOIN blobs USING (digest)
            WHERE ledger_id = ledgers.id
        )
"""
_BY_LEDGER = "CREATE INDEX made_by_ledger ON manifest_ledgers (ledger_id)"


class Rows:
    """A catalog that is filled at once: nothing is safe before `close`.

    Secondary indexes are made at the end, which takes a third of the time.
    """

    def __init__(self, path: Path, files: FileWriter) -> None:
        path.touch(mode=0o600)
        self._raw = sqlite3.connect(path, isolation_level=None)
        prepare(self._raw, path)
        for text in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE"):
            self._raw.execute(f"PRAGMA {text}")
        self._raw.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        self._files = files
        self._waiting: dict[str, list[tuple[Any, ...]]] = {name: [] for name in LINES}
        self._generation = 0
        self._indexes = dict(self._raw.execute(_INDEXES).fetchall())
        for name in self._indexes:
            self._raw.execute(f"DROP INDEX {name}")
        self._raw.execute("BEGIN")

    def put(self, table: str, *row: Any) -> None:
        """Take a row; `flush` writes it."""
        self._waiting[table].append(row)

    def put_all(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows of a small table now."""
        for row in rows:
            marks = ", ".join("?" * len(row))
            self._raw.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608 - ours

    def blob(self, data: bytes, keep_until: float) -> tuple[Digest, int]:
        """Take a live blob whose content is new; return digest and size."""
        encoded = hashlib.sha256(data).hexdigest()
        digest = Digest(f"sha256:{encoded}")
        self._generation += 1
        self.put("blobs", self._generation, digest, "live", len(data), keep_until)
        self._files.put(encoded, self._generation, data)
        return digest, len(data)

    def flush(self) -> None:
        """Write what was taken."""
        for table, rows in self._waiting.items():
            marks = ", ".join("?" * LINES[table])
            verb = VERBS.get(table, "INSERT")
            # Near to one another in the key's tree; tables that number rows are in order already.
            rows.sort(key=lambda row: row[:2])
            self._raw.executemany(f"{verb} INTO {table} VALUES ({marks})", rows)
            rows.clear()

    def fill(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Let `work` write rows that follow from those that are there."""
        self.flush()
        work(self._raw)

    def close(self) -> None:
        """Count charges, make the indexes, and put the database into its usual state."""
        self.flush()
        self._raw.execute(_CHARGES)
        self._raw.execute(_BY_LEDGER)
        self._raw.execute(_USED)
        self._raw.execute("DROP INDEX made_by_ledger")
        for text in self._indexes.values():
            self._raw.execute(text)
        self._raw.execute("COMMIT")
        self._raw.execute("PRAGMA journal_mode=WAL")
        self._raw.close()
