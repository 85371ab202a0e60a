"""The store: verbs of the port over a bucket."""

import errno
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

from entrepot.adapters.blobs._shared import check_upload_id, is_upload_id
from entrepot.adapters.blobs._table import Table
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import Blob, Capabilities

from .bucket import Bucket
from .keeping import KeptRecord
from .layout import BLOBS, DATA, REFS, UPLOADS, blob_key, blob_of, data_key, upload_key, upload_of
from .means import Means, decoded, discard, is_committed, new_data_id, unsealed
from .pointers import data_keys
from .progress import Progress
from .reading import ObjectReading, open_object, open_pointer
from .records import Pointer, Record
from .upload import ObjectUpload

STALE_SECONDS = 2 * 86400.0
"""Uploads that were touched since then are another replica's business, or the catalog's."""


class ObjectStore:
    """Blobs in a bucket; see the package's docstring for where and how."""

    def __init__(self, means: Means, stack: AsyncExitStack, *, stale_seconds: float) -> None:
        self._means = means
        self._stack = stack
        self._stale_seconds = stale_seconds
        self._table: Table[ObjectUpload] = Table()

    @property
    def bucket(self) -> Bucket:
        """Where the objects are; others of the registry's may lie beside them."""
        return self._means.bucket

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(link=self._link if self._means.links is not None else None)

    async def begin(self, upload_id: str) -> ObjectUpload:
        check_upload_id(upload_id)
        if self._table.find(upload_id) is not None:
            raise FileExistsError(errno.EEXIST, "the upload is there already", upload_id)
        kept = KeptRecord(upload_id, self._means, None, None)
        return self._keep(upload_id, Record(new_data_id(upload_id)), kept)

    async def resume(self, upload_id: str) -> ObjectUpload | None:
        if not is_upload_id(upload_id):
            return None
        means = self._means
        upload = self._table.find(upload_id)
        if upload is not None:
            return upload
        found = await means.bucket.look(upload_key(upload_id))
        if found is None:
            return self._table.find(upload_id)
        record = decoded(found[0])
        is_blob = await is_committed(record, means.pointers)
        if record.is_doomed and not is_blob:
            await discard(record, means)
        if record.is_doomed or is_blob:
            await means.bucket.delete([upload_key(upload_id)])
            return None
        if record.sealing:
            record = await unsealed(record, means.bucket)
        # Nothing is awaited from here on: resumes at once find one object.
        return self._table.find(upload_id) or self._keep(
            upload_id, record, KeptRecord(upload_id, means, record, found[1])
        )

    async def open(self, blob: Blob, span: Span | None = None) -> ObjectReading:
        bucket, pointers = self._means.bucket, self._means.pointers
        pointer = pointers.known(blob)
        if pointer is None:
            try:
                return await open_object(bucket, blob_key(blob), span)
            except FileNotFoundError:
                pointer = await pointers.find(blob)
            if pointer is None:
                raise FileNotFoundError(errno.ENOENT, "there is no such blob", blob.digest)
        try:
            return await open_pointer(bucket, pointer, span)
        except FileNotFoundError:
            pointers.forget(blob)
            raise

    async def stat(self, blob: Blob) -> int | None:
        pointer = await self._means.pointers.find(blob, anew=True)
        if pointer is not None:
            return pointer.size_bytes
        return await self._means.bucket.size(blob_key(blob))

    async def delete(self, blob: Blob) -> None:
        pointer = await self._means.pointers.find(blob, anew=True)
        if pointer is not None:
            await self._delete_big(blob, pointer)
        await self._means.bucket.delete([blob_key(blob)])

    async def scan(self) -> AsyncIterator[Blob]:
        for prefix in (BLOBS, REFS):
            async for found in self._means.bucket.list(prefix):
                blob = blob_of(found.key)
                if blob is not None:
                    yield blob

    async def scan_uploads(self) -> AsyncIterator[str]:
        """Yield uploads that nobody touched for `stale_seconds`, and forget lost parts."""
        before = datetime.now(UTC) - timedelta(seconds=self._stale_seconds)
        async for found in self._means.bucket.list(UPLOADS):
            upload_id = upload_of(found.key)
            if upload_id is not None and (not self._stale_seconds or found.changed_at < before):
                yield upload_id
        await self.reap(before)

    async def reap(self, before: datetime) -> int:
        """Abort multipart uploads begun before then that no upload knows of; return how many.

        What a crash leaves of a push that was not yet written down: its parts cost money, and no
        listing of objects shows them.
        """
        means, count = self._means, 0
        if means.multiparts is None:
            return 0
        async for found in means.multiparts.under_way(DATA):
            upload_id = upload_of(found.key)
            if upload_id is None or found.begun_at >= before or self._table.find(upload_id):
                continue
            if await means.bucket.size(upload_key(upload_id)) is None:
                await means.multiparts.abort(found.key, found.id)
                count += 1
        return count

    async def close(self) -> None:
        await self._stack.aclose()

    def _keep(self, upload_id: str, record: Record, kept: KeptRecord) -> ObjectUpload:
        progress = Progress(record, kept, self._means)
        return self._table.keep(ObjectUpload(upload_id, progress, self._means, self._table.forget))

    async def _delete_big(self, blob: Blob, pointer: Pointer) -> None:
        """Remove the pointer, then the data, which a record names meanwhile.

        So a crash leaves no pointer to nothing, and no bytes that nobody knows of.
        """
        bucket, upload_id = self._means.bucket, pointer.data_id.partition(".")[0]
        record = Record(pointer.data_id, segments=pointer.segments, target=blob, is_doomed=True)
        await bucket.put(upload_key(upload_id), record.encode())
        await self._means.pointers.remove(blob)
        await bucket.delete(data_keys(pointer))
        await bucket.delete([upload_key(upload_id)])

    async def _link(self, blob: Blob, size_bytes: int) -> str | None:
        links, key = self._means.links, blob_key(blob)
        if links is None:
            return None
        if size_bytes >= self._means.part_min_bytes:
            pointer = await self._means.pointers.find(blob)
            if pointer is None or len(pointer.segments) > 1:
                return None  # no single object has the bytes
            key = data_key(pointer.data_id, 0)
        return await links.of(key)
