"""What is written down of uploads and of big blobs."""

import re
from dataclasses import dataclass, field

import msgspec

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Fault
from entrepot.ports.blobs import Blob

from .errors import StoreFailed

VERSION = 1
_DATA_ID = re.compile(r"[0-9a-f]{32}\.[0-9a-f]{16}")


class RecordBroken(StoreFailed):
    """An object of the store's own says what it cannot say."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a multipart upload that is stored."""

    etag: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Record:
    """How far an upload is; with its `tail`, all there is to go on with anywhere.

    The bytes are those of `segments`, objects that are whole, by their sizes; then of `parts`
    within the multipart upload `multipart`, which becomes the next segment; then the tail.
    `sealing` says that it may have become that already. `target` is the blob whose pointer may
    have been written already. `states` has the running hash by algorithm. `is_doomed` is of bytes
    that are being deleted.
    """

    data_id: str
    segments: tuple[int, ...] = ()
    multipart: str = ""
    parts: tuple[Part, ...] = ()
    sealing: bool = False
    target: Blob | None = None
    states: dict[str, str] = field(default_factory=dict)
    tail: bytes = b""
    is_doomed: bool = False

    @property
    def offset(self) -> int:
        return self.stored_bytes + len(self.tail)

    @property
    def stored_bytes(self) -> int:
        return sum(self.segments) + self.open_bytes

    @property
    def open_bytes(self) -> int:
        return sum(part.size_bytes for part in self.parts)

    def encode(self) -> bytes:
        """Return a line of JSON, and then the tail."""
        head = _Head(
            version=VERSION,
            data=self.data_id,
            segments=list(self.segments),
            multipart=self.multipart,
            parts=[(part.etag, part.size_bytes) for part in self.parts],
            sealing=self.sealing,
            target=_text_of(self.target) if self.target else "",
            states=self.states,
            tail=len(self.tail),
            doomed=self.is_doomed,
        )
        return b"".join((msgspec.json.encode(head), b"\n", self.tail))

    @classmethod
    def decode(cls, raw: bytes) -> "Record":
        """Return what `encode` was made of; `RecordBroken` if it was not that."""
        text, _, tail = raw.partition(b"\n")
        try:
            head = msgspec.json.decode(text, type=_Head)
            target = _blob_of(head.target) if head.target else None
        except (msgspec.DecodeError, Fault, ValueError) as error:
            raise RecordBroken(f"an upload's state cannot be read: {error}") from error
        if head.version != VERSION or len(tail) != head.tail or not is_data_id(head.data):
            raise RecordBroken("an upload's state is cut, or of another version")
        return cls(
            data_id=head.data,
            segments=tuple(head.segments),
            multipart=head.multipart,
            parts=tuple(Part(etag, size) for etag, size in head.parts),
            sealing=head.sealing,
            target=target,
            states=head.states,
            tail=tail,
            is_doomed=head.doomed,
        )


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where a big blob's bytes lie: objects one after the other, by their sizes. Never changed."""

    data_id: str
    segments: tuple[int, ...]

    @property
    def size_bytes(self) -> int:
        return sum(self.segments)

    def encode(self) -> bytes:
        return msgspec.json.encode(_Ref(VERSION, self.data_id, list(self.segments)))

    @classmethod
    def decode(cls, raw: bytes) -> "Pointer":
        """Return what `encode` was made of; `RecordBroken` if it was not that."""
        try:
            ref = msgspec.json.decode(raw, type=_Ref)
        except msgspec.DecodeError as error:
            raise RecordBroken(f"a blob's pointer cannot be read: {error}") from error
        if ref.version != VERSION or not ref.segments or not is_data_id(ref.data):
            raise RecordBroken("a blob's pointer is of another version, or points nowhere")
        return cls(ref.data, tuple(ref.segments))


class _Head(msgspec.Struct, frozen=True):
    version: int
    data: str
    segments: list[int]
    multipart: str
    parts: list[tuple[str, int]]
    sealing: bool
    target: str
    states: dict[str, str]
    tail: int
    doomed: bool


class _Ref(msgspec.Struct, frozen=True):
    version: int
    data: str
    segments: list[int]


def is_data_id(text: str) -> bool:
    """Whether `text` may become part of a key below `data/`."""
    return _DATA_ID.fullmatch(text) is not None


def _text_of(blob: Blob) -> str:
    return f"{blob.digest}/{blob.generation}"


def _blob_of(text: str) -> Blob:
    digest, _, generation = text.rpartition("/")
    return Blob(Digest.parse(digest), int(generation))
