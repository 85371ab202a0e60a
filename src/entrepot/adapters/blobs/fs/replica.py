"""Blobs in a second directory: by hard link where that can be, by copy elsewhere."""

import asyncio
import errno
import hashlib
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from entrepot.ports.blobs import Blob

from .disk import Disk, ignore_step
from .layout import Layout
from .scanning import scan_blobs
from .store import prepare_tree
from .system import System

_NO_LINK = frozenset(
    {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
)


class FsReplica:
    """Keeps `ports.backup.Replica`. No file is ever written to under its final name."""

    def __init__(self, source: Path, target: Path, *, links: bool = True) -> None:
        self._source = Layout.under(source)
        self._target = Layout.under(target)
        self._links = links
        self._system = System()
        self._disk = Disk(self._system, asyncio.to_thread, ignore_step)
        self._shards: set[str] = set()  # 256 for each algorithm at most
        self._is_made = False

    async def take(self, blob: Blob, size: int) -> int:
        if not self._is_made:
            await asyncio.to_thread(prepare_tree, self._target, self._system)
            self._is_made = True
        return await asyncio.to_thread(self._take, blob, size)

    async def is_right(self, blob: Blob) -> bool:
        return await asyncio.to_thread(self._is_right, blob)

    def scan(self) -> AsyncIterator[Blob]:
        return scan_blobs(self._target, self._disk)

    async def drop(self, blob: Blob) -> None:
        await asyncio.to_thread(self._system.remove, self._target.blob(blob))

    async def finish(self) -> None:
        for path in [*sorted(self._shards), *self._target.algorithms()]:
            await asyncio.to_thread(self._system.sync_directory, path)

    def _take(self, blob: Blob, size: int) -> int:
        source, target = self._source.blob(blob), self._target.blob(blob)
        shard = os.path.dirname(target)
        self._shards.add(shard)
        with suppress(FileNotFoundError):
            if os.stat(target).st_size == size:
                return 0
            os.unlink(target)
        if not os.path.exists(source):
            raise FileNotFoundError(errno.ENOENT, "the blob is not there", source)
        self._system.make_directory(shard)
        if self._links:
            try:
                os.link(source, target)
            except OSError as error:
                if error.errno not in _NO_LINK:
                    raise
                self._links = False
            else:
                return size
        self._copy(source, target)
        return size

    def _copy(self, source: str, target: str) -> None:
        part = f"{target}.part"
        with suppress(FileNotFoundError):
            os.unlink(part)
        try:
            shutil.copyfile(source, part)
            os.chmod(part, 0o600)
            file = self._system.open(part)
            try:
                self._system.sync(file)
            finally:
                os.close(file)
            os.rename(part, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(part)
            raise

    def _is_right(self, blob: Blob) -> bool:
        algorithm, _, encoded = blob.digest.partition(":")
        try:
            with open(self._target.blob(blob), "rb") as file:
                return hashlib.file_digest(file, algorithm).hexdigest() == encoded
        except OSError:
            # What cannot be read is not right.
            return False
