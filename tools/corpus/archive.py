"""One tar that is an OCI layout and a Docker archive at once."""

import io
import json
import tarfile
from pathlib import Path

from tools.corpus.layout import OCI_INDEX, REFERENCE, Image, Json, encode


def write_archive(image: Image, name: str, path: Path) -> None:
    """Writes the image as a tar at `path`, in which it is called `name` (HOST/REPO:TAG).

    An engine finds `index.json` (image-layout.md) or `manifest.json` (what
    `docker save` writes); both point to the same blobs, as pushed.
    """
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        _add(archive, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        names = {REFERENCE: name.rpartition(":")[2], "io.containerd.image.name": name}
        entry = {**image.descriptor, "annotations": names}
        index: Json = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}
        _add(archive, "index.json", encode(index))
        if not image.children():
            _add(archive, "manifest.json", json.dumps([_docker_entry(image, name)]).encode())
        for digest in _digests(image):
            archive.add(image.layout.blob_path(digest), _member(digest))


def _docker_entry(image: Image, name: str) -> Json:
    manifest = image.manifest
    layers = [_member(layer["digest"]) for layer in manifest["layers"]]
    config = _member(manifest["config"]["digest"])
    return {"Config": config, "RepoTags": [name], "Layers": layers}


def _digests(image: Image) -> list[str]:
    found: dict[str, None] = {}
    for manifest in image.layout.manifests_below(image.descriptor):
        for blob in (manifest, *image.layout.blobs_of(manifest)):
            found[blob["digest"]] = None
    return list(found)


def _member(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))
