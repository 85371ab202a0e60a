"""A copy of a catalog as it is at one moment, while others write to it."""

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from .failing import failure_of
from .swapping import discard


async def snapshot(source: Path, target: Path) -> None:
    """Copy the catalog at `source` to `target`, which is replaced, whole or not at all.

    By SQLite's online backup, in a thread; writers are not kept waiting, and the loop is free.
    Raises `CatalogFailed` or OSError.
    """
    await asyncio.to_thread(_copy, source, target)


def _copy(source: Path, target: Path) -> None:
    fresh = target.with_name(f"{target.name}.new")
    discard(fresh)
    os.close(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    uri = f"{source.absolute().as_uri()}?mode=ro"
    try:
        with (
            closing(sqlite3.connect(uri, uri=True)) as origin,
            closing(sqlite3.connect(fresh)) as copy,
        ):
            # In one step, so that all of it is of one moment and it never begins again.
            origin.backup(copy, pages=-1)
    except sqlite3.Error as error:
        raise failure_of(error) or OSError(str(error)) from error
    file = os.open(fresh, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
    discard(target)
    fresh.replace(target)
