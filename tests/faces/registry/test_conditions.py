"""Conditional requests: entity tags are digests."""

import pytest

from entrepot.oci.digest import Digest
from tests.faces.registry.registry import Registry
from tests.services.house import image

DATA = b"some bytes"
DIGEST = Digest.of(DATA)
OTHER = Digest.of(b"other")
V1 = "/v2/app/manifests/v1"

HELD = [
    f'"{DIGEST}"',
    DIGEST,
    f'W/"{DIGEST}"',
    "*",
    f'"{OTHER}", "{DIGEST}"',
    f'"x",W/"{DIGEST}" ',
]
NOT_HELD = [f'"{OTHER}"', "x", "", '""', f'"{DIGEST.upper()}"', DIGEST[:-1]]


@pytest.mark.parametrize("header", HELD)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("kind", ["blobs", "manifests"])
async def test_who_has_it_is_not_sent_it_again(
    registry: Registry, kind: str, method: str, header: str
) -> None:
    digest = await registry.push_blob(DATA) if kind == "blobs" else await push(registry)
    value = header.replace(DIGEST, digest)
    answer = await registry.request(method, f"/v2/app/{kind}/{digest}", {"If-None-Match": value})
    assert answer.status == 304
    assert answer.header("Docker-Content-Digest") == digest
    assert answer.header("ETag") == f'"{digest}"'


@pytest.mark.parametrize("header", NOT_HELD)
async def test_who_has_something_else_gets_it(registry: Registry, header: str) -> None:
    await registry.push_blob(DATA)
    url = f"/v2/app/blobs/{DIGEST}"
    assert (await registry.get(url, {"If-None-Match": header})).body == DATA
    assert (await registry.head(url, {"If-None-Match": header})).status == 200


async def push(registry: Registry, reference: str = "v1", layer: bytes = b"one") -> Digest:
    return Digest.of(await registry.push_image(reference, [layer]))


async def test_a_tag_that_moved_is_sent(registry: Registry) -> None:
    before = await push(registry)
    headers = {"If-None-Match": f'"{before}"'}
    assert (await registry.get(V1, headers)).status == 304
    after = await push(registry, "v1", b"two")
    answer = await registry.get(V1, headers)
    assert (answer.status, answer.header("Docker-Content-Digest")) == (200, after)


async def test_the_answer_to_a_condition_comes_before_the_range(registry: Registry) -> None:
    await registry.push_blob(DATA)
    headers = {"If-None-Match": f'"{DIGEST}"', "Range": "bytes=0-1"}
    assert (await registry.get(f"/v2/app/blobs/{DIGEST}", headers)).status == 304


@pytest.mark.parametrize(
    "if_range, status",
    [
        (f'"{DIGEST}"', 206),
        (DIGEST, 206),
        (f'"{OTHER}"', 200),
        (f'W/"{DIGEST}"', 200),
        ("Sat, 21 Nov 2026 05:39:02 GMT", 200),
    ],
)
async def test_a_range_may_hang_on_a_condition(
    registry: Registry, if_range: str, status: int
) -> None:
    await registry.push_blob(DATA)
    headers = {"If-Range": if_range, "Range": "bytes=0-1"}
    answer = await registry.get(f"/v2/app/blobs/{DIGEST}", headers)
    assert (answer.status, answer.body) == (status, DATA[:2] if status == 206 else DATA)


NOW = "NOW"
"""Stands for the digest that the tag is at."""


@pytest.mark.parametrize(
    "headers, there, absent",
    [
        ({"If-Match": "*"}, 201, 412),
        ({"If-Match": f'"{NOW}"'}, 201, 412),
        ({"If-Match": NOW}, 201, 412),
        ({"If-Match": f'"{OTHER}", "{NOW}"'}, 201, 412),
        ({"If-Match": f'"{OTHER}"'}, 412, 412),
        ({"If-Match": f'W/"{NOW}"'}, 412, 412),
        ({"If-Match": '"x"'}, 412, 412),
        ({"If-Match": ""}, 412, 412),
        ({"If-None-Match": "*"}, 412, 201),
        ({"If-None-Match": f'"{NOW}"'}, 412, 201),
        ({"If-None-Match": f'W/"{NOW}"'}, 412, 201),
        ({"If-None-Match": f'"{OTHER}"'}, 201, 201),
        ({"If-None-Match": '"x"'}, 201, 201),
        ({"If-None-Match": "*", "If-Match": f'"{NOW}"'}, 412, 412),
        ({"If-None-Match": f'"{OTHER}"', "If-Match": f'"{NOW}"'}, 201, 412),
    ],
)
async def test_a_push_may_be_guarded(
    registry: Registry, headers: dict[str, str], there: int, absent: int
) -> None:
    before = await push(registry)
    await registry.push_blob(b"two")
    raw = image([b"two"])
    sent = {name: value.replace(NOW, before) for name, value in headers.items()}
    for reference, status in (("v1", there), ("v2", absent)):
        url = f"/v2/app/manifests/{reference}"
        answer = await registry.request("PUT", url, sent, raw)
        assert answer.status == status
        if status == 412:
            assert answer.code == "PRECONDITION"
        expected = {201: Digest.of(raw), 412: before if reference == "v1" else None}[status]
        assert (await registry.head(url)).header("Docker-Content-Digest") == expected
