"""What is put into a registry before it is measured."""

import json
import random
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_CONFIG, OCI_MANIFEST

from .load import Load
from .payload import Body, Payload
from .request import LoadError, Request, Script
from .target import Target

KIB, MIB = 1024, 1024 * 1024
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
TAG = "v1"
LAYERS = 6
LAYER_BYTES = (4 * KIB, 32 * KIB, 256 * KIB, 2 * MIB)
LAYER_WEIGHTS = (45, 30, 17, 8)
"""Sizes of layers: half of those in production are below 64 KiB, a tenth above some MiB."""
SEED = 20180212

LOCATION = b"\r\nlocation:"


@dataclass(frozen=True, slots=True)
class Image:
    """A pushed image: its tag, its manifest's digest, its layers' digests."""

    tag: str
    manifest: Digest
    layers: tuple[Digest, ...]


@dataclass(frozen=True, slots=True)
class Fixture:
    """What a registry holds for the measurements: blobs by size, images by popularity.

    `config` is a small blob that any manifest may name.
    """

    config: tuple[Digest, int]
    images: tuple[Image, ...] = ()
    blobs: tuple[tuple[int, Digest], ...] = ()

    def blob(self, size: int) -> Digest:
        """Return the blob of this size."""
        return dict(self.blobs)[size]


def fill(target: Target, *, blobs: Iterable[int], images: int) -> Fixture:
    """Push what is needed; every byte is new to the registry. Raises `LoadError`."""
    chance = random.Random(SEED)  # noqa: S311 - sizes of layers
    pushed = [(size, _push_one(target, size)) for size in blobs]
    made = [
        _push_image(target, f"{TAG}-{number}" if number else TAG, chance)
        for number in range(images)
    ]
    return Fixture(_small(target, b"{}"), tuple(made), tuple(pushed))


def fill_tags(target: Target, count: int, connections: int) -> None:
    """Give the repository this many tags of one manifest."""
    raw = manifest(_small(target, b"{}"), ())
    numbers = iter(range(count))
    Load(target.place, [_tags(target, raw, numbers) for _ in range(connections)]).run()


def tag_name(number: int) -> str:
    """Return the name of one of many tags; in order of names as of numbers."""
    return f"t{number:07}"


def manifest(config: tuple[Digest, int], layers: tuple[tuple[Digest, int], ...]) -> bytes:
    """Return an image manifest as people's tools write it."""
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor(OCI_CONFIG, *config),
        "layers": [_descriptor(LAYER, *layer) for layer in layers],
    }
    return json.dumps(document, separators=(",", ":")).encode()


def put_manifest(target: Target, reference: str, raw: bytes, *, ends: bool = True) -> Request:
    """Return the request that pushes a manifest."""
    lines = f"Content-Type: {OCI_MANIFEST}\r\nContent-Length: {len(raw)}\r\n"
    return Request(target.head("PUT", f"manifests/{reference}", lines) + raw, status=201, ends=ends)


def push(target: Target, body: Body, *, chunk: int = 0, ends: bool = True) -> Script:
    """Push a blob: POST, then PUT with all of it, or PATCHes of `chunk` bytes before the PUT."""
    length = "Content-Length: 0\r\n"
    begin = target.head("POST", "blobs/uploads/", length)
    head = yield Request(begin, status=202, ends=False, wants_head=True)
    location = _location(head)
    kind = "Content-Type: application/octet-stream\r\n"
    for start in range(0, body.size, chunk) if chunk else ():
        stop = min(start + chunk, body.size)
        lines = f"Content-Range: {start}-{stop - 1}\r\nContent-Length: {stop - start}\r\n{kind}"
        sent = target.head("PATCH", location, lines)
        head = yield Request(
            sent, status=202, body=body.cut(start, stop), ends=False, wants_head=True
        )
        location = _location(head)
    mark = "&" if "?" in location else "?"
    path = f"{location}{mark}digest={body.digest}"
    if chunk:
        yield Request(target.head("PUT", path, length), status=201, ends=ends)
    else:
        sent = target.head("PUT", path, f"Content-Length: {body.size}\r\n{kind}")
        yield Request(sent, status=201, body=body.parts, ends=ends)


def _push_one(target: Target, size: int) -> Digest:
    with closing(Payload(size)) as payload:
        body = payload.body()
        Load(target.place, [push(target, body)]).run()
        return body.digest


def _push_image(target: Target, tag: str, chance: random.Random) -> Image:
    config = _small(
        target, json.dumps({"architecture": "amd64", "os": "linux", "tag": tag}).encode()
    )
    sizes = chance.choices(LAYER_BYTES, LAYER_WEIGHTS, k=LAYERS)
    layers = tuple((_push_one(target, size), size) for size in sizes)
    raw = manifest(config, layers)
    Load(target.place, [_once(put_manifest(target, tag, raw))]).run()
    return Image(tag, Digest.of(raw), tuple(digest for digest, _ in layers))


def _small(target: Target, data: bytes) -> tuple[Digest, int]:
    body = Body((data,), len(data), Digest.of(data))
    Load(target.place, [push(target, body)]).run()
    return body.digest, body.size


def _tags(target: Target, raw: bytes, numbers: Iterator[int]) -> Script:
    for number in numbers:
        yield put_manifest(target, tag_name(number), raw)


def _once(request: Request) -> Script:
    yield request


def _descriptor(media_type: str, digest: Digest, size: int) -> dict[str, object]:
    return {"mediaType": media_type, "digest": str(digest), "size": size}


def _location(head: bytes) -> str:
    """Return the path and query of a Location, which may also be a whole URL."""
    start = head.lower().find(LOCATION)
    if start < 0:
        raise LoadError("the answer to an upload has no Location")
    value = head[start + len(LOCATION) :].partition(b"\r\n")[0].strip().decode("latin-1")
    if "://" in value:
        return "/" + value.partition("://")[2].partition("/")[2]
    return value
