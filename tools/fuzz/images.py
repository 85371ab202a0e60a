"""Small images to push, and the requests that push them."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from tools.fuzz.client import Answer, Client

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


def digest_of(data: bytes) -> str:
    """Return the sha256 digest."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def descriptor(media_type: str, data: bytes) -> dict[str, Any]:
    """Return the descriptor of these bytes."""
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def image(config: bytes, layers: Sequence[bytes], **more: object) -> bytes:
    """Return a manifest; `more` are further fields of it."""
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(CONFIG, config),
        "layers": [descriptor(LAYER, layer) for layer in layers],
        **more,
    }
    return json.dumps(document, separators=(",", ":")).encode()


def index(*manifests: bytes, **more: object) -> bytes:
    """Return an index of these manifests."""
    children = [descriptor(MANIFEST, raw) for raw in manifests]
    document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": children, **more}
    return json.dumps(document, separators=(",", ":")).encode()


async def push_blob(client: Client, name: str, data: bytes, fields: Iterable[str] = ()) -> Answer:
    """Push a blob in one request."""
    target = f"/v2/{name}/blobs/uploads/?digest={digest_of(data)}"
    return await client.call("POST", target, data, fields)


async def push_manifest(
    client: Client, name: str, reference: str, raw: bytes, fields: Iterable[str] = ()
) -> Answer:
    """Push a manifest, whose type is the one it says."""
    declared = json.loads(raw)["mediaType"]
    target = f"/v2/{name}/manifests/{reference}"
    return await client.call("PUT", target, raw, [f"Content-Type: {declared}", *fields])
