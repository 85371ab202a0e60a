"""Puts many tags on disk before a peer starts: to push them would take it hours."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from entrepot.faces.cli.bench.fixture import manifest
from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_MANIFEST

CONFIG = b"{}"


def distribution(root: Path, repository: str, names: Iterable[str]) -> None:
    """Write tags as the distribution project keeps them: a folder and a link for each."""
    link = f"sha256:{hashlib.sha256(CONFIG).hexdigest()}"
    tags = root / "docker/registry/v2/repositories" / repository / "_manifests/tags"
    for name in names:
        current = tags / name / "current"
        current.mkdir(parents=True)
        (current / "link").write_text(link)


def oci_layout(root: Path, repository: str, names: Iterable[str]) -> None:
    """Write tags as an image layout (OCI image-spec, image-layout), which olareg and zot keep."""
    folder = root / repository
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    config = Digest.of(CONFIG)
    raw = manifest((config, len(CONFIG)), ())
    digest = Digest.of(raw)
    for name, data in ((config, CONFIG), (digest, raw)):
        (blobs / name.partition(":")[2]).write_bytes(data)
    about = {"mediaType": OCI_MANIFEST, "digest": digest, "size": len(raw)}
    mark = "org.opencontainers.image.ref.name"
    entries = [{**about, "annotations": {mark: name}} for name in names]
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": entries,
    }
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
