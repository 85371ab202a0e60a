"""Uploads under way: the verbs of the port over a growing file."""

import asyncio
import os
from functools import partial

from entrepot.adapters.blobs._table import Table
from entrepot.oci.digest import DEFAULT_ALGORITHM, Digest, Hasher, finished, new_hasher
from entrepot.ports.blobs import Blob, Body

from .disk import Disk, Step
from .growing import GrowingFile
from .layout import Layout

REHASH_TURN_BYTES = 64 * 1024 * 1024
"""How much is hashed before the thread is given back and a cancellation is seen."""


class FsUpload:
    """The one object of its id in this process; verbs of one upload wait for one another."""

    __slots__ = ("__weakref__", "_disk", "_file", "_layout", "_lock", "_table", "id")

    def __init__(
        self, upload_id: str, layout: Layout, disk: Disk, table: "Table[FsUpload]"
    ) -> None:
        self.id = upload_id
        self._layout = layout
        self._disk = disk
        self._table = table
        self._file = GrowingFile(layout.upload(upload_id), disk)
        self._lock = asyncio.Lock()

    def found(self, size_bytes: int) -> None:
        """Take over a file that was there before; its bytes and its name must be durable."""
        self._file.found(size_bytes)

    @property
    def offset(self) -> int:
        return self._file.offset

    async def append(self, body: Body, *, durable: bool = True) -> int:
        async with self._lock:
            await self._ensure_hasher()
            write = self._file.open()
            try:
                await body.drain(write)
            except BaseException:
                # What arrived is kept, and kept for good.
                await self._disk.run(self._file.finish)
                raise
            if durable:
                await self._disk.run(self._file.finish)
            else:
                self._file.pause()
            return self._file.offset

    async def digest(self, algorithm: str) -> Digest:
        async with self._lock:
            if algorithm == DEFAULT_ALGORITHM:
                return finished(await self._ensure_hasher(), algorithm)
            return finished(await self._rehash(algorithm), algorithm)

    async def commit(self, blob: Blob) -> None:
        async with self._lock:
            target = self._layout.blob(blob)
            shard = os.path.dirname(target)
            await self._disk.run(partial(self._file.place, target))
            await self._disk.sync_name(Step.COMMIT_SYNC_PARENT, shard)
            self._table.forget(self.id)

    async def abort(self) -> None:
        # Without the lock: an append under way is to be stopped, not waited for.
        if self._file.is_held and not self._lock.locked():
            self._file.forget()
        else:
            await self._disk.run(self._file.forget)
        self._table.forget(self.id)

    async def close(self) -> None:
        """Do nothing: no file is open between verbs, and the table bounds what is remembered.

        So the running hash outlives a request, and a `resume` by the next one costs no reading.
        """

    async def _ensure_hasher(self) -> Hasher:
        if self._file.hasher is None:
            self._file.hasher = await self._rehash(DEFAULT_ALGORITHM)
        return self._file.hasher

    async def _rehash(self, algorithm: str) -> Hasher:
        hasher = new_hasher(algorithm)
        size = self._file.offset
        for start in range(0, size, REHASH_TURN_BYTES):
            end = min(start + REHASH_TURN_BYTES, size)
            await self._disk.run(partial(self._file.feed, hasher, start, end))
        return hasher
