"""Uploads under way: the verbs of the port."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from entrepot.adapters.blobs._shared import settled
from entrepot.oci.digest import DEFAULT_ALGORITHM, Digest, finished
from entrepot.ports.blobs import Blob, Body

from .layout import blob_key
from .means import Means
from .progress import Progress


class ObjectUpload:
    """The one object of its id in this process; verbs of one upload wait for one another."""

    def __init__(
        self, upload_id: str, progress: Progress, means: Means, forget: Callable[[str], None]
    ) -> None:
        self.id = upload_id
        self._means = means
        self._lock = asyncio.Lock()
        self._progress = progress
        self._forget = forget
        self._committed: Blob | None = None

    @property
    def offset(self) -> int:
        return self._progress.growing.offset

    async def append(self, body: Body, *, durable: bool = True) -> int:
        async with self._lock:
            self._check()
            progress = self._progress
            await progress.wake()
            await progress.hasher(DEFAULT_ALGORITHM)
            write = progress.open()
            try:
                await body.drain(write)
            except BaseException:
                # What arrived is kept, and kept for good.
                await settled(progress.end(durable=True))
                raise
            await settled(progress.end(durable=durable))
            self._check()  # it may have been aborted meanwhile
            progress.rest()
            return self.offset

    async def digest(self, algorithm: str) -> Digest:
        async with self._lock:
            return finished(await self._progress.hasher(algorithm), algorithm)

    async def commit(self, blob: Blob) -> None:
        async with self._lock:
            if self._committed != blob:
                self._check()
                await self._progress.wake()
                await settled(self._commit(blob))
                self._forget(self.id)

    async def abort(self) -> None:
        # Without the verbs' lock: an append under way is to be stopped, not waited for.
        self._progress.growing.give_up()
        self._forget(self.id)
        if self._committed is None:
            await settled(self._remove())

    async def close(self) -> None:
        """Make durable what is not, and forget the upload: another process may go on with it."""
        async with self._lock:
            progress = self._progress
            if progress.growing.is_gone or self._committed is not None:
                return
            if progress.is_dirty:
                await settled(progress.end(durable=True))
            if progress.kept.may_exist:
                self._forget(self.id)

    def _check(self) -> None:
        if self._progress.growing.is_gone:
            raise FileNotFoundError("the upload was aborted")
        if self._committed is not None:
            raise FileNotFoundError("the upload was committed")

    async def _commit(self, blob: Blob) -> None:
        progress, means = self._progress, self._means
        if progress.is_small:
            await means.bucket.put(blob_key(blob), progress.growing.tail)
        else:
            pointer = await progress.finish(blob)
            if not await means.pointers.settle(blob, pointer):
                # Another upload became this very blob first.
                await progress.pieces.drop()
        self._committed = blob
        with suppress(OSError):  # what is left of it is found when it is stale
            await progress.kept.forget()
        progress.growing.tail = bytearray()

    async def _remove(self) -> None:
        """Remove all there may be of it; the record last, as it says where to look."""
        progress, pointers = self._progress, self._means.pointers
        with suppress(OSError):  # of a part: it is not wanted any more
            await progress.growing.close()
        if progress.target is not None:
            pointer = await pointers.find(progress.target, anew=True)
            if pointer is not None and pointer.data_id == progress.pieces.data_id:
                await pointers.remove(progress.target)
        await progress.pieces.drop()
        await progress.kept.forget()
