"""Blobs: existence, content (I5), ranges, deletion."""

from email import message_from_bytes
from email.policy import HTTP
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.adapters.blobs.memory import MemoryStore
from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_MANIFEST, OCTET_STREAM
from entrepot.oci.ranges import RANGES_MAX
from entrepot.ports.blobs import Blob
from tests.collecting import condemn_due
from tests.faces.registry.client import Answer
from tests.faces.registry.registry import Registry, open_registry
from tests.services.house import image

FIXTURE = Path(__file__).parents[2] / "fixtures" / "multirange"
DATA = bytes(number % 251 for number in range(2048))
DIGEST = Digest.of(DATA)
URL = f"/v2/app/blobs/{DIGEST}"
ABSENT = Digest.of(b"absent")


def parts_of(answer: Answer) -> list[tuple[str, bytes]]:
    """Return (Content-Range, bytes) of each part of a multipart answer."""
    head = f"Content-Type: {answer.header('Content-Type')}\r\n\r\n".encode()
    message = message_from_bytes(head + answer.body, policy=HTTP)
    assert message.get_content_type() == "multipart/byteranges"
    assert message.defects == []
    parts = [
        (part["Content-Range"], part.get_payload(decode=True)) for part in message.iter_parts()
    ]
    return [(str(header), bytes(body)) for header, body in parts if isinstance(body, bytes)]


async def test_get_and_head_say_the_same(registry: Registry) -> None:
    await registry.push_blob(DATA)
    got, headed = await registry.get(URL), await registry.head(URL)
    assert (got.status, headed.status) == (200, 200)
    assert got.body == DATA
    for answer in (got, headed):
        assert answer.header("Content-Length") == "2048"
        assert answer.header("Content-Type") == OCTET_STREAM
        assert answer.header("Docker-Content-Digest") == DIGEST
        assert answer.header("ETag") == f'"{DIGEST}"'
        assert answer.header("Accept-Ranges") == "bytes"
        assert answer.header("Cache-Control") == "max-age=31536000"
        assert answer.header("Content-Encoding") is None


@pytest.mark.parametrize("data", [b"", b"{}", b"x" * (600 * 1024)])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_i5_what_is_served_is_what_was_pushed(
    registry: Registry, data: bytes, algorithm: str
) -> None:
    digest = Digest.of(data, algorithm)
    address = f"/v2/app/blobs/uploads/?digest={digest}"
    assert (await registry.request("POST", address, (), data)).status == 201
    answer = await registry.get(f"/v2/app/blobs/{digest}", {"Accept-Encoding": "zstd, gzip"})
    assert (answer.status, answer.body) == (200, data)
    assert answer.header("Content-Encoding") is None


@pytest.mark.parametrize(
    "name, digest, status, code",
    [
        ("app", ABSENT, 404, "BLOB_UNKNOWN"),
        ("unknown/repository", DIGEST, 404, "BLOB_UNKNOWN"),
        ("app", "sha256:123", 400, "DIGEST_INVALID"),
        ("app", "sha256:" + "G" * 64, 400, "DIGEST_INVALID"),
        ("app", "sha256:" + "A" * 64, 400, "DIGEST_INVALID"),
        ("app", "sha384:" + "0" * 96, 400, "DIGEST_INVALID"),
        ("app", "latest", 400, "DIGEST_INVALID"),
        ("App", DIGEST, 400, "NAME_INVALID"),
        ("a//b", DIGEST, 400, "NAME_INVALID"),
        ("_catalog/x", DIGEST, 400, "NAME_INVALID"),
    ],
)
async def test_what_is_not_there(
    registry: Registry, name: str, digest: str, status: int, code: str
) -> None:
    await registry.push_blob(DATA)
    url = f"/v2/{name}/blobs/{digest}"
    for method in ("GET", "DELETE"):
        answer = await registry.request(method, url)
        assert (answer.status, answer.code) == (status, code)
    assert (await registry.head(url)).status == status


@pytest.mark.parametrize(
    "address",
    [URL, f"/v2/app/blobs/{DIGEST.replace(':', '%3A')}", f"/v2/library/app/blobs/{DIGEST}"],
)
async def test_the_digest_may_be_percent_encoded_and_the_name_long(
    registry: Registry, address: str
) -> None:
    await registry.push_blob(DATA)
    assert (await registry.get(address)).body == DATA


