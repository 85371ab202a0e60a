"""The data directory of an embedded registry: its layout and its lock.

DATA/
  catalog.db      the SQLite catalog, with its -wal and -shm beside it
  blobs/          bytes at rest, by digest and generation
  uploads/        bytes of uploads under way
  journal/        every change, in order; with blobs/ it makes a lost catalog anew
  secrets/        keys, readable by the registry alone
  tls/            the certificate made by --tls auto; acme/ below, accounts and what they got
  run/            locks, control socket and the address of the running server
"""

import fcntl
import os
import time
from pathlib import Path

SOCKET_PATH_MAX_BYTES = 100
"""Longest path of a Unix socket that every supported system takes."""

PAUSE_SECONDS = 0.05
"""Between two looks at the lock."""


class DirectoryBusy(Exception):
    """Another server runs on the directory; the message says which process."""


class DataDirectory:
    """A directory that one server alone may use, until `close` in the last of its processes."""

    def __init__(
        self, path: Path, *, patience_seconds: float = 0.0, inherited: int | None = None
    ) -> None:
        """Make the directory if need be and lock it. Raises `DirectoryBusy` or OSError.

        A server that was there has `patience_seconds` to go. `inherited` is the `lock` of the
        process that started this one: the directory is locked as long as either has it.
        """
        self.path = path.absolute()
        self._is_ours = inherited is None
        if inherited is not None:
            self.lock = inherited
            return
        for folder in (self.path, self.secrets, self.run):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.lock = os.open(self.run / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(self.lock, patience_seconds)
        except BlockingIOError as error:
            owner = os.pread(self.lock, 32, 0).decode("ascii", "replace").strip()
            os.close(self.lock)
            raise DirectoryBusy(
                f"{self.path} is in use by another Entrepot server (process {owner or 'unknown'}): "
                "stop it first, or name another directory with --data"
            ) from error
        os.ftruncate(self.lock, 0)
        os.pwrite(self.lock, str(os.getpid()).encode(), 0)

    @property
    def catalog(self) -> Path:
        return self.path / "catalog.db"

    @property
    def journal(self) -> Path:
        return self.path / "journal"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets"

    @property
    def tls(self) -> Path:
        return self.path / "tls"

    @property
    def acme_certificate(self) -> Path:
        """Key and chain of an authority's certificate; what belongs to it lies beside."""
        return self.tls / "acme" / "certificate.pem"

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

    @property
    def upload_holds(self) -> Path:
        """Where several processes say which uploads each of them works on."""
        return self.run / "uploads.lock"

    @property
    def retired_uploads(self) -> Path:
        """Where several processes say which uploads are over."""
        return self.run / "uploads.retired"

    @property
    def turnstile(self) -> Path:
        """Where several processes queue to write to the catalog."""
        return self.run / "turnstile.lock"

    def close(self) -> None:
        """Give the directory free."""
        if self._is_ours:
            (self.run / "address").unlink(missing_ok=True)
        os.close(self.lock)


def _lock(file: int, patience_seconds: float) -> None:
    """Lock the file. Raises BlockingIOError."""
    until = time.monotonic() + patience_seconds
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise
        time.sleep(PAUSE_SECONDS)
