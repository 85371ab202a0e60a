"""Upload sessions at hand: one request at a time, files open, hashes kept."""

from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from entrepot.ports.blobs import BlobStore, Upload

from .blobs import medium_errors
from .sessions import busy_upload


class SessionDesk:
    """Hands out the store's uploads by session id.

    Up to `open_max` stay open between requests, so that the next chunk need not read again what
    was hashed; others are resumed from the store. A session without a row (`fresh`) holds nothing
    between requests.
    """

    def __init__(self, store: BlobStore, *, open_max: int) -> None:
        self._store = store
        self._open_max = open_max
        self._open: OrderedDict[str, Upload] = OrderedDict()
        self._busy: set[str] = set()
        self._fresh: set[str] = set()

    @property
    def busy(self) -> int:
        """How many sessions a request is working on right now."""
        return len(self._busy)

    def is_busy(self, upload_id: str) -> bool:
        """Whether a request holds this session."""
        return upload_id in self._busy

    def offset(self, upload_id: str) -> int | None:
        """Return how far a session at hand is, in bytes; None when it is not at hand."""
        upload = self._open.get(upload_id)
        return upload.offset if upload is not None else None

    @asynccontextmanager
    async def take(self, upload_id: str, *, fresh: bool = False) -> AsyncIterator[Upload]:
        """Hold a session for one request; another that comes meanwhile is refused.

        A fresh one is dropped afterwards, unless `keep` or `forget` was called for it.
        """
        if upload_id in self._busy:
            raise busy_upload(upload_id)
        self._busy.add(upload_id)
        try:
            if fresh:
                upload = await self._begin(upload_id)
                self._fresh.add(upload_id)
            else:
                upload = self._open.get(upload_id) or await self._resume(upload_id)
                await self.keep(upload_id, upload)
            try:
                yield upload
            finally:
                if upload_id in self._fresh:
                    self._fresh.discard(upload_id)
                    await upload.abort()
        finally:
            self._busy.discard(upload_id)

    async def keep(self, upload_id: str, upload: Upload) -> None:
        """Have the session at hand from now on, in place of one that was not used for long."""
        self._fresh.discard(upload_id)
        self._open[upload_id] = upload
        self._open.move_to_end(upload_id)
        excess = len(self._open) - self._open_max
        if excess > 0:
            idle = [key for key in self._open if key not in self._busy and key != upload_id]
            for key in idle[:excess]:
                await self._open.pop(key).close()

    def forget(self, upload_id: str) -> None:
        """Let go of a session that has ended."""
        self._fresh.discard(upload_id)
        self._open.pop(upload_id, None)

    async def put_away(self, upload_id: str) -> None:
        """Let go of one; it can be resumed."""
        upload = self._open.pop(upload_id, None)
        if upload is not None:
            await upload.close()

    async def close(self) -> None:
        """Let go of all; they can be resumed."""
        while self._open:
            _, upload = self._open.popitem()
            await upload.close()

    async def _begin(self, upload_id: str) -> Upload:
        with medium_errors():
            try:
                return await self._store.begin(upload_id)
            except FileExistsError:
                # Bytes of a request whose row could not be written: nobody was told of them.
                left = await self._store.resume(upload_id)
                if left is not None:
                    await left.abort()
                return await self._store.begin(upload_id)

    async def _resume(self, upload_id: str) -> Upload:
        with medium_errors():
            found = await self._store.resume(upload_id)
            # A crash in the middle of a commit leaves a session whose bytes are a blob already.
            return found or await self._store.begin(upload_id)