# Ranges ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header, first, last",
    [
        ("bytes=500-1499", 500, 1499),
        ("bytes=500-", 500, 2047),
        ("bytes=-500", 1548, 2047),
        ("bytes=-99999", 0, 2047),
        ("bytes=2000-5000", 2000, 2047),
        ("bytes=0-0", 0, 0),
        ("bytes=0-", 0, 2047),
        ("bytes=0-9,5000-6000", 0, 9),
    ],
)
async def test_a_single_range(registry: Registry, header: str, first: int, last: int) -> None:
    await registry.push_blob(DATA)
    answer = await registry.get(URL, {"Range": header})
    assert answer.status == 206
    assert answer.header("Content-Range") == f"bytes {first}-{last}/2048"
    assert answer.header("Content-Type") == OCTET_STREAM
    assert answer.header("Docker-Content-Digest") == DIGEST
    assert answer.body == DATA[first : last + 1]


@pytest.mark.parametrize(
    "header", ["bytes=5000-10000", "bytes=2048-", "bytes=500-0", "bytes=-0", "bytes=9-8,5000-"]
)
async def test_a_range_that_cannot_be_served(registry: Registry, header: str) -> None:
    await registry.push_blob(DATA)
    answer = await registry.get(URL, {"Range": header})
    assert (answer.status, answer.code) == (416, "RANGE_INVALID")
    assert answer.header("Content-Range") == "bytes */2048"
    # A cache must not keep this for a year under the blob's address.
    assert answer.header("Cache-Control") is None


@pytest.mark.parametrize("header", ["lines=0-1", "bytes", "bytes=a-b", "bytes=0-1,x", "0-1"])
async def test_a_range_that_is_ignored(registry: Registry, header: str) -> None:
    await registry.push_blob(DATA)
    answer = await registry.get(URL, {"Range": header})
    assert (answer.status, answer.body) == (200, DATA)


async def test_a_range_of_nothing(registry: Registry) -> None:
    digest = await registry.push_blob(b"")
    answer = await registry.get(f"/v2/app/blobs/{digest}", {"Range": "bytes=0-"})
    assert (answer.status, answer.header("Content-Range")) == (416, "bytes */0")


async def test_head_knows_no_ranges(registry: Registry) -> None:
    await registry.push_blob(DATA)
    answer = await registry.head(URL, {"Range": "bytes=0-1"})
    assert (answer.status, answer.header("Content-Length")) == (200, "2048")


async def test_many_ranges_as_an_independent_program_wrote_them(registry: Registry) -> None:
    blob = (FIXTURE / "blob").read_bytes()
    request = (FIXTURE / "request.txt").read_text()
    header = next(line for line in request.splitlines() if line.startswith("Range: "))[7:]
    digest = await registry.push_blob(blob, "lib/app")
    answer = await registry.get(f"/v2/lib/app/blobs/{digest}", {"Range": header})
    assert answer.status == 206
    kind, _, boundary = str(answer.header("Content-Type")).partition("; boundary=")
    assert kind == "multipart/byteranges"
    assert boundary.isalnum()  # some clients cannot read others, nor quotes around them
    expected = (FIXTURE / "body").read_bytes()
    assert answer.body.replace(boundary.encode(), b"3d6b6a416f9b5") == expected


async def test_parts_come_in_the_order_asked_and_are_never_merged(registry: Registry) -> None:
    await registry.push_blob(DATA)
    answer = await registry.get(URL, {"Range": "bytes=100-199,0-0,200-299,9999-,-1"})
    assert parts_of(answer) == [
        ("bytes 100-199/2048", DATA[100:200]),
        ("bytes 0-0/2048", DATA[:1]),
        ("bytes 200-299/2048", DATA[200:300]),
        ("bytes 2047-2047/2048", DATA[-1:]),
    ]


async def test_a_blob_cannot_hold_the_boundary_of_its_own_parts(registry: Registry) -> None:
    await registry.push_blob(DATA)
    first = await registry.get(URL, {"Range": "bytes=0-1,4-5"})
    boundary = str(first.header("Content-Type")).partition("boundary=")[2]
    hostile = f"\r\n--{boundary}--\r\n".encode() * 9
    digest = await registry.push_blob(hostile)
    answer = await registry.get(f"/v2/app/blobs/{digest}", {"Range": "bytes=0-99,200-"})
    assert [body for _, body in parts_of(answer)] == [hostile[:100], hostile[200:]]


