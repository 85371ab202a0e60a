"""The JSON of manifests and indexes, decoded with its types checked."""

from typing import Annotated

import msgspec

from .descriptor import Descriptor
from .digest import Digest
from .errors import Code, Fault
from .keys import check_keys
from .platform import Platform

REFERENCES_MAX = 10_000
"""Most descriptors in one manifest: far above any real image, low enough for one transaction."""

_Text = Annotated[str, msgspec.Meta(max_length=64 * 1024)]
_Size = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class PlatformDocument(msgspec.Struct, frozen=True):
    """`platform` of a descriptor; fields as in the image-spec."""

    architecture: str = ""
    os: str = ""
    variant: str | None = None
    os_version: str | None = msgspec.field(default=None, name="os.version")


class DescriptorDocument(msgspec.Struct, frozen=True):
    """A descriptor; unknown fields are allowed (image-spec, "Extensibility")."""

    mediaType: _Text
    digest: _Text
    size: _Size
    artifactType: _Text | None = None
    platform: PlatformDocument | None = None
    urls: list[str] | None = None
    annotations: dict[str, str] | None = None


class Document(msgspec.Struct, frozen=True):
    """Image manifest and index in one, as the type may be known only after reading."""

    schemaVersion: int | None = None
    mediaType: _Text | None = None
    artifactType: _Text | None = None
    config: DescriptorDocument | None = None
    layers: list[DescriptorDocument] | None = None
    manifests: list[DescriptorDocument] | None = None
    subject: DescriptorDocument | None = None
    annotations: dict[str, str] | None = None


_DECODER = msgspec.json.Decoder(Document)


def decode(raw: bytes) -> Document:
    """Return the document in `raw`, or raise `Fault(MANIFEST_INVALID)` saying where it is wrong."""
    try:
        # A digest is taken over bytes that every reader must understand alike, so no invalid UTF-8.
        raw.decode("utf-8")
        document = _DECODER.decode(raw)
        check_keys(raw)
    except UnicodeDecodeError as error:
        raise Fault(
            Code.MANIFEST_INVALID, "the manifest is not UTF-8 text: encode it as UTF-8"
        ) from error
    except msgspec.ValidationError as error:
        raise Fault(Code.MANIFEST_INVALID, f"the manifest is not valid: {error}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise Fault(Code.MANIFEST_INVALID, f"the manifest is not JSON: {error}") from error
    count = len(document.layers or ()) + len(document.manifests or ())
    if count > REFERENCES_MAX:
        raise Fault(
            Code.MANIFEST_INVALID,
            f"the manifest names {count} objects, which are too many: at most {REFERENCES_MAX} are "
            "accepted, so split it and join the parts by an index",
            {"references": count, "limit": REFERENCES_MAX},
        )
    return document


def redecode(raw: bytes) -> Document:
    """Return the document in bytes that `decode` took before, or `Fault(MANIFEST_INVALID)`."""
    try:
        return _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Fault(Code.MANIFEST_INVALID, f"the manifest is not valid: {error}") from error


def to_descriptor(document: DescriptorDocument) -> Descriptor:
    """Return the descriptor, or raise `Fault(DIGEST_INVALID)`."""
    platform = document.platform
    return Descriptor(
        media_type=document.mediaType,
        digest=Digest.parse(document.digest),
        size=document.size,
        artifact_type=document.artifactType or "",
        platform=Platform(
            platform.os, platform.architecture, platform.variant or "", platform.os_version or ""
        )
        if platform
        else None,
        urls=tuple(document.urls or ()),
        annotations=document.annotations or {},
    )
