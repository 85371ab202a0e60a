"""Blobs kept as they are pushed: what the store below took is written here too.

So an image that is pulled right after its push is not fetched. A copy is nothing that anybody
relies on: it ends where anything is strange, and is compared with its digest before it is read.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Blob, Body, Upload

from .contents import Contents
from .copies import Budget, Copy
from .fills import Fills

COPIES_MAX = 64
"""Uploads under way that are copied; the one used least recently gives way."""


class Pushed:
    """Copies of uploads under way, by id."""

    def __init__(self, contents: Contents, fills: Fills, most_bytes: int) -> None:
        self._contents = contents
        self._fills = fills
        self._budget = Budget(most_bytes)
        self._copies: OrderedDict[str, Copy] = OrderedDict()
        self._placing: dict[Blob, asyncio.Task[None]] = {}

    def begin(self, upload_id: str) -> None:
        """Copy a new upload."""
        self._copies[upload_id] = Copy(self._contents.shelf, self._budget)
        if len(self._copies) > COPIES_MAX:
            _, copy = self._copies.popitem(last=False)
            self._contents.threads.later(copy.end)

    def find(self, upload_id: str) -> Copy | None:
        """Return the copy of an upload if all of it was seen here."""
        copy = self._copies.get(upload_id)
        if copy is not None:
            self._copies.move_to_end(upload_id)
        return copy

    def end(self, upload_id: str) -> None:
        """Forget the copy of an upload."""
        copy = self._copies.pop(upload_id, None)
        if copy is not None:
            self._contents.threads.later(copy.end)

    def committed(self, upload_id: str, blob: Blob, size: int) -> None:
        """Keep the copy as the blob that the upload has become, a little later."""
        copy = self._copies.pop(upload_id, None)
        if copy is None:
            return
        is_known = self._contents.find(blob) or self._fills.find(blob) or blob in self._placing
        if is_known or not copy.is_good or copy.size != size or not self._fills.may_keep(size):
            self._contents.threads.later(copy.end)
            return
        task = self._placing[blob] = asyncio.create_task(self._place(copy, blob, size))
        task.add_done_callback(partial(self._placed, blob))

    async def placed(self, blob: Blob) -> bool:
        """Wait while a blob that was pushed just now is put in its place; False if none is."""
        task = self._placing.get(blob)
        if task is None:
            return False
        await asyncio.wait((task,))
        return True

    def drop(self, blob: Blob) -> None:
        """Do not keep a blob that is deleted."""
        self._placing.pop(blob, None)

    async def close(self) -> None:
        for copy in self._copies.values():
            self._contents.threads.later(copy.end)
        self._copies.clear()
        if self._placing:
            await asyncio.wait([*self._placing.values()])

    async def _place(self, copy: Copy, blob: Blob, size: int) -> None:
        disk = self._contents.threads.disk
        task = asyncio.current_task()
        if not await disk.run(copy.finish):
            return
        is_wanted = self._placing.get(blob) is task
        evicted = self._contents.reserve(blob, size) if is_wanted else None
        if evicted is None:
            self._contents.remove(copy.path)
            return
        try:
            await disk.run(lambda: self._put(evicted, copy.path, blob))
        except OSError:
            self._contents.release(blob)
            self._contents.remove(copy.path)
            return
        if self._placing.get(blob) is not task:
            self._contents.release(blob)
            self._contents.remove(self._contents.shelf.path(blob))
            return
        self._contents.settle(blob, size, is_right=False)
        self._contents.tally.kept += 1
        self._contents.tally.kept_bytes += size

    def _put(self, evicted: tuple[str, ...], path: str, blob: Blob) -> None:
        self._contents.shelf.remove(*evicted)
        self._contents.shelf.place(path, blob)

    def _placed(self, blob: Blob, task: asyncio.Task[None]) -> None:
        if self._placing.get(blob) is task:
            del self._placing[blob]


class KeptUpload:
    """An upload of the store below, whose bytes are copied as it takes them."""

    def __init__(self, upload_id: str, lower: Upload, pushed: Pushed) -> None:
        self._id = upload_id
        self._lower = lower
        self._pushed = pushed

    @property
    def offset(self) -> int:
        return self._lower.offset

    async def append(self, body: Body, *, durable: bool = True) -> int:
        copy = self._pushed.find(self._id)
        if copy is None:
            return await self._lower.append(body, durable=durable)
        try:
            return await self._lower.append(_Both(body, self._lower, copy), durable=durable)
        finally:
            if copy.size != self._lower.offset:
                self._pushed.end(self._id)

    async def digest(self, algorithm: str) -> Digest:
        return await self._lower.digest(algorithm)

    async def commit(self, blob: Blob) -> None:
        size = self._lower.offset
        await self._lower.commit(blob)
        self._pushed.committed(self._id, blob, size)

    async def abort(self) -> None:
        self._pushed.end(self._id)
        await self._lower.abort()

    async def close(self) -> None:
        await self._lower.close()


class _Both:
    """A body whose bytes go to the store below, and those that it takes to the copy."""

    def __init__(self, body: Body, lower: Upload, copy: Copy) -> None:
        self._body = body
        self._lower = lower
        self._copy = copy

    async def drain(self, write: Callable[[memoryview], None]) -> None:
        copy = self._copy
        if copy.size != self._lower.offset:
            copy.end()  # bytes came that were not seen here

        def both(view: memoryview) -> None:
            write(view)
            copy.take(view)

        await self._body.drain(both)
