"""Whether what a client fetched is what the corpus holds."""

import gzip
import json
import tarfile
from pathlib import Path
from typing import IO

from tests.blackbox.wire import GZIP_MAGIC, Wire
from tools.corpus.layout import Image, Layout, digest_of, digest_of_stream


def assert_served(wire: Wire, image: Image, repository: str, *, exactly: bool) -> None:
    """The registry serves the image: as it was, or the same content compressed anew."""
    if exactly:
        wire.assert_identical(image, repository)
    else:
        wire.assert_equivalent(image, repository)


def assert_layout_holds(path: Path, image: Image) -> None:
    """A fetched layout has the image byte for byte, with all that it reaches."""
    fetched = Layout(path)
    assert image.digest in {entry["digest"] for entry in fetched.entries()}
    for manifest in image.layout.manifests_below(image.descriptor):
        assert fetched.read(manifest["digest"]) == image.layout.read(manifest["digest"])
        for blob in image.layout.blobs_of(manifest):
            with fetched.blob_path(blob["digest"]).open("rb") as stream:
                assert digest_of_stream(stream) == (blob["digest"], blob["size"])


def assert_archive_holds(archive: Path, image: Image) -> None:
    """A saved tar (Docker's or OCI's) has the image's config and layer contents."""
    with tarfile.open(archive) as tar:
        config, layers = _members(tar)
        assert digest_of(_read(tar, config)) == digest_of(image.config)
        contents = [_content_digest(tar, layer) for layer in layers]
    assert contents == image.diff_ids


def _members(tar: tarfile.TarFile) -> tuple[str, list[str]]:
    """The names of the config and of the layers, lowest first."""
    if "manifest.json" in tar.getnames():
        (entry,) = json.loads(_read(tar, "manifest.json"))
        return entry["Config"], entry["Layers"]
    (described,) = json.loads(_read(tar, "index.json"))["manifests"]
    manifest = json.loads(_read(tar, _blob(described["digest"])))
    return _blob(manifest["config"]["digest"]), [_blob(one["digest"]) for one in manifest["layers"]]


def _blob(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    with _open(tar, name) as member:
        return member.read()


def _open(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    member = tar.extractfile(name)
    assert member is not None, f"{name} is not a file"
    return member


def _content_digest(tar: tarfile.TarFile, name: str) -> str:
    with _open(tar, name) as member:
        packed = member.read(2) == GZIP_MAGIC
        member.seek(0)
        if not packed:
            return digest_of_stream(member)[0]
        with gzip.open(member) as plain:
            return digest_of_stream(plain)[0]
