"""The data directory of an embedded registry: its layout and its lock.

DATA/
  catalog.db      the SQLite catalog, with its -wal and -shm beside it
  blobs/          bytes at rest, by digest and generation
  uploads/        bytes of uploads under way
  secrets/        keys, readable by the registry alone
  tls/            the certificate made by --tls auto
  run/            lock, control socket and the address of the running server
"""

import fcntl
import os
from pathlib import Path

SOCKET_PATH_MAX_BYTES = 100
"""Longest path of a Unix socket that every supported system takes."""


class DirectoryBusy(Exception):
    """Another server runs on the directory; the message says which process."""


class DataDirectory:
    """A directory that this process alone may use, until `close`."""

    def __init__(self, path: Path) -> None:
        """Make the directory if need be and lock it. Raises `DirectoryBusy` or OSError."""
        self.path = path.absolute()
        for folder in (self.path, self.secrets, self.run):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(self.run / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.pread(self._lock, 32, 0).decode("ascii", "replace").strip()
            os.close(self._lock)
            raise DirectoryBusy(
                f"{self.path} is in use by another Entrepot server (process {owner or 'unknown'}): "
                "stop it first, or name another directory with --data"
            ) from error
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)

    @property
    def catalog(self) -> Path:
        return self.path / "catalog.db"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets"

    @property
    def tls(self) -> Path:
        return self.path / "tls"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def socket(self) -> Path | None:
        """The control socket's path; None where it would be too long for the system."""
        path = self.run / "entrepot.sock"
        return path if len(os.fsencode(path)) <= SOCKET_PATH_MAX_BYTES else None

    def write_address(self, text: str) -> None:
        """Say where the server listens, for programs that started it with port 0."""
        temporary = self.run / "address.new"
        temporary.write_text(text)
        temporary.replace(self.run / "address")

    def close(self) -> None:
        """Give the directory free."""
        (self.run / "address").unlink(missing_ok=True)
        os.close(self._lock)
