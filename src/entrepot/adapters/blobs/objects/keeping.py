"""The record of one upload in the bucket."""

import asyncio
import hashlib
from typing import TYPE_CHECKING

from .bucket import waits
from .errors import StoreFailed, Taken
from .layout import upload_key
from .means import Means, decoded, discard
from .records import Record

if TYPE_CHECKING:
    from obstore import UpdateVersion


class KeptRecord:
    """What the bucket says of an upload, as far as this process knows.

    `saved` is what was written last, None if nothing was for sure; `may_exist` says that something
    may have been. A record is written over only if it is the one that this process knows: a replica
    that was cut off, and goes on too late, takes nothing back.
    """

    def __init__(
        self, upload_id: str, means: Means, saved: Record | None, seen: "UpdateVersion | None"
    ) -> None:
        self.saved = saved
        self.may_exist = saved is not None
        self._seen = seen
        self._tried: set[bytes] = set()
        self._key = upload_key(upload_id)
        self._means = means
        self._lock = asyncio.Lock()
        self._is_over = False

    async def save(self, record: Record) -> None:
        """Write it; FileNotFoundError after `forget`."""
        async with self._lock:
            if self._is_over:
                raise FileNotFoundError("the upload was aborted")
            if record != self.saved:
                self.may_exist = True
                await self._write(record)
                self.saved = record
                self._tried.clear()

    async def read(self) -> Record:
        """Return the record as it is; an error if it is another one than was saved here."""
        found = await self._means.bucket.look(self._key)
        if found is None:
            raise FileNotFoundError("the upload was ended by another process")
        record = decoded(found[0])
        if self.saved is None or record.data_id != self.saved.data_id:
            raise _overtaken()
        return record

    async def forget(self) -> None:
        """Remove it, and write none again."""
        async with self._lock:
            self._is_over = True
            if self.may_exist:
                await self._means.bucket.delete([self._key])
                self.saved, self.may_exist = None, False

    async def _write(self, record: Record) -> None:
        raw = record.encode()
        self._tried.add(hashlib.sha256(raw).digest())
        for wait in waits():
            try:
                self._seen = await self._means.bucket.exchange(self._key, raw, self._seen)
                return
            except Taken:
                if await self._look(record, raw):
                    return
            except StoreFailed:
                if wait is None:
                    raise
            if wait is not None:
                await asyncio.sleep(wait)
        raise StoreFailed(f"{self._key} changes all the time")

    async def _look(self, record: Record, raw: bytes) -> bool:
        """Find out what is there instead of what was expected; whether it is `raw` already."""
        found = await self._means.bucket.look(self._key)
        if found is None:
            if self._seen is not None:
                raise FileNotFoundError("the upload was ended by another process")
            return False
        content, seen = found
        left = decoded(content)
        if hashlib.sha256(content).digest() not in self._tried:
            if self._seen is not None or left.data_id == record.data_id:
                raise _overtaken()
            # What another process left under this id: nobody was told of it.
            await discard(left, self._means)
        self._seen = seen
        return content == raw


def _overtaken() -> StoreFailed:
    return StoreFailed("another process went on with the upload: ask for its status")
