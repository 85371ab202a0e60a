"""Where bytes lie: blobs named by digest and generation, never by path."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.oci.ranges import Span


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes at rest. A generation is never used twice, so a late delete cannot hit new bytes."""

    digest: Digest
    generation: int


Link = Callable[[Blob, int], Awaitable[str | None]]
"""Returns a URL by which anybody reads a blob of so many bytes for a while, or None if there is
none for this one. Whether the blob is there is not looked at."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a store can do beyond the verbs."""

    durable: bool = True
    link: Link | None = None
    """How others read blobs without us; None where nobody can."""


def _tell_nobody() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class FileSlice:
    """Bytes of an open file, for servers that can send it without copying.

    The holder closes it once, after the last byte is sent or when it gives up; before that it
    calls `failed` if the file could not be read, so that the next one need not try it too.
    """

    file: int
    span: Span
    close: Callable[[], None]
    failed: Callable[[], None] = _tell_nobody


class StoreFull(OSError):
    """The store has no room for more bytes; nothing that was acknowledged is harmed."""


class Body(Protocol):
    """Bytes on their way in, read once."""

    async def drain(self, write: Callable[[memoryview], None]) -> None:
        """Give all bytes, in order, to the blocking `write`, one call at a time.

        A view is valid during its call only. Raises ConnectionResetError if the sender went away
        before the end, after all that arrived was given; what `write` raises passes through.
        """
        ...


class Upload(Protocol):
    """Bytes of one upload session, kept across requests and restarts."""

    @property
    def offset(self) -> int:
        """How many bytes were taken so far."""
        ...

    async def append(self, body: Body, *, durable: bool = True) -> int:
        """Take the body's bytes and make them durable; return the new offset.

        When the body breaks off, what arrived stays, durable, and its error is raised. Without
        `durable`, a body that came whole may be lost in a crash until the next append or commit.
        """
        ...

    async def digest(self, algorithm: str) -> Digest:
        """Return the digest of all bytes taken so far."""
        ...

    async def commit(self, blob: Blob) -> None:
        """Make the bytes `blob`, durable and readable, and end the upload.

        The caller has compared the digest. Repeating it after a crash is harmless.
        """
        ...

    async def abort(self) -> None:
        """Forget the bytes. Harmless when they are gone."""
        ...

    async def close(self) -> None:
        """Let go of files and memory; the bytes stay for `resume`."""
        ...


class Reading(Protocol):
    """An open blob, or a part of it."""

    @property
    def span(self) -> Span: ...

    @property
    def file(self) -> FileSlice | None:
        """The same bytes as a file, where they lie in one."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the bytes in pieces of bounded size."""
        ...

    def close(self) -> None:
        """Let go of it; must be called once."""
        ...


class BlobStore(Protocol):
    """A store of blobs. Errors of the medium are OSError."""

    @property
    def capabilities(self) -> Capabilities: ...

    async def begin(self, upload_id: str) -> Upload:
        """Start an upload of no bytes under a fresh id; a restart may forget it.

        Raises FileExistsError for one that is under way. A store that would have to ask somebody
        may know of its own process's only: what another left is then replaced by the first append.
        """
        ...

    async def resume(self, upload_id: str) -> Upload | None:
        """Return the upload begun earlier, here or before a restart; None if unknown."""
        ...

    async def open(self, blob: Blob, span: Span | None = None) -> Reading:
        """Open all of a blob or a span within it; FileNotFoundError if it is not there."""
        ...

    async def stat(self, blob: Blob) -> int | None:
        """Return the size in bytes, or None if it is not there."""
        ...

    async def delete(self, blob: Blob) -> None:
        """Remove this generation's bytes, durably; harmless when they are gone."""
        ...

    def scan(self) -> AsyncIterator[Blob]:
        """Yield every blob that lies in the store, in no order."""
        ...

    def scan_uploads(self) -> AsyncIterator[str]:
        """Yield the id of every upload that holds bytes, in no order."""
        ...

    async def close(self) -> None:
        """Let go of files and threads."""
        ...
