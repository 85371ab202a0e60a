"""The directory of a cache: whole blobs by name, and what is not whole yet.

    directory/
      slot-0/                   one process's; the next one with the same directory takes slot-1
        lock                    held as long as that process lives
        proved                  names of blobs in the long queue, a hint for the next start
        files/                  blobs/sha256/ab/<hex>.<generation>, as in a store of files
          uploads/              what is not whole yet; emptied at each start

Nothing here is synced: what a crash leaves under a blob's name is compared with its digest before
anybody gets it, and all of it can be fetched again.
"""

import errno
import fcntl
import itertools
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from entrepot.adapters.blobs.fs.layout import Layout, is_shard, parse_blob
from entrepot.adapters.blobs.fs.system import System
from entrepot.ports.blobs import Blob

BLOCK_BYTES = 4096
"""What a file takes is counted in whole blocks, as disks have it."""
READ_BYTES = 1024 * 1024
TOO_MANY = frozenset({errno.EMFILE, errno.ENFILE})
"""Errors that say nothing of a file."""
HINT_MAX_BYTES = 64 * 1024 * 1024
"""Longest hint that is read; each name takes about 90 bytes."""


def room_of(size: int) -> int:
    """Return what a file of so many bytes takes on a disk."""
    return max(BLOCK_BYTES, -(-size // BLOCK_BYTES) * BLOCK_BYTES)


def name_of(blob: Blob) -> str:
    """Return what a hint calls a blob."""
    return f"{blob.digest}.{blob.generation}"


class Shelf:
    """Blocking calls on one slot; raises OSError as they do."""

    def __init__(self, directory: Path, slots: int) -> None:
        """Take a free slot; BlockingIOError if other processes have all of them."""
        self._system = System()
        self._directory, self._slots = directory, slots
        self._root, self._lock = _claim(directory, slots)
        self._layout = Layout.under(self._root / "files")
        self._numbers = itertools.count(1)
        for path in (self._layout.root, self._layout.blobs, self._layout.uploads):
            os.makedirs(path, mode=0o700, exist_ok=True)
        for name in os.listdir(self._layout.uploads):
            self._system.remove(f"{self._layout.uploads}/{name}")

    @property
    def system(self) -> System:
        return self._system

    def path(self, blob: Blob) -> str:
        return self._layout.blob(blob)

    def create(self) -> tuple[int, str]:
        """Open a new file that is not whole yet; return it and its path."""
        path = f"{self._layout.uploads}/{next(self._numbers)}"
        return self._system.create(path), path

    def place(self, path: str, blob: Blob) -> None:
        """Give a whole file its blob's name."""
        target = self._layout.blob(blob)
        try:
            os.rename(path, target)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
            os.rename(path, target)

    def remove(self, *paths: str) -> None:
        """Remove files, as far as they are there and can be removed."""
        for path in paths:
            with suppress(OSError):
                self._system.remove(path)

    def open(self, blob: Blob) -> int:
        return self._system.open_to_read(self._layout.blob(blob))

    def scan(self) -> Iterator[tuple[Blob, int, float]]:
        """Yield each blob with its size in bytes and the time of its file."""
        for algorithm in self._layout.algorithms():
            for shard in _names(algorithm):
                directory = f"{algorithm}/{shard}"
                if not is_shard(shard):
                    continue
                for name in _names(directory):
                    blob = parse_blob(directory, name)
                    if blob is not None:
                        with suppress(OSError):
                            status = os.lstat(f"{directory}/{name}")
                            yield blob, status.st_size, status.st_mtime

    def write_hint(self, blobs: list[Blob]) -> None:
        """Leave word which blobs have proved themselves."""
        path = self._root / "proved"
        part = path.with_suffix(".part")
        part.write_text(json.dumps([name_of(blob) for blob in blobs]))
        part.replace(path)

    def hint(self) -> list[str]:
        """Return that word of an earlier process, `digest.generation` each; it may be anything."""
        path = self._root / "proved"
        with suppress(OSError, ValueError):
            if path.stat().st_size <= HINT_MAX_BYTES:
                found = json.loads(path.read_text())
                if isinstance(found, list):
                    return [name for name in found if isinstance(name, str)]
        return []

    def clear_others(self) -> None:
        """Remove what is left of slots that there are no more, unless somebody has them still."""
        for slot in self._directory.glob("slot-*"):
            number = slot.name.removeprefix("slot-")
            if not number.isdecimal() or int(number) < self._slots:
                continue
            with suppress(OSError):
                lock = _lock(slot)
                try:
                    shutil.rmtree(slot / "files", ignore_errors=True)
                finally:
                    os.close(lock)

    def close(self) -> None:
        os.close(self._lock)


def _claim(directory: Path, slots: int) -> tuple[Path, int]:
    for number in range(slots):
        slot = directory / f"slot-{number}"
        slot.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(BlockingIOError):
            return slot, _lock(slot)
    raise BlockingIOError(
        errno.EWOULDBLOCK,
        "other processes use the cache: give each replica its own",
        str(directory),
    )


def _lock(slot: Path) -> int:
    """Return what holds a slot until it is closed; BlockingIOError if another process has it."""
    lock = os.open(slot / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        if error.errno == errno.EACCES:  # as POSIX allows it to be said
            raise BlockingIOError(errno.EWOULDBLOCK, "the slot is taken") from error
        raise
    return lock


def _names(directory: str) -> list[str]:
    """Return what is in a directory; what cannot be listed is not there."""
    try:
        return os.listdir(directory)
    except OSError:
        return []
