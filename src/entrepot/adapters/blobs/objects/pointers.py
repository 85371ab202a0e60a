"""Pointers to big blobs, remembered, as they never change."""

import asyncio
from collections import OrderedDict

from entrepot.ports.blobs import Blob

from .bucket import Bucket, waits
from .errors import StoreFailed, Taken
from .layout import data_key, ref_key
from .records import Pointer

REMEMBERED_MAX = 16_384
"""Pointers in memory, some 300 bytes each."""


class Pointers:
    """The pointers of a bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._known: OrderedDict[Blob, Pointer] = OrderedDict()

    def known(self, blob: Blob) -> Pointer | None:
        """Return what is remembered of a blob."""
        found = self._known.get(blob)
        if found is not None:
            self._known.move_to_end(blob)
        return found

    async def find(self, blob: Blob, *, anew: bool = False) -> Pointer | None:
        """Return a blob's pointer; None if it has none. `anew` asks the bucket in any case."""
        found = None if anew else self.known(blob)
        if found is None:
            raw = await self._bucket.get(ref_key(blob))
            if raw is None:
                self.forget(blob)
                return None
            found = Pointer.decode(raw)
            self._remember(blob, found)
        return found

    async def settle(self, blob: Blob, pointer: Pointer) -> bool:
        """Let the blob be where `pointer` says; False if it is elsewhere already.

        Harmless when repeated, or when an answer was lost. What points nowhere is replaced: a
        request that hung may have been done long after its upload was given up.
        """
        key, seen = ref_key(blob), None
        for wait in waits():
            try:
                await self._bucket.exchange(key, pointer.encode(), seen)
            except (Taken, OSError) as error:
                found = await self._bucket.look(key)
                seen = None if found is None else found[1]
                there = None if found is None else Pointer.decode(found[0])
                if there is not None and (there == pointer or await self._is_there(there)):
                    self._remember(blob, there)
                    return there == pointer
                if wait is None and isinstance(error, OSError):
                    raise
                if wait is None:
                    raise StoreFailed(f"{key} changes all the time") from error
                await asyncio.sleep(wait)
            else:
                break
        self._remember(blob, pointer)
        return True

    async def _is_there(self, pointer: Pointer) -> bool:
        """Whether it points to bytes; those that come first are the first to be deleted."""
        return await self._bucket.size(data_keys(pointer)[0]) == pointer.segments[0]

    async def remove(self, blob: Blob) -> None:
        """Remove a pointer; its data stays."""
        await self._bucket.delete([ref_key(blob)])
        self.forget(blob)

    def forget(self, blob: Blob) -> None:
        self._known.pop(blob, None)

    def _remember(self, blob: Blob, pointer: Pointer) -> None:
        self._known[blob] = pointer
        self._known.move_to_end(blob)
        if len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)


def data_keys(pointer: Pointer) -> list[str]:
    """Return the keys of a pointer's objects, in order."""
    return [data_key(pointer.data_id, number) for number in range(len(pointer.segments))]
