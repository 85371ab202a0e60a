"""Whether two data directories hold the same, row by row."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

Rows = Counter[tuple[Any, ...]]

_JOBS = frozenset({"jobs", "job_lines"})
"""Say when, by whom and in how many attempts, which two runs need not share."""


def tables(data: Path, *, jobs: bool = True) -> dict[str, Rows]:
    """Return all rows of a catalog; of jobs, with `jobs`, how they ended and what they count."""
    with closing(sqlite3.connect(f"file:{data / 'catalog.db'}?mode=ro", uri=True)) as database:
        names = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_stat%'"
        )
        found = {
            name: Counter(database.execute(f"SELECT * FROM {name}"))  # noqa: S608 - from above
            for (name,) in names.fetchall()
            if name not in _JOBS
        }
        for row in [*found["sqlite_sequence"]]:
            # Each opening after a crash skips generations that the one before may have given.
            if row[0] in _JOBS | {"blobs"}:
                del found["sqlite_sequence"][row]
        if jobs:
            ended = database.execute("SELECT id, kind, state, error, progress FROM jobs")
            found["jobs"] = Counter(ended)
            failures = database.execute("SELECT text FROM job_lines WHERE text LIKE 'attempt %'")
            found["job_lines"] = Counter(failures)
    return found


def difference(one: dict[str, Rows], other: dict[str, Rows]) -> dict[str, tuple[Rows, Rows]]:
    """Return, of tables that differ, what only the one has, and what only the other has."""
    pairs = {name: (one[name], other[name]) for name in one}
    return {name: (a - b, b - a) for name, (a, b) in pairs.items() if a != b}


def files(data: Path) -> set[str]:
    """Return the names of all blobs' files."""
    return {path.name for path in (data / "blobs").rglob("*") if path.is_file()}