@given(st.data())
async def test_any_ranges_give_their_bytes(data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, 2048), min_size=4, max_size=9)))
    spans = data.draw(st.permutations(list(zip(cuts[::2], cuts[1::2], strict=False))))
    header = ",".join(f"{first}-{end - 1}" for first, end in spans)
    async with open_registry() as registry:
        await registry.push_blob(DATA)
        answer = await registry.get(URL, {"Range": f"bytes={header}"})
    assert [body for _, body in parts_of(answer)] == [DATA[first:end] for first, end in spans]


@pytest.mark.parametrize(
    "header",
    [
        "bytes=0-9,5-14",
        "bytes=0-,0-",
        "bytes=5-9,0-5",
        "bytes=" + ",".join(["0-0"] * RANGES_MAX),
    ],
)
async def test_overlapping_ranges_are_refused(registry: Registry, header: str) -> None:
    await registry.push_blob(DATA)
    answer = await registry.get(URL, {"Range": header})
    assert (answer.status, answer.code) == (400, "REQUEST_INVALID")


async def test_podman_halves_the_number_of_ranges_on_400(registry: Registry) -> None:
    await registry.push_blob(DATA)
    most = [f"{2 * number}-{2 * number}" for number in range(RANGES_MAX)]
    answer = await registry.get(URL, {"Range": "bytes=" + ",".join(most)})
    assert [body for _, body in parts_of(answer)] == [DATA[n : n + 1] for n in range(0, 2048, 2)]
    answer = await registry.get(URL, {"Range": "bytes=" + ",".join([*most, "1-1"])})
    assert (answer.status, answer.code) == (400, "REQUEST_INVALID")


async def test_dockerd_resumes_up_to_the_end(registry: Registry) -> None:
    await registry.push_blob(DATA)
    answer = await registry.get(URL, {"Range": "bytes=1000-"})
    assert answer.status == 206
    assert answer.header("Content-Range") == "bytes 1000-2047/2048"


async def test_stargz_asks_for_two_bytes_to_learn_the_size(registry: Registry) -> None:
    await registry.push_blob(DATA)
    answer = await registry.get(URL, {"Range": "bytes=0-1", "Accept-Encoding": "identity"})
    assert (answer.status, answer.header("Content-Range")) == (206, "bytes 0-1/2048")


# Deletion, and what shows elsewhere --------------------------------------------------------------


async def test_delete_takes_the_blob_from_this_repository_only(registry: Registry) -> None:
    await registry.push_blob(DATA)
    await registry.push_blob(DATA, "other")
    answer = await registry.request("DELETE", URL)
    assert (answer.status, answer.body) == (202, b"")
    assert answer.header("Docker-Content-Digest") == DIGEST
    assert (await registry.head(URL)).status == 404
    assert (await registry.get(URL)).code == "BLOB_UNKNOWN"
    assert (await registry.get(f"/v2/other/blobs/{DIGEST}")).body == DATA
    assert (await registry.request("DELETE", URL)).code == "BLOB_UNKNOWN"


async def test_a_blob_that_an_image_needs_stays(registry: Registry) -> None:
    raw = await registry.push_image("v1", [DATA])
    refused = await registry.request("DELETE", URL)
    assert (refused.status, refused.code) == (405, "UNSUPPORTED")
    assert Digest.of(raw) in refused.message
    assert (await registry.get(URL)).body == DATA
    await registry.request("DELETE", f"/v2/app/manifests/{Digest.of(raw)}")
    assert (await registry.request("DELETE", URL)).status == 202


async def test_containerd_fetches_by_digest_from_blobs_first(registry: Registry) -> None:
    raw = await registry.push_image("v1", [DATA])
    url = f"/v2/app/blobs/{Digest.of(raw)}"
    assert (await registry.get(url)).body == raw
    assert (await registry.head(url)).header("Content-Length") == str(len(raw))


