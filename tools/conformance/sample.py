"""A small image, pushed before the suite comes."""

import hashlib
import json

from tools.conformance.target import Target

CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Sample:
    """An image without layers, under some tags."""

    def __init__(self, repository: str) -> None:
        self.repository = repository
        self.tags = ("one", "two", "three", "four")
        self._config = b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers"}}'
        config = {"mediaType": CONFIG, "digest": self.blob_digest, "size": len(self._config)}
        document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}
        self._manifest = json.dumps(document).encode()

    @property
    def blob_digest(self) -> str:
        """The digest of its config."""
        return _digest(self._config)

    @property
    def digest(self) -> str:
        """The digest of its manifest."""
        return _digest(self._manifest)

    def push(self, target: Target) -> None:
        """Push it under all its tags."""
        base = f"/v2/{self.repository}"
        address = f"{base}/blobs/uploads/?digest={self.blob_digest}"
        target.send("POST", address, self._config, "application/octet-stream")
        for tag in self.tags:
            target.send("PUT", f"{base}/manifests/{tag}", self._manifest, MANIFEST)


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
