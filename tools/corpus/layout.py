"""OCI image layouts on disk: a writer, and the reader that tests compare with.

The shape is image-spec's `image-layout.md`: `oci-layout`, `index.json` and
`blobs/<algorithm>/<hex>`. Blobs are written once and never changed.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

Json = dict[str, Any]
"""One JSON object: a descriptor, manifest, index or config, as it is on the wire."""

OCI = "application/vnd.oci.image."
OCI_MANIFEST = OCI + "manifest.v1+json"
OCI_INDEX = OCI + "index.v1+json"
OCI_CONFIG = OCI + "config.v1+json"
OCI_LAYER = OCI + "layer.v1.tar"
OCI_LAYER_GZIP = OCI + "layer.v1.tar+gzip"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER = "application/vnd.docker."
DOCKER_MANIFEST = DOCKER + "distribution.manifest.v2+json"
DOCKER_LIST = DOCKER + "distribution.manifest.list.v2+json"
DOCKER_CONFIG = DOCKER + "container.image.v1+json"
DOCKER_LAYER = DOCKER + "image.rootfs.diff.tar.gzip"

MANIFESTS = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
INDEXES = frozenset({OCI_INDEX, DOCKER_LIST})
REFERENCE = "org.opencontainers.image.ref.name"
BLOCK_BYTES = 1 << 20


def encode(document: Json) -> bytes:
    """The document as compact JSON: what a manifest's digest is taken of."""
    return json.dumps(document, separators=(",", ":")).encode()


def digest_of(content: bytes) -> str:
    """The sha256 digest of `content`, as the registry names it."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Readable(Protocol):
    """As much of a binary file as hashing needs."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end."""


def digest_of_stream(stream: Readable) -> tuple[str, int]:
    """The sha256 digest and the length of all that `stream` still holds."""
    hasher, size = hashlib.sha256(), 0
    while block := stream.read(BLOCK_BYTES):
        hasher.update(block)
        size += len(block)
    return "sha256:" + hasher.hexdigest(), size


@dataclass(frozen=True, slots=True)
class Layout:
    """One OCI layout directory."""

    path: Path

    @classmethod
    def create(cls, path: Path) -> "Layout":
        """An empty layout in the new directory `path`."""
        (path / "blobs" / "sha256").mkdir(parents=True)
        (path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        layout = cls(path)
        layout._write_index([])
        return layout

    def blob_path(self, digest: str) -> Path:
        """Where the bytes of `digest` lie, be they there or not."""
        algorithm, _, encoded = digest.partition(":")
        return self.path / "blobs" / algorithm / encoded

    def read(self, digest: str) -> bytes:
        """The bytes of one small blob."""
        return self.blob_path(digest).read_bytes()

    def document(self, digest: str) -> Json:
        """One manifest, index or config, parsed."""
        parsed: Json = json.loads(self.read(digest))
        return parsed

    def add(self, content: bytes, media_type: str, **fields: Any) -> Json:
        """Stores `content`; returns its descriptor, with `fields` added."""
        digest = digest_of(content)
        self.blob_path(digest).write_bytes(content)
        return {"mediaType": media_type, "digest": digest, "size": len(content), **fields}

    def adopt(self, path: Path, media_type: str, digest: str) -> Json:
        """Moves the file at `path`, whose digest is known, in as a blob."""
        size = path.stat().st_size
        path.replace(self.blob_path(digest))
        return {"mediaType": media_type, "digest": digest, "size": size}

    def manifest(self, config: Json, layers: list[Json], **fields: Any) -> Json:
        """Stores an OCI image manifest; returns its descriptor."""
        body = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers}
        return self.add(encode({**body, **fields}), OCI_MANIFEST)

    def index(self, manifests: list[Json], *, media_type: str = OCI_INDEX) -> Json:
        """Stores an image index (or Docker manifest list); returns its descriptor."""
        body = {"schemaVersion": 2, "mediaType": media_type, "manifests": manifests}
        return self.add(encode(body), media_type)

    def publish(self, descriptor: Json, reference: str | None = None) -> Json:
        """Enters a manifest in `index.json`, named `reference` if one is given."""
        entry = dict(descriptor)
        if reference is not None:
            entry["annotations"] = {**entry.get("annotations", {}), REFERENCE: reference}
        self._write_index([*self.entries(), entry])
        return descriptor

    def entries(self) -> list[Json]:
        """What `index.json` lists, in order."""
        document = json.loads((self.path / "index.json").read_bytes())
        entries: list[Json] = document["manifests"]
        return entries

    def references(self) -> list[str]:
        """The names that `index.json` gives."""
        names = (entry.get("annotations", {}).get(REFERENCE) for entry in self.entries())
        return [name for name in names if name is not None]

    def resolve(self, reference: str) -> Json:
        """The descriptor behind a name or a digest; KeyError where there is none."""
        for entry in self.entries():
            named = entry.get("annotations", {}).get(REFERENCE) == reference
            for manifest in self.manifests_below(entry):
                if manifest["digest"] == reference or (named and manifest is entry):
                    return {key: manifest[key] for key in ("mediaType", "digest", "size")}
        raise KeyError(reference)

    def manifests_below(self, descriptor: Json) -> Iterator[Json]:
        """`descriptor` and every manifest that it reaches, children before parents."""
        if descriptor["mediaType"] in INDEXES:
            for child in self.document(descriptor["digest"])["manifests"]:
                yield from self.manifests_below(child)
        yield descriptor

    def blobs_of(self, descriptor: Json) -> list[Json]:
        """Config and layers of one image manifest; nothing for an index."""
        if descriptor["mediaType"] in INDEXES:
            return []
        document = self.document(descriptor["digest"])
        return [document["config"], *document["layers"]]

    def _write_index(self, manifests: list[Json]) -> None:
        body = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
        (self.path / "index.json").write_bytes(encode(body))


@dataclass(frozen=True, slots=True)
class Image:
    """One named manifest or index of a layout: what a test pushes and pulls."""

    name: str
    layout: Layout
    reference: str

    @property
    def descriptor(self) -> Json:
        return self.layout.resolve(self.reference)

    @property
    def digest(self) -> str:
        digest: str = self.descriptor["digest"]
        return digest

    @property
    def manifest(self) -> Json:
        """The manifest or index itself."""
        return self.layout.document(self.digest)

    def children(self) -> list["Image"]:
        """One image for each entry of an index; none of a single image."""
        entries = self.manifest.get("manifests", [])
        return [Image(self.name, self.layout, entry["digest"]) for entry in entries]

    @property
    def config(self) -> bytes:
        """The config's bytes; only of a single image."""
        return self.layout.read(self.manifest["config"]["digest"])

    @property
    def diff_ids(self) -> list[str]:
        """The digests of the uncompressed layers; only of a single image."""
        diff_ids: list[str] = json.loads(self.config)["rootfs"]["diff_ids"]
        return diff_ids

    @property
    def size_bytes(self) -> int:
        """The sum of all distinct blobs, manifests included."""
        sizes: dict[str, int] = {}
        for manifest in self.layout.manifests_below(self.descriptor):
            for blob in (manifest, *self.layout.blobs_of(manifest)):
                sizes[blob["digest"]] = blob["size"]
        return sum(sizes.values())
