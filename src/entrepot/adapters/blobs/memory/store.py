"""The memory store: verbs of the port over a disk that is a dict."""

import asyncio
import errno
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from entrepot.adapters.blobs._shared import (
    PIECE_SIZE_BYTES,
    check_upload_id,
    is_upload_id,
    resolve_span,
)
from entrepot.oci.digest import Digest
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import Blob, Body, Capabilities, FileSlice, Link

from .disk import File, MemoryDisk, directory_of

Delay = Callable[[], Awaitable[None]]

_T = TypeVar("_T")


async def open_store(
    disk: MemoryDisk | None = None, *, delay: Delay | None = None
) -> "MemoryStore":
    """Return a store on `disk`; `delay` is awaited before and after each effect and each look."""
    return MemoryStore(disk or MemoryDisk(), delay)


class _Process:
    """One run of the program: its effects end with the power."""

    def __init__(self, disk: MemoryDisk, delay: Delay | None) -> None:
        self.disk = disk
        self._delay = delay
        self._epoch = disk.epoch

    @property
    def has_power(self) -> bool:
        return self.disk.epoch == self._epoch

    def check_power(self) -> None:
        if not self.has_power:
            raise OSError(errno.EIO, "the power was cut")

    async def pause(self) -> None:
        if self._delay is not None:
            await self._delay()
        self.check_power()

    async def step(self, effect: Callable[[], _T]) -> _T:
        await self.pause()
        result = effect()
        await self.pause()
        return result


class MemoryUpload:
    """A growing file of the disk; verbs of one upload wait for one another."""

    def __init__(self, upload_id: str, file: File, process: _Process) -> None:
        self._id = upload_id
        self._file = file
        self._process = process
        self._lock = asyncio.Lock()
        self._turn: object = None

    @property
    def offset(self) -> int:
        return len(self._file.data)

    async def append(self, body: Body, *, durable: bool = True) -> int:
        async with self._lock:
            await self._process.pause()
            self._check_there()
            turn = self._turn = object()
            try:
                await body.drain(lambda view: self._write(turn, view))
            except Exception:
                self._turn = None
                await self.sync()
                raise
            finally:  # a cancelled one waits for nothing: what arrived stays, not yet durable
                self._turn = None
            if durable:
                await self.sync()
            return self.offset

    async def digest(self, algorithm: str) -> Digest:
        async with self._lock:
            await self._process.pause()
            self._check_there()
            return Digest.of(bytes(self._file.data), algorithm)

    async def commit(self, blob: Blob) -> None:
        async with self._lock:
            disk = self._process.disk
            await self._sync_bytes()
            await self._process.step(lambda: self._rename(blob))
            await self._process.step(lambda: disk.sync_directory(directory_of(blob)))

    async def abort(self) -> None:
        await self._process.step(self._remove)

    async def close(self) -> None:
        """Do nothing: there is no file to let go of."""

    async def sync(self) -> None:
        """Make bytes and name durable."""
        await self._sync_bytes()
        await self._process.step(lambda: self._process.disk.sync_directory(directory_of(self._id)))

    async def _sync_bytes(self) -> None:
        try:
            await self._process.step(self._sync_file)
        except OSError:
            # As on files: what could not be made durable is taken back.
            if self._process.has_power:
                del self._file.data[self._file.synced :]
            raise

    def _check_there(self) -> None:
        if self._process.disk.files.get(self._id) is not self._file:
            raise FileNotFoundError(errno.ENOENT, "the upload is gone", self._id)

    def _write(self, turn: object, view: memoryview) -> None:
        self._process.check_power()
        self._check_there()
        if self._turn is not turn:
            raise ValueError("the append has ended")
        self._file.data.extend(view)

    def _sync_file(self) -> None:
        self._file.synced = len(self._file.data)

    def _rename(self, blob: Blob) -> None:
        if blob not in self._process.disk.files:
            self._check_there()
        if self._id in self._process.disk.files:
            self._process.disk.change({self._id: None, blob: self._file})

    def _remove(self) -> None:
        if self._id in self._process.disk.files:
            self._process.disk.change({self._id: None})


class MemoryReading:
    """A blob's bytes, there until it is closed even if the blob is deleted meanwhile."""

    def __init__(self, file: File, span: Span, process: _Process) -> None:
        self._data: bytearray | None = file.data
        self._span = span
        self._process = process

    @property
    def span(self) -> Span:
        return self._span

    @property
    def file(self) -> FileSlice | None:
        return None

    async def chunks(self) -> AsyncIterator[bytes]:
        data = self._data
        if data is None:
            raise ValueError("the reading is closed")
        end = self._span.offset + self._span.length
        for start in range(self._span.offset, end, PIECE_SIZE_BYTES):
            await self._process.pause()
            yield bytes(data[start : min(start + PIECE_SIZE_BYTES, end)])

    def close(self) -> None:
        self._data = None


class MemoryStore:
    """Blobs in a dict. As on files, there is one object for each upload that goes on."""

    def __init__(self, disk: MemoryDisk, delay: Delay | None) -> None:
        self._disk = disk
        self._process = _Process(disk, delay)
        self.link: Link | None = None
        self._uploads: dict[str, MemoryUpload] = {}

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(durable=False, link=self.link)

    async def begin(self, upload_id: str) -> MemoryUpload:
        check_upload_id(upload_id)
        return await self._process.step(lambda: self._create(upload_id))

    async def resume(self, upload_id: str) -> MemoryUpload | None:
        await self._process.pause()
        file = self._disk.files.get(upload_id) if is_upload_id(upload_id) else None
        if file is not None and upload_id not in self._uploads:
            upload = MemoryUpload(upload_id, file, self._process)
            await upload.sync()
            self._uploads.setdefault(upload_id, upload)
        if upload_id in self._disk.files:
            return self._uploads[upload_id]
        self._uploads.pop(upload_id, None)
        return None

    async def open(self, blob: Blob, span: Span | None = None) -> MemoryReading:
        await self._process.pause()
        file = self._disk.files.get(blob)
        if file is None:
            raise FileNotFoundError(errno.ENOENT, "there is no such blob", blob.digest)
        return MemoryReading(file, resolve_span(span, len(file.data)), self._process)

    async def stat(self, blob: Blob) -> int | None:
        await self._process.pause()
        file = self._disk.files.get(blob)
        return None if file is None else len(file.data)

    async def delete(self, blob: Blob) -> None:
        await self._process.step(lambda: self._remove(blob))
        await self._process.step(lambda: self._disk.sync_directory(directory_of(blob)))

    async def scan(self) -> AsyncIterator[Blob]:
        for name in list(self._disk.files):
            if isinstance(name, Blob):
                await self._process.pause()
                if name in self._disk.files:
                    yield name

    async def scan_uploads(self) -> AsyncIterator[str]:
        for name in list(self._disk.files):
            if isinstance(name, str):
                await self._process.pause()
                if name in self._disk.files:
                    yield name

    async def close(self) -> None:
        """Do nothing: the disk stays as it is."""

    def _create(self, upload_id: str) -> MemoryUpload:
        if upload_id in self._disk.files:
            raise FileExistsError(errno.EEXIST, "the upload is there already", upload_id)
        file = File()
        self._disk.change({upload_id: file})
        upload = self._uploads[upload_id] = MemoryUpload(upload_id, file, self._process)
        return upload

    def _remove(self, blob: Blob) -> None:
        if blob in self._disk.files:
            self._disk.change({blob: None})
