"""The pieces of work that are timed, and what each needs to find in the registry."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from entrepot.oci.mediatype import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST

from .fixture import (
    KIB,
    LAYER_BYTES,
    LAYER_WEIGHTS,
    MIB,
    SEED,
    Fixture,
    manifest,
    push,
    put_manifest,
    tag_name,
)
from .payload import Payload
from .request import Request, Script
from .target import Target

GIB = 1024 * MIB
CHUNK_BYTES = 8 * MIB
RANGE_BYTES = 4 * MIB
TAGS = 100_000
TAGS_PAGE = 1000
MIXED_IMAGES = 64
MIXED_STEPS = 4096
MIXED_PULLS = 0.95
"""Pulls were 95 % of the requests to a production registry: Anwar et al., "Improving Docker
Registry Design Based on Production Workload Analysis", FAST '18; popularity was Zipf's."""

# docker-registry answers 404 for an OCI manifest that the client does not name.
ACCEPT = f"Accept: {OCI_MANIFEST}, {OCI_INDEX}, {DOCKER_MANIFEST}, {DOCKER_LIST}\r\n"


class Site:
    """What the scripts of one run are made from: the target, what it holds, what is pushed."""

    def __init__(self, target: Target, fixture: Fixture) -> None:
        self.target = target
        self.fixture = fixture
        self._payloads: dict[int, Payload] = {}

    def payload(self, size: int) -> Payload:
        """Return what bodies of this size are made from."""
        if size not in self._payloads:
            self._payloads[size] = Payload(size)
        return self._payloads[size]

    def close(self) -> None:
        """Free what was pushed."""
        for payload in self._payloads.values():
            payload.close()


Make = Callable[[Site, int], list[Script]]
"""Returns the scripts of so many connections; they never end by themselves."""


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work. A unit of it moves `unit_bytes` of body (0 where that says nothing)."""

    name: str
    connections: int
    make: Make
    unit_bytes: int = 0
    cut: bool = False
    blobs: tuple[int, ...] = ()
    images: int = 0
    tags: int = 0


def works(*, tags: int) -> list[Work]:
    """Return all work, in the order in which it is done; `tags` is 0 where none are listed."""
    listed = [Work(f"tags page of {tags}, c={c}", c, _tags(tags), tags=tags) for c in (1, 16)]
    return [*_manifests(), *_pulls(), *_pushes(), *_mixed(), *(listed if tags else [])]


def _manifests() -> Iterator[Work]:
    for method in ("GET", "HEAD"):
        for by in ("tag", "digest"):
            for connections in (1, 16, 64):
                name = f"manifest {method} by {by}, c={connections}"
                yield Work(name, connections, partial(_manifest, method, by), images=1)


def _pulls() -> Iterator[Work]:
    for name, size in (("1 MiB", MIB), ("64 MiB", 64 * MIB), ("1 GiB", GIB)):
        for connections in (1, 4, 32):
            make = partial(_blob, size)
            named = f"pull {name}, c={connections}"
            yield Work(named, connections, make, size, cut=True, blobs=(size,))
    make = partial(_range, 64 * MIB)
    yield Work("range 4 MiB, c=32", 32, make, RANGE_BYTES, cut=True, blobs=(64 * MIB,))


def _pushes() -> Iterator[Work]:
    for connections in (1, 8):
        for name, chunk in (("", 0), (" chunked", CHUNK_BYTES)):
            make = partial(_push, 64 * MIB, chunk)
            yield Work(f"push 64 MiB{name}, c={connections}", connections, make, 64 * MIB)
    yield Work("push 1 MiB, c=8", 8, partial(_push, MIB, 0), MIB)
    yield Work("push 32 KiB, c=8", 8, partial(_push, 32 * KIB, 0), 32 * KIB)


def _mixed() -> Iterator[Work]:
    for connections in (4, 16):
        yield Work(f"mixed, c={connections}", connections, _mix, images=MIXED_IMAGES)


def _repeat(request: Request) -> Script:
    while True:
        yield request


def _manifest(method: str, by: str, site: Site, count: int) -> list[Script]:
    image = site.fixture.images[0]
    reference = image.tag if by == "tag" else image.manifest
    head = site.target.head(method, f"manifests/{reference}", ACCEPT)
    return [_repeat(Request(head, bare=method == "HEAD")) for _ in range(count)]


def _blob(size: int, site: Site, count: int) -> list[Script]:
    head = site.target.head("GET", f"blobs/{site.fixture.blob(size)}")
    return [_repeat(Request(head)) for _ in range(count)]


def _range(size: int, site: Site, count: int) -> list[Script]:
    def ranges(number: int) -> Script:
        chance = random.Random(number)  # noqa: S311 - where to read
        path = f"blobs/{site.fixture.blob(size)}"
        while True:
            start = chance.randrange(size - RANGE_BYTES + 1)
            line = f"Range: bytes={start}-{start + RANGE_BYTES - 1}\r\n"
            yield Request(site.target.head("GET", path, line), status=206)

    return [ranges(number) for number in range(count)]


def _push(size: int, chunk: int, site: Site, count: int) -> list[Script]:
    payload = site.payload(size)

    def pushes() -> Script:
        while True:
            yield from push(site.target, payload.body(), chunk=chunk)

    return [pushes() for _ in range(count)]


def _tags(tags: int) -> Make:
    return partial(_page, tags)


def _page(tags: int, site: Site, count: int) -> list[Script]:
    path = f"tags/list?n={TAGS_PAGE}&last={tag_name(tags // 2)}"
    return [_repeat(Request(site.target.head("GET", path))) for _ in range(count)]


def _mix(site: Site, count: int) -> list[Script]:
    """Each connection draws what to do: pulls of images by Zipf's law, and now and then a push."""
    weights = [1 / rank for rank in range(1, len(site.fixture.images) + 1)]
    pulls = [_pulls_of(site, number) for number in range(len(site.fixture.images))]
    payloads = [site.payload(size) for size in LAYER_BYTES]

    def mixed(number: int) -> Script:
        chance = random.Random(f"{SEED} {number}")  # noqa: S311 - what to do
        serial = 0
        while True:
            for image in chance.choices(range(len(pulls)), weights, k=MIXED_STEPS):
                if chance.random() < MIXED_PULLS:
                    yield chance.choice(pulls[image])
                else:
                    serial += 1
                    body = chance.choices(payloads, LAYER_WEIGHTS)[0].body()
                    yield from push(site.target, body, ends=False)
                    raw = manifest(site.fixture.config, ((body.digest, body.size),))
                    yield put_manifest(site.target, f"pushed-{number}-{serial % MIXED_STEPS}", raw)

    return [mixed(number) for number in range(count)]


def _pulls_of(site: Site, number: int) -> list[Request]:
    """Return the requests of a pull: the tag is looked up, the manifest and the layers are read."""
    image = site.fixture.images[number]
    return [
        Request(site.target.head("HEAD", f"manifests/{image.tag}", ACCEPT), bare=True),
        Request(site.target.head("GET", f"manifests/{image.tag}", ACCEPT)),
        Request(site.target.head("GET", f"manifests/{image.manifest}", ACCEPT)),
        *(Request(site.target.head("GET", f"blobs/{layer}")) for layer in image.layers[:3]),
    ]
