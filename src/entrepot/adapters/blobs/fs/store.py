"""The store: verbs of the port over the directory tree."""

import asyncio
import errno
import os
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from entrepot.adapters.blobs._shared import is_upload_id, resolve_span
from entrepot.adapters.blobs._table import Table
from entrepot.oci.ranges import Span
from entrepot.ports.blobs import Blob, Capabilities

from .disk import Disk, Offload, OnStep, Step, ignore_step
from .layout import Layout
from .reading import Descriptor, FsReading
from .scanning import scan_blobs, scan_uploads
from .system import System
from .upload import FsUpload

THREADS_MAX = 8
"""Threads for blocking calls; a disk gains little from more, and each costs memory."""

_T = TypeVar("_T")


async def open_store(
    root: Path,
    *,
    on_step: OnStep = ignore_step,
    offload: Offload | None = None,
    system: System | None = None,
) -> "FsStore":
    """Return the store in `root`, made if it is not there.

    The caller sees to it that no other process uses the directory. Without `offload` the store
    runs its blocking calls in `THREADS_MAX` threads of its own.
    """
    pool = None
    if offload is None:
        offload = pool = _Pool()
    disk = Disk(system or System(), offload, on_step)
    layout = Layout.under(root)
    try:
        await disk.run(partial(prepare_tree, layout, disk.system))
    except BaseException:
        if pool is not None:
            pool.close()
        raise
    return FsStore(layout, disk, pool)


class FsStore:
    """Blobs in a directory; see the package's docstring for where and how."""

    def __init__(self, layout: Layout, disk: Disk, pool: "_Pool | None") -> None:
        self._layout = layout
        self._disk = disk
        self._pool = pool
        self._uploads: Table[FsUpload] = Table()

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities()

    async def begin(self, upload_id: str) -> FsUpload:
        path = self._layout.upload(upload_id)
        # A look takes a microsecond or two, a thread a hundred.
        if self._uploads.find(upload_id) or os.path.lexists(path):  # noqa: ASYNC240
            raise FileExistsError(errno.EEXIST, "the upload is there already", upload_id)
        return self._uploads.keep(self._new(upload_id))

    async def resume(self, upload_id: str) -> FsUpload | None:
        if not is_upload_id(upload_id):
            return None
        upload = self._uploads.find(upload_id)
        if upload is not None:
            return upload
        path = self._layout.upload(upload_id)
        try:
            # What an earlier process wrote counts only once it is known to be durable.
            await self._disk.run(partial(self._sync, path))
            await self._disk.sync_directory(Step.RESUME_SYNC_UPLOADS, self._layout.uploads)
            # Nothing is awaited from here on: resumes at once find one object, of the right size.
            return self._uploads.find(upload_id) or self._found(upload_id, os.lstat(path))
        except FileNotFoundError:
            return None

    # Opening and asking take some microseconds, far less than the way to a thread and back.

    async def open(self, blob: Blob, span: Span | None = None) -> FsReading:
        path = self._layout.blob(blob)
        try:
            descriptor = Descriptor(self._disk.system.open_to_read(path))
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            raise FileNotFoundError(errno.ENOENT, "not an ordinary file", path) from error
        status = os.fstat(descriptor.file)
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(errno.ENOENT, "not an ordinary file", path)
        return FsReading(descriptor, resolve_span(span, status.st_size), self._disk)

    async def stat(self, blob: Blob) -> int | None:
        try:
            status = os.lstat(self._layout.blob(blob))
        except FileNotFoundError:
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    async def delete(self, blob: Blob) -> None:
        path = self._layout.blob(blob)
        remove = self._disk.system.remove
        await self._disk.run(lambda: self._disk.do(Step.DELETE_REMOVE, remove, path))
        # Even if it was gone: its removal before a crash need not have been durable.
        with suppress(FileNotFoundError):
            await self._disk.sync_directory(Step.DELETE_SYNC_SHARD, os.path.dirname(path))

    def scan(self) -> AsyncIterator[Blob]:
        return scan_blobs(self._layout, self._disk)

    def scan_uploads(self) -> AsyncIterator[str]:
        return scan_uploads(self._layout, self._disk)

    async def close(self) -> None:
        await self._disk.close()
        if self._pool is not None:
            self._pool.close()

    # For `sharing`, where other processes change uploads too.

    def path_of(self, upload_id: str) -> str:
        """Return where an upload's file is or would be."""
        return self._layout.upload(upload_id)

    def remembered(self, upload_id: str) -> FsUpload | None:
        """Return the upload if this process knows it."""
        return self._uploads.find(upload_id)

    def forget(self, upload_id: str) -> None:
        """Know nothing of an upload any more; its bytes stay for `resume`."""
        self._uploads.forget(upload_id)

    def _new(self, upload_id: str) -> FsUpload:
        return FsUpload(upload_id, self._layout, self._disk, self._uploads)

    def _found(self, upload_id: str, status: os.stat_result) -> FsUpload | None:
        if status.st_nlink > 1:
            # A power cut may leave the old name of a committed blob; never write to that again.
            os.unlink(self._layout.upload(upload_id))
            return None
        upload = self._new(upload_id)
        upload.found(status.st_size)
        return self._uploads.keep(upload)

    def _sync(self, path: str) -> None:
        file = self._disk.system.open(path)
        try:
            self._disk.do(Step.RESUME_SYNC, self._disk.system.sync, file)
        finally:
            os.close(file)


class _Pool:
    """The store's own threads."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="blobs")

    def __call__(self, work: Callable[[], _T], /) -> Awaitable[_T]:
        return asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        self._threads.shutdown()


def prepare_tree(layout: Layout, system: System) -> None:
    """Make the directories that are always there, and their names durable."""
    missing = []
    path = layout.root
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    for path in reversed(missing):
        system.make_directory(path)
        system.sync_directory(os.path.dirname(path))
    for path in (layout.blobs, layout.uploads, *layout.algorithms()):
        system.make_directory(path)
    # Always: who made them before may have been killed between making and syncing.
    system.sync_directory(layout.blobs)
    system.sync_directory(layout.root)
