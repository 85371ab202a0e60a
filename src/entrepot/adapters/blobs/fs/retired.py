"""Ids of uploads that are over, in a table that several processes look at."""

import hashlib
import mmap
import os
from pathlib import Path

SLOTS = 1 << 17
"""An id stays until another falls on its slot, about a hundred thousand ids later: 1 MiB."""
_SLOT_BYTES = 8


class Retired:
    """A table in a file, mapped into the memory of each process; it may forget, and never errs."""

    def __init__(self, path: Path) -> None:
        """Open the file, made if need be; raises OSError."""
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            size = SLOTS * _SLOT_BYTES
            if os.fstat(file).st_size < size:
                # Written, as a full disk would kill who first touches a page that is not there.
                os.pwrite(file, bytes(size), 0)
            self._table = mmap.mmap(file, size)
        finally:
            os.close(file)

    def add(self, upload_id: str) -> None:
        place, mark = _slot(upload_id)
        self._table[place : place + _SLOT_BYTES] = mark

    def __contains__(self, upload_id: str) -> bool:
        place, mark = _slot(upload_id)
        return self._table[place : place + _SLOT_BYTES] == mark

    def close(self) -> None:
        self._table.close()


def _slot(upload_id: str) -> tuple[int, bytes]:
    digest = hashlib.blake2b(upload_id.encode(), digest_size=2 * _SLOT_BYTES).digest()
    number = int.from_bytes(digest[:_SLOT_BYTES]) % SLOTS
    return number * _SLOT_BYTES, digest[_SLOT_BYTES:]
