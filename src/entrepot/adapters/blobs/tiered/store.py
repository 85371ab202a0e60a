"""The store: verbs of the port over a cache and the store below."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

from entrepot.oci.ranges import Span
from entrepot.ports.blobs import Blob, BlobStore, Capabilities, Reading, Upload
from entrepot.ports.caching import CacheFigures

from .checking import Checks
from .contents import Contents
from .fills import Fills
from .options import CacheOptions
from .pushed import KeptUpload, Pushed
from .reader import Reader
from .shelf import Shelf


async def open_store(
    lower: BlobStore, options: CacheOptions, *, checks: bool = True
) -> "TieredStore":
    """Return a cache before `lower`, which is the result's to close.

    Raises OSError if its directory cannot be used, BlockingIOError if others use all of its slots.
    What an earlier process left is looked through beside serving, and compared in turn. Without
    `checks` that is looked through before this returns, and compared when it is first asked for.
    """
    shelf = await asyncio.to_thread(Shelf, options.directory, options.slots)
    store = TieredStore(lower, Contents(shelf, options), options)
    if checks:
        store.tend()
    else:
        await store.load()
    return store


class TieredStore:
    """Reads go through the cache; everything else is done below, and is as durable as there.

    What is pushed through it is kept as well, once it is committed below.
    """

    def __init__(self, lower: BlobStore, contents: Contents, options: CacheOptions) -> None:
        self._lower = lower
        self._keeps_pushed = options.keep_pushed
        self._contents = contents
        self._fills = Fills(contents, options.admit)
        self._checks = Checks(contents, options.check_bytes_per_second)
        self._pushed = Pushed(contents, self._fills, options.pushed_max_bytes)
        self._reader = Reader(
            lower, contents, fills=self._fills, checks=self._checks, pushed=self._pushed
        )
        self._tending: asyncio.Task[None] | None = None

    @property
    def capabilities(self) -> Capabilities:
        return self._lower.capabilities

    def figures(self) -> CacheFigures:
        """Return what the cache did, and what it holds."""
        return replace(
            self._contents.tally,
            filling=len(self._fills),
            blobs=len(self._contents),
            used_bytes=self._contents.used_bytes,
            size_max_bytes=self._contents.size_max_bytes,
        )

    async def load(self) -> None:
        """Look through what an earlier process left."""
        with suppress(OSError):  # what cannot be read is not there
            await self._contents.load()

    def tend(self) -> None:
        """Do that beside serving, and compare file after file, until the store is closed."""
        self._tending = asyncio.create_task(self._tend())

    async def check_all(self) -> None:
        """Compare all files of the cache with their digests, at the set rate."""
        self._checks.begin_round()
        while await self._checks.next() is not None:
            pass

    async def begin(self, upload_id: str) -> Upload:
        upload = await self._lower.begin(upload_id)
        if self._keeps_pushed:
            self._pushed.begin(upload_id)
        return KeptUpload(upload_id, upload, self._pushed)

    async def resume(self, upload_id: str) -> Upload | None:
        upload = await self._lower.resume(upload_id)
        return None if upload is None else KeptUpload(upload_id, upload, self._pushed)

    async def open(self, blob: Blob, span: Span | None = None) -> Reading:
        return await self._reader.open(blob, span)

    async def stat(self, blob: Blob) -> int | None:
        return await self._lower.stat(blob)

    async def delete(self, blob: Blob) -> None:
        self._drop(blob)
        try:
            await self._lower.delete(blob)
        finally:
            # What was fetched of it meanwhile.
            self._drop(blob)

    def scan(self) -> AsyncIterator[Blob]:
        return self._lower.scan()

    def scan_uploads(self) -> AsyncIterator[str]:
        return self._lower.scan_uploads()

    async def close(self) -> None:
        if self._tending is not None:
            self._tending.cancel()
            await asyncio.wait((self._tending,))
        await self._pushed.close()
        await self._reader.close()
        await self._checks.close()
        await self._fills.close()
        await self._contents.close()
        await self._lower.close()

    async def _tend(self) -> None:
        await self.load()
        await self._checks.tend()

    def _drop(self, blob: Blob) -> None:
        self._pushed.drop(blob)
        self._fills.unwanted(blob)
        self._contents.drop(blob)
