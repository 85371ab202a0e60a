"""A disk that remembers what of it would survive a power cut."""

import os
from itertools import count
from pathlib import Path

from entrepot.adapters.blobs.fs.system import System


class PowerSystem(System):
    """The real calls, with a record of what was to be synced: bytes of files, names in directories.

    It is as forgetful as POSIX allows: nothing survives that no sync was asked for, and a rename
    takes away the old name only once the old directory is synced as well. `skipped` names syncs to
    be left out: `file`, `shard`, or the last part of a directory's path.
    """

    def __init__(self, base: Path, skipped: str = "") -> None:
        self.base = str(base)
        self.skipped = skipped
        self._numbers = count()
        self._known: dict[int, int] = {}  # by inode; the numbers of removed files are used again
        self._files: dict[int, bytes] = {}
        self._names: dict[str, dict[str, int]] = {}

    def create(self, path: str) -> int:
        file = super().create(path)
        self._known[os.fstat(file).st_ino] = next(self._numbers)
        return file

    def make_directory(self, path: str) -> None:
        super().make_directory(path)
        self._known.setdefault(Path(path).stat().st_ino, next(self._numbers))

    def sync(self, file: int) -> None:
        if self.skipped != "file":
            status = os.fstat(file)
            self._files[self._known[status.st_ino]] = os.pread(file, status.st_size, 0)

    def sync_directory(self, path: str) -> None:
        parent, name = os.path.split(path)
        if self.skipped not in {name, "shard" if parent.endswith("/sha256") else name}:
            self._names[path] = {
                entry.name: self._known[entry.inode()] for entry in os.scandir(path)
            }

    def surviving(self, target: Path) -> None:
        """Make `target` what `base` would be after a power cut now."""
        self._copy(self.base, target, {})

    def _copy(self, source: str, target: Path, copies: dict[int, Path]) -> None:
        target.mkdir()
        for name, number in self._names.get(source, {}).items():
            path, copy = f"{source}/{name}", target / name
            if Path(path).is_dir():
                self._copy(path, copy, copies)
            elif number in copies:
                copy.hardlink_to(copies[number])
            else:
                copy.write_bytes(self._files.get(number, b""))
                copies[number] = copy
