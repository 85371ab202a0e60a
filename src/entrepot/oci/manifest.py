"""Manifests and indexes: parsed facts beside the bytes they were pushed as."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .descriptor import Descriptor
from .digest import DEFAULT_ALGORITHM, Digest
from .document import Document, decode, redecode, to_descriptor
from .errors import Code, Fault
from .mediatype import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    IMAGE_CONFIGS,
    INDEXES,
    MANIFESTS,
    OCI_EMPTY,
    OCI_INDEX,
    OCI_MANIFEST,
    SCHEMA1,
)

MANIFEST_SIZE_MAX_BYTES = 4 * 1024 * 1024
"""What the largest clients still read; the specification asks for at least this much."""

TYPE_SHOWN_MAX = 100
"""Characters of a media type that an error repeats."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """An image manifest or an index, exactly as pushed.

    There is no way to turn one back into bytes but `raw`: what was signed stays what is served.
    """

    raw: bytes = field(repr=False)
    digest: Digest
    media_type: str
    config: Descriptor | None
    layers: tuple[Descriptor, ...]
    children: tuple[Descriptor, ...]
    subject: Descriptor | None
    declared_artifact_type: str
    annotations: Mapping[str, str] = field(hash=False, repr=False)

    @property
    def is_index(self) -> bool:
        return self.media_type in INDEXES

    @property
    def artifact_type(self) -> str:
        """The type a referrers list shows (distribution-spec, "Listing Referrers")."""
        if self.declared_artifact_type:
            return self.declared_artifact_type
        return self.config.media_type if self.config else ""

    @property
    def is_image(self) -> bool:
        """Whether it is something to run, and not another kind of artifact."""
        return self.config is not None and self.config.media_type in IMAGE_CONFIGS

    def blobs(self) -> tuple[Descriptor, ...]:
        """Return config and layers, in order, each digest once."""
        return _once((self.config, *self.layers) if self.config else self.layers)

    def references(self) -> tuple[Descriptor, ...]:
        """Return all that it holds alive: blobs or children, never the subject."""
        return self.blobs() + _once(self.children)


def parse(raw: bytes, content_type: str = "", algorithm: str = DEFAULT_ALGORITHM) -> Manifest:
    """Return the manifest that `raw` is.

    `content_type` is the pushed type without parameters, or empty. Raises `Fault` with
    MANIFEST_INVALID, or DIGEST_INVALID for a malformed digest inside.
    """
    if len(raw) > MANIFEST_SIZE_MAX_BYTES:
        raise Fault(
            Code.MANIFEST_TOO_BIG,
            f"the manifest has {len(raw)} bytes, but at most {MANIFEST_SIZE_MAX_BYTES} are "
            "accepted: keep large data in blobs",
            {"size": len(raw), "limit": MANIFEST_SIZE_MAX_BYTES},
        )
    document = decode(raw)
    media_type = _media_type(document, content_type)
    is_index = media_type in INDEXES
    _check_shape(document, is_index=is_index)
    return _manifest(document, raw, Digest.of(raw, algorithm), media_type)


def reread(raw: bytes, digest: Digest, media_type: str, *, layers: bool = True) -> Manifest:
    """Return the manifest that `raw` was when it was pushed: what `parse` refuses is not there.

    That takes a fifth of the time, and without its layers half of that. Raises
    `Fault(MANIFEST_INVALID)` for what is no manifest at all.
    """
    return _manifest(redecode(raw), raw, digest, media_type, layers=layers)


def _manifest(
    document: Document, raw: bytes, digest: Digest, media_type: str, *, layers: bool = True
) -> Manifest:
    return Manifest(
        raw=raw,
        digest=digest,
        media_type=media_type,
        config=to_descriptor(document.config) if document.config else None,
        layers=tuple(to_descriptor(layer) for layer in document.layers or ()) if layers else (),
        children=tuple(to_descriptor(child) for child in document.manifests or ()),
        subject=to_descriptor(document.subject) if document.subject else None,
        declared_artifact_type=document.artifactType or "",
        annotations=document.annotations or {},
    )


def _once(listed: tuple[Descriptor, ...]) -> tuple[Descriptor, ...]:
    first: dict[Digest, Descriptor] = {}
    for descriptor in listed:
        first.setdefault(descriptor.digest, descriptor)
    return tuple(first.values())


def _media_type(document: Document, content_type: str) -> str:
    declared = document.mediaType or ""
    if declared in SCHEMA1 or content_type in SCHEMA1 or document.schemaVersion == 1:
        raise _invalid(
            "Docker image manifest schema 1 is not accepted: push with a current client "
            "(schema 2 or OCI)"
        )
    if declared and content_type and declared != content_type:
        raise _invalid(
            f"the manifest says mediaType '{declared[:TYPE_SHOWN_MAX]}' but was sent as "
            f"Content-Type '{content_type[:TYPE_SHOWN_MAX]}': both must be the same",
            {
                "mediaType": declared[:TYPE_SHOWN_MAX],
                "contentType": content_type[:TYPE_SHOWN_MAX],
            },
        )
    media_type = declared or content_type or _guess(document)
    if media_type not in MANIFESTS and media_type not in INDEXES:
        raise _invalid(
            f"media type '{media_type[:TYPE_SHOWN_MAX]}' is not a manifest type: send "
            f"{OCI_MANIFEST}, {OCI_INDEX}, {DOCKER_MANIFEST} or {DOCKER_LIST}",
            {"mediaType": media_type[:TYPE_SHOWN_MAX]},
        )
    return media_type


def _guess(document: Document) -> str:
    return OCI_INDEX if document.manifests is not None else OCI_MANIFEST


def _check_shape(document: Document, *, is_index: bool) -> None:
    # A document that is both is read differently by different programs (CVE-2021-41190).
    as_image = document.config is not None or document.layers is not None
    if as_image and document.manifests is not None:
        raise _invalid(
            "the manifest has both 'manifests' and 'config' or 'layers': keep those of one kind"
        )
    if document.schemaVersion != 2:
        raise _invalid(
            "the manifest has no 'schemaVersion' of 2: write it, or push with a current client",
            {"schemaVersion": document.schemaVersion},
        )
    if is_index and as_image:
        raise _invalid(
            "an index must not have 'config' or 'layers': push this as an image manifest"
        )
    if not is_index and document.manifests is not None:
        raise _invalid("an image manifest must not have 'manifests': push this as an index")
    # Go programs write an empty list as null, so a missing list is an empty one.
    if not is_index and document.config is None:
        raise _invalid(
            "this image manifest has no 'config': add one, of type "
            f"{OCI_EMPTY} where there is nothing to say"
        )


def _invalid(message: str, detail: Mapping[str, object] | None = None) -> Fault:
    return Fault(Code.MANIFEST_INVALID, message, detail)
