"""The disk under the memory store, which loses at a power cut what was not synced."""

from collections.abc import Callable
from dataclasses import dataclass, field

from entrepot.ports.blobs import Blob

Name = str | Blob
"""An upload's id, or a blob."""

Keep = Callable[[int], int]
"""How many of so many things survive, from none to all of them."""


def keep_nothing(_: int) -> int:
    """Let nothing survive that need not: the worst power cut."""
    return 0


def directory_of(name: Name) -> str:
    """Return what must be synced to make a change of this name durable."""
    return name.digest[:9] if isinstance(name, Blob) else "uploads"


@dataclass(eq=False, slots=True)
class File:
    """Bytes; a power cut leaves the first `synced` of them at least."""

    data: bytearray = field(default_factory=bytearray)
    synced: int = 0


@dataclass(frozen=True, slots=True)
class _Change:
    """One atomic change of names, with what they stood for before it."""

    before: dict[Name, File | None]

    def touches(self, directory: str) -> bool:
        return any(directory_of(name) == directory for name in self.before)


class MemoryDisk:
    """Files by name. Changes of names and bytes are seen at once, and durable when synced."""

    def __init__(self) -> None:
        self.files: dict[Name, File] = {}
        self.epoch = 0
        self._unsynced: list[_Change] = []

    def change(self, after: dict[Name, File | None]) -> None:
        """Let each name stand for its file, or for none."""
        self._unsynced.append(_Change({name: self.files.get(name) for name in after}))
        self._set(after)

    def sync_directory(self, directory: str) -> None:
        """Make its names durable, and earlier changes that those rest on."""
        durable: set[Name] = set()
        remaining: list[_Change] = []
        for change in reversed(self._unsynced):
            if change.touches(directory) or not durable.isdisjoint(change.before):
                durable.update(change.before)
            else:
                remaining.append(change)
        self._unsynced = remaining[::-1]

    def power_cut(self, keep: Keep = keep_nothing) -> None:
        """Lose what was not synced, except for what `keep` lets survive.

        Changes of names survive each for itself, but none without those before it that touched
        the same names. Bytes survive up to some point. Stores opened before fail from now on.
        """
        lost: list[_Change] = []
        lost_names: set[Name] = set()
        for change in self._unsynced:
            if not lost_names.isdisjoint(change.before) or not keep(1):
                lost_names.update(change.before)
                lost.append(change)
        for change in reversed(lost):
            self._set(change.before)
        for file in self.files.values():
            unsynced = len(file.data) - file.synced
            if unsynced:
                del file.data[file.synced + keep(unsynced) :]
                file.synced = len(file.data)
        self._unsynced.clear()
        self.epoch += 1

    def _set(self, names: dict[Name, File | None]) -> None:
        for name, file in names.items():
            if file is None:
                self.files.pop(name, None)
            else:
                self.files[name] = file
