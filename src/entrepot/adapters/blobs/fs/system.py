"""The system calls of the store, in one place so that a test can make one fail."""

import errno
import os
import sys
from contextlib import suppress

if sys.platform == "darwin":
    import fcntl

_COMMON = os.O_CLOEXEC | os.O_NOFOLLOW


class System:
    """Calls that block, and raise OSError as they are."""

    def create(self, path: str) -> int:
        """Make a new and empty file, readable by the registry's own user only, and open it.

        What bears its name is removed, never written to: it may be another name of a blob.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _COMMON
        try:
            return os.open(path, flags, 0o600)
        except FileExistsError:
            self.remove(path)
            return os.open(path, flags, 0o600)

    def open(self, path: str) -> int:
        return os.open(path, os.O_RDWR | _COMMON)

    def open_to_read(self, path: str) -> int:
        return os.open(path, os.O_RDONLY | _COMMON)

    def write(self, file: int, data: memoryview, offset: int) -> int:
        """Write some of `data`, one byte or more, and return how many."""
        count = os.pwrite(file, data, offset)
        if count == 0:
            raise OSError(errno.EIO, "the disk takes no bytes")
        return count

    def read(self, file: int, length: int, offset: int) -> bytes:
        return os.pread(file, length, offset)

    def read_cached(self, file: int, length: int, offset: int) -> bytes | None:
        """Return bytes as `read` does if none must be fetched from the disk; None if that is so.

        None, too, where the operating system cannot tell.
        """
        if sys.platform != "linux":
            return None
        piece = bytearray(length)
        try:
            count = os.preadv(file, (piece,), offset, os.RWF_NOWAIT)
        except OSError:  # not in memory, or not known to the file system; else `read` says it
            return None
        return bytes(piece) if count == length else None

    def truncate(self, file: int, length: int) -> None:
        os.ftruncate(file, length)

    def sync(self, file: int) -> None:
        """Return when the file's bytes and size will survive a power cut."""
        if sys.platform == "darwin":
            try:
                # There fsync leaves the bytes in the drive's cache.
                fcntl.fcntl(file, fcntl.F_FULLFSYNC)
            except OSError:  # not known to this file system
                os.fsync(file)
        else:
            os.fdatasync(file)

    def sync_directory(self, path: str) -> None:
        """Return when the names in the directory will survive a power cut."""
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if sys.platform == "darwin":
                self.sync(directory)
            else:
                os.fsync(directory)
        finally:
            os.close(directory)

    def make_directory(self, path: str) -> None:
        """Make a directory unless it is there."""
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            if not os.path.isdir(path):
                raise

    def rename(self, source: str, target: str) -> None:
        os.rename(source, target)

    def remove(self, path: str) -> None:
        """Remove a file unless it is gone."""
        with suppress(FileNotFoundError):
            os.unlink(path)
