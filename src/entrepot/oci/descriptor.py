"""Descriptors: type, digest and size of some content (image-spec, descriptor)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .digest import Digest
from .mediatype import INDEXES, MANIFESTS, is_nondistributable
from .platform import Platform

_EMPTY: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A reference to content by digest; `size` in bytes."""

    media_type: str
    digest: Digest
    size: int
    artifact_type: str = ""
    platform: Platform | None = None
    urls: tuple[str, ...] = ()
    # Left out of the hash, as a dict has none; equality still sees it.
    annotations: Mapping[str, str] = field(default_factory=lambda: _EMPTY, hash=False)

    @property
    def is_manifest(self) -> bool:
        """Whether it says to be a manifest or an index."""
        return self.media_type in MANIFESTS or self.media_type in INDEXES

    @property
    def may_be_absent(self) -> bool:
        """Whether a manifest may name it without the registry having it (foreign layers)."""
        return bool(self.urls) or is_nondistributable(self.media_type)
