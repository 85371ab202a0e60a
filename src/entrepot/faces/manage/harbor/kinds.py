"""Kinds of artifacts in Harbor's words: types, icons, extra attributes, additions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from entrepot.oci.mediatype import DOCKER_CONFIG, DOCKER_LIST, OCI_CONFIG, OCI_INDEX
from entrepot.rules.extracts import NOTHING, Extract

IMAGE, CHART, CNAB, WASM, CNAI, SBOM = "IMAGE", "CHART", "CNAB", "WASM", "CNAI", "SBOM"
UNKNOWN = "UNKNOWN"
KINDS_MAX = 256
"""Kinds that are remembered by their media types."""
BUILD_HISTORY = "build_history"
CHART_FILES = ("values.yaml", "readme.md")
DEPENDENCIES = "dependencies"

_TYPES = {
    OCI_CONFIG: IMAGE,
    DOCKER_CONFIG: IMAGE,
    OCI_INDEX: IMAGE,
    DOCKER_LIST: IMAGE,
    "application/vnd.cncf.helm.config.v1+json": CHART,
    "application/vnd.cnab.manifest.v1": CNAB,
    "application/vnd.wasm.config.v1+json": WASM,
    "application/vnd.cncf.model.manifest.v1+json": CNAI,
    "application/vnd.goharbor.harbor.sbom.v1": SBOM,
}
_BY_CONFIG = re.compile(r"application/vnd\.[^.]*\.(.*)\.config\.[^.]*\+json")
_ICONS = {
    IMAGE: "0048162a053eef4d4ce3fe7518615bef084403614f8bca43b40ae2e762e11e06",
    CHART: "61cf3a178ff0f75bf08a25d96b75cf7355dc197749a9f128ed3ef34b0df05518",
    CNAB: "089bdda265c14d8686111402c8ad629e8177a1ceb7dcd0f7f39b6480f623b3bd",
    WASM: "badd7693bcaf115be202748241dd0ea6ee3b0524bfab9ac22d1e1c43721afec6",
    CNAI: "1e1e5c5fdaf0931ec8655e835d1182f723a0c322a6760211622e1270f0193717",
}
_ICON = "da834479c923584f4cbcdecc0dac61f32bef1d51e8aae598cf16bd154efab49f"

COSIGN, NOTATION = "signature.cosign", "signature.notation"
SIGNATURES = (COSIGN, NOTATION)
_ACCESSORIES = {
    "application/vnd.cncf.notary.signature": NOTATION,
    "application/vnd.dev.cosign.artifact.sig.v1+json": COSIGN,
    "application/vnd.dev.sigstore.bundle.v0.3+json": COSIGN,
    "application/vnd.goharbor.harbor.sbom.v1": "sbom.harbor",
}
_ACCESSORY_ICONS = {
    COSIGN: "20401d5b3a0f6dbc607c8d732eb08471af4ae6b19811a4efce8c6a724aed2882",
    NOTATION: "3ac706e102bbe9362b400aa162df58135d35e66b9c3bee2165de92022d25fe34",
    "sbom.harbor": "c19f80c357cd7e90d2a01b9ae3e2eb62ce447a2662bb590a19177d72d550bdae",
}
_HISTORY = ("author", "comment", "created", "created_by", "empty_layer")


@dataclass(frozen=True, slots=True)
class Kind:
    """What sort of artifact a manifest is."""

    type: str
    media_type: str
    """That of the configuration, or of the index itself."""
    artifact_type: str

    @property
    def icon(self) -> str:
        return f"sha256:{_ICONS.get(self.type, _ICON)}"


def kind_of(extract: Extract) -> Kind:
    """Return what sort of artifact it is."""
    media_type = extract.media_type
    if extract.is_index:
        media_type = extract.note("org.opencontainers.artifactType") or media_type
    elif extract.note("module.wasm.image/variant") == "compat":
        media_type = "application/vnd.wasm.config.v1+json"
    artifact_type = extract.artifact_type
    return _kind(media_type, artifact_type)


@lru_cache(maxsize=KINDS_MAX)
def _kind(media_type: str, artifact_type: str) -> Kind:
    return Kind(_type(artifact_type or media_type, media_type), media_type, artifact_type)


def media_types(kind: str) -> tuple[str, ...]:
    """Return the media types that are of a type; one that nothing has for a type without any."""
    found = tuple(media_type for media_type, one in _TYPES.items() if one == kind.upper())
    return found or (kind,)


def extra_attributes(kind: Kind, extract: Extract) -> msgspec.Raw | None:
    """Return what the configuration says, as JSON; empty for nothing, None if it is not told."""
    if extract.is_index or kind.type == UNKNOWN:
        return NOTHING
    if kind.type == IMAGE:
        return extract.image
    if not extract.config:
        return None
    return NOTHING if bytes(extract.config) == b"{}" else extract.config


def additions(kind: Kind, extract: Extract) -> tuple[str, ...]:
    """Return what can be asked for beside the artifact."""
    if kind.type == IMAGE and not extract.is_index:
        return (BUILD_HISTORY,)
    return (*CHART_FILES, DEPENDENCIES) if kind.type == CHART else ()


def history(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return how an image was built, of what its configuration says."""
    found = config.get("history")
    lines = found if isinstance(found, list) else []
    return [
        {key: line[key] for key in _HISTORY if line.get(key)}
        for line in lines
        if isinstance(line, dict)
    ]


def accessory_type(artifact_type: str, *, attached: bool) -> str:
    """Return what sort of accessory it is; `attached` by a tag as cosign makes them."""
    return COSIGN if attached else _ACCESSORIES.get(artifact_type, "subject.accessory")


def accessory_icon(kind: str) -> str:
    """Return the icon of a sort of accessory; empty for none."""
    digest = _ACCESSORY_ICONS.get(kind)
    return f"sha256:{digest}" if digest else ""


def _type(resolved: str, media_type: str) -> str:
    known = _TYPES.get(resolved)
    if known is not None:
        return known
    match = _BY_CONFIG.fullmatch(media_type[:256])
    return match[1].upper() if match else UNKNOWN
