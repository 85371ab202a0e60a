"""What of SQLite's write-ahead log was synced, and a copy that has no more.

Transactions that are not durable leave frames in the log that only the next COMMIT that syncs makes
durable; a power cut may take them. The formats are those of https://sqlite.org/walformat.html.
"""

import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

_INDEX = struct.Struct("=14xHI12x8s")
"""Of the index's header: the size of a page, the last frame, the log's salts."""

_LOG_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24
_SALTS = slice(16, 24)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the log was at some moment."""

    salts: bytes
    """As they are in the index; another pair says that the log was begun anew."""
    size_bytes: int


def mark(database: Path) -> Mark:
    """Return how far the log of a database in use is."""
    with Path(f"{database}-shm").open("rb") as index:
        page, frames, salts = _INDEX.unpack(index.read(_INDEX.size))
    frame = _FRAME_HEADER_BYTES + (page or 1 << 16)
    return Mark(salts, _LOG_HEADER_BYTES + frames * frame)


def copy_as_synced(database: Path, target: Path, synced: Mark) -> None:
    """Copy a database in use, with its log up to the mark that was synced last."""
    shutil.copyfile(database, target)
    log = Path(f"{database}-wal").read_bytes()
    # A log is begun anew only after all of it was synced and moved into the database.
    kept = log[: synced.size_bytes] if _log_salts(log) == synced.salts else b""
    Path(f"{target}-wal").write_bytes(kept)


def _log_salts(log: bytes) -> bytes:
    return log[_SALTS]
