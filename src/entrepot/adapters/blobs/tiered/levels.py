"""Two stores as one: pushes go to the hot one, the cold has what that lacks.

`services.tiering` moves blobs down. A blob may be in both, and is the same there; the hot one's is
read. None moves up by itself: a cache before the two has what is pulled again and again.
"""

from collections.abc import AsyncIterator

from entrepot.oci.ranges import Span
from entrepot.ports.blobs import Blob, BlobStore, Capabilities, Reading, Upload


class LevelStore:
    """Both must be open; the result closes them."""

    def __init__(self, hot: BlobStore, cold: BlobStore) -> None:
        self._hot = hot
        self._cold = cold

    @property
    def capabilities(self) -> Capabilities:
        hot, cold = self._hot.capabilities, self._cold.capabilities
        has_links = hot.link is not None or cold.link is not None
        return Capabilities(hot.durable and cold.durable, self._link if has_links else None)

    async def begin(self, upload_id: str) -> Upload:
        return await self._hot.begin(upload_id)

    async def resume(self, upload_id: str) -> Upload | None:
        return await self._hot.resume(upload_id)

    async def open(self, blob: Blob, span: Span | None = None) -> Reading:
        try:
            return await self._hot.open(blob, span)
        except FileNotFoundError:
            pass
        try:
            return await self._cold.open(blob, span)
        except FileNotFoundError:
            # It may have come back from there just now.
            return await self._hot.open(blob, span)

    async def stat(self, blob: Blob) -> int | None:
        size = await self._hot.stat(blob)
        if size is None:
            size = await self._cold.stat(blob)
        # As in `open`: it may have come back just now.
        return await self._hot.stat(blob) if size is None else size

    async def delete(self, blob: Blob) -> None:
        # Both, whatever becomes of the first: who repeats it finds neither.
        await self._hot.delete(blob)
        await self._cold.delete(blob)

    async def scan(self) -> AsyncIterator[Blob]:
        # In this order none is overlooked: it is in the cold store before it leaves the hot one.
        async for blob in self._hot.scan():
            yield blob
        async for blob in self._cold.scan():
            if await self._hot.stat(blob) is None:
                yield blob

    async def scan_uploads(self) -> AsyncIterator[str]:
        async for upload_id in self._hot.scan_uploads():
            yield upload_id

    async def _link(self, blob: Blob, size: int) -> str | None:
        is_hot = await self._hot.stat(blob) is not None
        link = (self._hot if is_hot else self._cold).capabilities.link
        return None if link is None else await link(blob, size)

    async def close(self) -> None:
        try:
            await self._hot.close()
        finally:
            await self._cold.close()
