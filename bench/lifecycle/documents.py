"""The JSON of made configs, images, indexes and referrers."""

import json
from typing import Any

from entrepot.faces.cli.bench.fixture import LAYER
from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_CONFIG, OCI_EMPTY, OCI_INDEX, OCI_MANIFEST

ARTIFACT = "application/vnd.example.sbom.v1+json"
PLATFORMS = ("amd64", "arm64")

Piece = tuple[Digest, int]
"""Digest and size."""


def config(number: int, architecture: str) -> bytes:
    """Return an image's configuration, unlike any other."""
    return _bytes(
        {
            "architecture": architecture,
            "os": "linux",
            "config": {"Labels": {"build": str(number)}},
            "rootfs": {"type": "layers", "diff_ids": []},
        }
    )


def image(config_piece: Piece, layers: list[Piece]) -> bytes:
    """Return an image's manifest."""
    return _bytes(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": _descriptor(OCI_CONFIG, config_piece),
            "layers": [_descriptor(LAYER, layer) for layer in layers],
        }
    )


def index(children: list[Piece]) -> bytes:
    """Return an index with one child for each of `PLATFORMS`."""
    return _bytes(
        {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [
                _descriptor(OCI_MANIFEST, child)
                | {"platform": {"architecture": architecture, "os": "linux"}}
                for child, architecture in zip(children, PLATFORMS, strict=True)
            ],
        }
    )


def referrer(subject: Piece, empty: Piece, layer: Piece) -> bytes:
    """Return an artifact that refers to an image (image-spec, "Guidelines for Artifact Usage")."""
    return _bytes(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": ARTIFACT,
            "config": _descriptor(OCI_EMPTY, empty),
            "layers": [_descriptor(ARTIFACT, layer)],
            "subject": _descriptor(OCI_MANIFEST, subject),
        }
    )


def _descriptor(media_type: str, piece: Piece) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": piece[0], "size": piece[1]}


def _bytes(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
