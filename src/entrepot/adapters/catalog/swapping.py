"""Putting a new catalog in the place of an old one, which is kept."""

import os
import shutil
from pathlib import Path

KEPT_MAX = 10_000
"""Most old catalogs kept side by side."""
_BESIDE = ("-wal", "-shm", "-journal")


def begin_anew(path: Path) -> Path:
    """Return where the new catalog for `path` is made; what an earlier attempt left there goes."""
    fresh = path.with_name(f"{path.name}.rebuilding")
    discard(fresh)
    return fresh


def discard(path: Path) -> None:
    """Remove a catalog with all that SQLite keeps beside it."""
    for suffix in ("", *_BESIDE):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def swap(fresh: Path, path: Path) -> Path | None:
    """Let `fresh` be the catalog at `path`; return where the old one is kept, None without one.

    Both are closed. A crash at any point leaves either at `path`, whole, and `swap` can be repeated
    with another `fresh`. Raises OSError.
    """
    _sync(fresh)
    kept = _keep(path) if path.exists() else None
    # A log of the old catalog beside the new one would be written into it. It is kept, too: there
    # is one only if the old one could not be opened.
    for suffix in _BESIDE:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    _sync(path.parent)
    fresh.replace(path)
    _sync(path.parent)
    return kept


def _keep(path: Path) -> Path:
    for number in range(1, KEPT_MAX):
        kept = path.with_name(f"{path.name}.before-rebuild-{number}")
        if not kept.exists():
            break
    else:
        raise FileExistsError(f"{path.parent} holds too many old catalogs: remove some")
    log = path.with_name(f"{path.name}-wal")
    if log.exists():
        _second_name(log, kept.with_name(f"{kept.name}-wal"))
    _second_name(path, kept)
    return kept


def _second_name(path: Path, name: Path) -> None:
    name.unlink(missing_ok=True)
    try:
        name.hardlink_to(path)
    except OSError:  # a file system without links
        shutil.copy2(path, name)
        _sync(name)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
