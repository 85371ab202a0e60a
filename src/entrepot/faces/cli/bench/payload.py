"""Bodies to push: alike but for a unique end, so that a hash costs nothing."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap

from entrepot.oci.digest import Digest

SALT_BYTES = 64
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes `start` to `stop` of an open file, also mapped as `view`."""

    file: int
    view: memoryview
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Body:
    """A body in parts, which are sent in this order, and its digest."""

    parts: tuple[Span | bytes, ...]
    size: int
    digest: Digest

    def cut(self, start: int, stop: int) -> tuple[Span | bytes, ...]:
        """Return the parts of the bytes `start` to `stop`."""
        found: list[Span | bytes] = []
        at = 0
        for part in self.parts:
            size = part_size(part)
            low, high = max(start - at, 0), min(stop - at, size)
            if low < high:
                if isinstance(part, bytes):
                    found.append(part[low:high])
                else:
                    found.append(Span(part.file, part.view, part.start + low, part.start + high))
            at += size
        return tuple(found)


def part_size(part: Span | bytes) -> int:
    """Return the length of a part."""
    return len(part) if isinstance(part, bytes) else part.stop - part.start


class Payload:
    """Random bytes in a file in memory, from which any number of different bodies are made.

    What differs is the end: the digest of a body is that of the common start, which is hashed
    once, and then of 64 more bytes. The server, which cannot know that, hashes all of it.
    """

    def __init__(self, size: int) -> None:
        if size <= SALT_BYTES:
            raise ValueError(f"a body has more than {SALT_BYTES} bytes")
        self._size = size
        self._common = size - SALT_BYTES
        self._file = _file_in_memory()
        self._hash = hashlib.sha256()
        for start in range(0, self._common, BLOCK_BYTES):
            block = os.urandom(min(BLOCK_BYTES, self._common - start))
            self._hash.update(block)
            os.write(self._file, block)
        self._map = mmap(self._file, self._common, access=ACCESS_READ)
        self._view = memoryview(self._map)

    def body(self) -> Body:
        """Return a body that no one has seen before."""
        salt = os.urandom(SALT_BYTES)
        state = self._hash.copy()
        state.update(salt)
        span = Span(self._file, self._view, 0, self._common)
        return Body((span, salt), self._size, Digest.parse(f"sha256:{state.hexdigest()}"))

    def close(self) -> None:
        """Free the bytes; bodies made of them can no longer be sent."""
        self._view.release()
        self._map.close()
        os.close(self._file)


def _file_in_memory() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("entrepot-bench")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
