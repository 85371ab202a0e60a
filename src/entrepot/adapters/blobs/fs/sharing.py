"""Several processes over one directory: uploads are held, and looked at anew."""

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from weakref import WeakKeyDictionary

from entrepot.adapters.blobs._shared import is_upload_id

from .retired import Retired
from .store import FsStore
from .upload import FsUpload

_HASHED_CHARACTERS = 15
"""The end of an id as a byte of the lock file, below 2**60; it holds nothing but chance."""

_Stamp = tuple[int, int, int, int]


class UploadLocks:
    """Which uploads this process holds, known to the others by locks on bytes of one file.

    Such a lock is the process's, and the kernel drops it when the process ends, however it does.
    It would also drop all of them if any other descriptor of the file were closed here: there must
    be one object for a file in a process.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, made if need be; raises OSError."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._held: set[int] = set()

    def take(self, upload_id: str) -> int:
        """Return what to `drop` with. Raises BlockingIOError while somebody holds it."""
        place = int(upload_id[-_HASHED_CHARACTERS:], 16)
        if place in self._held:
            raise BlockingIOError("another request of this process holds the upload")
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except (BlockingIOError, PermissionError) as error:  # POSIX allows EACCES too
            raise BlockingIOError("another process holds the upload") from error
        self._held.add(place)
        return place

    def drop(self, place: int) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)
        self._held.discard(place)

    def close(self) -> None:
        os.close(self._file)


class UploadTurns:
    """What `held.HeldStore` is given for a directory, over a store of this process.

    That one remembers of each upload how far it is and its running hash. When an upload is let go
    of, the state of its file is noted; if that has changed when it is taken again, another process
    was there, and all that is remembered is forgotten: the file is read again.
    """

    def __init__(self, store: FsStore, locks: UploadLocks, retired: Retired) -> None:
        self._store = store
        self._locks = locks
        self._retired = retired
        self._stamps: WeakKeyDictionary[FsUpload, _Stamp] = WeakKeyDictionary()

    @asynccontextmanager
    async def hold(self, upload_id: str) -> AsyncIterator[None]:
        if not is_upload_id(upload_id):
            yield  # there is no such upload
            return
        place = self._locks.take(upload_id)
        try:
            self._check(upload_id)
            yield
        finally:
            try:
                self._note(upload_id)
            finally:
                self._locks.drop(place)

    def retire(self, upload_id: str) -> None:
        self._retired.add(upload_id)

    def is_retired(self, upload_id: str) -> bool:
        return upload_id in self._retired

    def close(self) -> None:
        """Let go of the files; the store is to be closed before."""
        self._locks.close()
        self._retired.close()

    def _note(self, upload_id: str) -> None:
        upload = self._store.remembered(upload_id)
        if upload is None:
            return
        stamp = self._stamp(upload_id)
        if stamp is None or stamp[2] != upload.offset:
            # Nothing of it is on the disk, or what a failed write left.
            self._store.forget(upload_id)
        else:
            self._stamps[upload] = stamp

    def _check(self, upload_id: str) -> None:
        """Forget what is remembered, unless the file is as it was left here."""
        upload = self._store.remembered(upload_id)
        if upload is None:
            return
        stamp = self._stamp(upload_id)
        if stamp is None or self._stamps.get(upload) != stamp:
            self._store.forget(upload_id)

    def _stamp(self, upload_id: str) -> _Stamp | None:
        """Return what changes with the file's bytes; its size is the third of it."""
        try:
            status = os.lstat(self._store.path_of(upload_id))
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
