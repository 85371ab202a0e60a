"""Layers: deterministic tars, compressed while two digests are taken."""

import hashlib
import io
import random
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tools.corpus.layout import BLOCK_BYTES, OCI_LAYER_GZIP, Json, Layout

EPOCH_SECONDS = 1767225600
"""2026-01-01: the time of every file, so that the same input gives the same digest."""

GZIP_WINDOW = 31
"""zlib's wbits for a 32 KiB window with a gzip header (which zlib writes without a time)."""


@dataclass(frozen=True, slots=True)
class File:
    """One entry of a layer: a regular file, or a symbolic link if `target` is given."""

    name: str
    content: bytes = b""
    mode: int = 0o644
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """A stored layer and the digest of its uncompressed tar."""

    descriptor: Json
    diff_id: str


@dataclass(slots=True)
class _GzipSink:
    """Compresses what is written, and hashes both sides of it."""

    out: IO[bytes]
    level: int
    plain: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    packed: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def run(self, blocks: Iterable[bytes]) -> None:
        compressor = zlib.compressobj(self.level, zlib.DEFLATED, GZIP_WINDOW)
        for block in blocks:
            self.plain.update(block)
            self._write(compressor.compress(block))
        self._write(compressor.flush())

    def _write(self, block: bytes) -> None:
        self.packed.update(block)
        self.out.write(block)


def gzip_layer(layout: Layout, blocks: Iterable[bytes], *, level: int = 6) -> Layer:
    """Stores the tar that `blocks` make as a gzip layer of `layout`."""
    partial = layout.path / "partial"
    with partial.open("wb") as out:
        sink = _GzipSink(out, level)
        sink.run(blocks)
    digest = "sha256:" + sink.packed.hexdigest()
    descriptor = layout.adopt(partial, OCI_LAYER_GZIP, digest)
    return Layer(descriptor, "sha256:" + sink.plain.hexdigest())


def tar_of(files: Iterable[File]) -> bytes:
    """A small tar in memory; parent directories are left to the unpacker."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for file in files:
            entry = tarfile.TarInfo(file.name)
            entry.mtime, entry.mode = EPOCH_SECONDS, file.mode
            if file.target is not None:
                entry.type, entry.linkname = tarfile.SYMTYPE, file.target
            entry.size = len(file.content)
            archive.addfile(entry, io.BytesIO(file.content))
    return buffer.getvalue()


def file_layer(layout: Layout, files: Iterable[File]) -> Layer:
    """Stores a few small files as one gzip layer."""
    return gzip_layer(layout, [tar_of(files)])


def tar_file_layer(layout: Layout, path: Path) -> Layer:
    """Stores the tar at `path` as one gzip layer."""
    with path.open("rb") as stream:
        return gzip_layer(layout, iter(lambda: stream.read(BLOCK_BYTES), b""))


def noise_layer(layout: Layout, size_mib: int) -> Layer:
    """Stores one file of `size_mib` MiB that no client can compress.

    It is written as stored deflate blocks: cheap to make and to unpack, and
    slightly larger than its content.
    """
    return gzip_layer(layout, _noise_tar(size_mib), level=0)


def _noise_tar(size_mib: int) -> Iterator[bytes]:
    entry = tarfile.TarInfo("noise.bin")
    entry.size, entry.mtime = size_mib * BLOCK_BYTES, EPOCH_SECONDS
    yield entry.tobuf(tarfile.PAX_FORMAT)
    noise = random.Random(size_mib)
    for _ in range(size_mib):
        yield noise.randbytes(BLOCK_BYTES)
    yield bytes(2 * tarfile.BLOCKSIZE)
