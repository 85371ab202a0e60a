"""The directory of a backup.

TARGET/
  catalog.db      the catalog as it was at one moment
  blobs/          as in the data directory: the blobs that it shows
  journal/        every change up to that moment
  secrets/        the keys
  SHA256SUMS      of catalog, journal and keys; blobs are named by theirs
  backup.json     written last: without it the backup is not complete
  backup.partial  while it is not
"""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode

COMPLETE = "backup.json"
PARTIAL = "backup.partial"
SUMS = "SHA256SUMS"
FOLDERS = ("journal", "secrets", "tls")
CATALOG = "catalog.db"


class DirectoryShelf:
    """Keeps `ports.backup.Shelf`."""

    def __init__(self, data: Path, target: Path) -> None:
        self._data = data.absolute()
        self._target = target.absolute()

    @property
    def catalog(self) -> str:
        return str(self._target / CATALOG)

    async def begin(self) -> None:
        await asyncio.to_thread(self._begin)

    async def keep(self) -> None:
        await asyncio.to_thread(copy_folders, self._data, self._target)

    async def finish(self, facts: dict[str, int | float]) -> None:
        await asyncio.to_thread(self._finish, facts)

    async def check(self) -> list[str]:
        return await asyncio.to_thread(self._check)

    def _begin(self) -> None:
        inside = self._target == self._data or self._data in self._target.parents
        if inside or self._target in self._data.parents:
            raise _refused(self._target, "overlaps the data directory")
        if self._target.exists() and not self._target.is_dir():
            raise _refused(self._target, "is no directory")
        self._target.mkdir(mode=0o700, parents=True, exist_ok=True)
        names = {path.name for path in self._target.iterdir()}
        if names and not names & {COMPLETE, PARTIAL}:
            raise _refused(self._target, "holds something that is no backup")
        _write(self._target / PARTIAL, b"This backup is not complete.\n")
        (self._target / COMPLETE).unlink(missing_ok=True)
        _sync(self._target)

    def _finish(self, facts: dict[str, int | float]) -> None:
        lines = [f"{_sum(path)}  {path.relative_to(self._target)}\n" for path in self._summed()]
        _write(self._target / SUMS, "".join(lines).encode())
        _write(self._target / COMPLETE, encode(facts) + b"\n")
        _sync(self._target)
        (self._target / PARTIAL).unlink(missing_ok=True)

    def _check(self) -> list[str]:
        if not (self._target / COMPLETE).is_file() or (self._target / PARTIAL).exists():
            raise Fault(
                Code.REQUEST_INVALID,
                f"{self._target} holds no complete backup: name another, or make it again",
            )
        told = {}
        for line in (self._target / SUMS).read_text().splitlines():
            checksum, _, name = line.partition("  ")
            told[name] = checksum
        found = {str(path.relative_to(self._target)): _sum(path) for path in self._summed()}
        return sorted(name for name in told if told[name] != found.get(name))

    def _summed(self) -> Iterator[Path]:
        yield self._target / CATALOG
        for folder in FOLDERS:
            for name in sorted(_files(self._target / folder)):
                yield self._target / folder / name


def copy_folders(source: Path, target: Path) -> None:
    """Copy journal, keys and certificates, durably. The journal may be written to meanwhile."""
    for folder in FOLDERS:
        wanted = _files(source / folder)
        for name in _files(target / folder) - wanted:
            (target / folder / name).unlink()
        for name in sorted(wanted):
            there = target / folder / name
            there.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_same(source / folder / name, there):
                copy_file(source / folder / name, there)
                _sync(there.parent)


def _files(folder: Path) -> set[Path]:
    # What begins with a dot is being written; it gets its name when it is whole.
    found = (path for path in folder.rglob("*") if path.is_file() and path.name[0] != ".")
    return {path.relative_to(folder) for path in found}


def _is_same(source: Path, target: Path) -> bool:
    """Whether a segment of the journal, which only grows, needs no copy."""
    if not target.exists() or source.suffix != ".jsonl":
        return False
    ours, theirs = target.stat(), source.stat()
    return ours.st_size == theirs.st_size and ours.st_mtime >= theirs.st_mtime


def copy_file(source: Path, target: Path) -> None:
    """Copy a file that the registry alone may read, durably but for its name."""
    shutil.copyfile(source, target)
    target.chmod(0o600)
    _sync(target)


def _refused(target: Path, why: str) -> Fault:
    return Fault(
        Code.REQUEST_INVALID, f"{target} {why}: name an empty directory, or one of a backup"
    )


def _write(path: Path, data: bytes) -> None:
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_bytes(data)
    _sync(fresh)
    fresh.replace(path)


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