async def test_an_image_made_of_another_keeps_it_as_its_layer(registry: Registry) -> None:
    inner = await registry.push_image("inner", [DATA])
    outer = image([inner])
    assert (await registry.push_manifest(outer, "outer")).status == 201
    addresses = [f"/v2/app/{kind}/{Digest.of(inner)}" for kind in ("manifests", "blobs")]
    assert (await registry.request("DELETE", addresses[0])).status == 202
    assert (await registry.get("/v2/app/manifests/inner")).status == 404
    for address in addresses:
        assert (await registry.get(address)).body == inner
    await registry.request("DELETE", f"/v2/app/manifests/{Digest.of(outer)}")
    await registry.request("DELETE", addresses[1])
    for address in addresses:
        assert (await registry.get(address)).status == 404


async def test_a_manifest_may_come_as_a_blob(registry: Registry) -> None:
    """skopeo sends the layers of delta artifacts to /blobs, oras sends manifests to /manifests."""
    raw = image([DATA], mediaType=OCI_MANIFEST)
    await registry.push_blob(raw)
    address = f"/v2/app/manifests/{Digest.of(raw)}"
    got, headed = await registry.get(address), await registry.head(address)
    assert got.body == raw
    for answer in (got, headed):
        assert answer.header("Content-Type") == OCI_MANIFEST
        assert answer.header("Content-Length") == str(len(raw))
        assert answer.header("Docker-Content-Digest") == Digest.of(raw)
    assert (await registry.get("/v2/app/tags/list")).json["tags"] == []


async def test_a_manifest_that_came_both_ways_is_deleted_from_both(registry: Registry) -> None:
    raw = await registry.push_image("v1", [DATA])
    await registry.push_blob(raw)
    addresses = [f"/v2/app/{kind}/{Digest.of(raw)}" for kind in ("manifests", "blobs")]
    assert (await registry.request("DELETE", addresses[0])).status == 202
    for address in addresses:
        assert (await registry.get(address)).status == 404


async def test_a_head_keeps_the_blob_for_a_push_to_come(registry: Registry) -> None:
    """I11: who is told that a blob exists may rely on it for the grace time."""
    await registry.push_blob(DATA)
    registry.clock.seconds += 7200.0
    assert (await registry.head(URL)).status == 200
    registry.clock.seconds += 7200.0
    async with registry.catalog.begin(write=True) as tx:
        assert await condemn_due(tx, registry.clock.now()) == []
    registry.clock.seconds += 7200.0
    async with registry.catalog.begin(write=True) as tx:
        assert len(await condemn_due(tx, registry.clock.now())) == 1
    assert (await registry.head(URL)).status == 404


LONG = bytes(range(256)) * 400


async def linked(registry: Registry) -> str:
    """Push a blob into a store that has URLs, and return its address."""

    async def link(blob: Blob, size_bytes: int) -> str | None:
        return f"https://bucket/{blob.digest.encoded}?signed={size_bytes}"

    assert isinstance(registry.store, MemoryStore)
    registry.store.link = link
    return f"/v2/app/blobs/{await registry.push_blob(LONG)}"


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=5-9"}])
async def test_a_client_is_sent_to_the_store(registry: Registry, headers: dict[str, str]) -> None:
    url = await linked(registry)
    answer = await registry.get(url, headers)
    digest = Digest.of(LONG)
    assert answer.status == 307
    assert answer.header("Location") == f"https://bucket/{digest.encoded}?signed={len(LONG)}"
    assert answer.header("Docker-Content-Digest") == digest
    assert answer.header("Cache-Control") == "no-store"
    assert answer.header("Content-Length") == "0"
    assert answer.body == b""


async def test_what_the_store_is_not_asked_for(registry: Registry) -> None:
    url = await linked(registry)
    headed = await registry.head(url)
    assert (headed.status, headed.header("Content-Length")) == (200, str(len(LONG)))
    several = await registry.get(url, {"Range": "bytes=0-1,5-9"})
    assert [data for _, data in parts_of(several)] == [LONG[:2], LONG[5:10]]
    assert (await registry.get(url, {"Range": f"bytes={len(LONG)}-"})).status == 416
    assert (await registry.get(url, {"If-None-Match": f'"{Digest.of(LONG)}"'})).status == 304
    await registry.push_blob(DATA)
    assert (await registry.get(URL)).body == DATA, "a small one"
