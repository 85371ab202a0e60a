"""Clauses of the distribution specification that no other test is about.

`docs/conformance.md` lists all of them with their tests.
"""

import re

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code
from entrepot.oci.mediatype import OCI_MANIFEST
from tests.faces.registry.registry import Registry
from tests.services.house import image

DATA = b"a layer"
DIGEST = Digest.of(DATA)
BLOB = f"/v2/app/blobs/{DIGEST}"
UPLOADS = "/v2/app/blobs/uploads/"
CONFIG_ONLY = image([])
CONFIG_DIGEST = Digest.of(CONFIG_ONLY)

OF_THE_TABLE = {
    "BLOB_UNKNOWN",
    "BLOB_UPLOAD_INVALID",
    "BLOB_UPLOAD_UNKNOWN",
    "DIGEST_INVALID",
    "MANIFEST_BLOB_UNKNOWN",
    "MANIFEST_INVALID",
    "MANIFEST_UNKNOWN",
    "NAME_INVALID",
    "NAME_UNKNOWN",
    "SIZE_INVALID",
    "UNAUTHORIZED",
    "DENIED",
    "UNSUPPORTED",
    "TOOMANYREQUESTS",
}
OF_OTHERS = {
    "CONFLICT",
    "KEY_REUSED",
    "MANIFEST_TOO_BIG",
    "NOT_FOUND",
    "PAGINATION_NUMBER_INVALID",
    "PRECONDITION",
    "RANGE_INVALID",
    "REQUEST_INVALID",
    "REQUEST_TIMEOUT",
    "TAGS_TOO_MANY",
    "TAG_INVALID",
    "UNAVAILABLE",
    "UNKNOWN",
}
"""For what the table has no code; several are those of the distribution project."""


@pytest.mark.parametrize(
    "method, path, status, body",
    [
        ("GET", "/v2/", 200, b""),
        ("GET", BLOB, 200, b""),
        ("HEAD", BLOB, 200, b""),
        ("GET", "/v2/app/manifests/v1", 200, b""),
        ("HEAD", f"/v2/app/manifests/{CONFIG_DIGEST}", 200, b""),
        ("POST", UPLOADS, 202, b""),
        ("POST", f"{UPLOADS}?digest={DIGEST}", 201, DATA),
        ("POST", f"{UPLOADS}?digest-algorithm=sha512", 202, b""),
        ("PATCH", "<location>", 202, DATA),
        ("PUT", f"<location>?digest={DIGEST}", 201, DATA),
        ("PUT", "/v2/app/manifests/v2", 201, CONFIG_ONLY),
        ("PUT", f"/v2/app/manifests/{CONFIG_DIGEST}?tag=1&tag=2&tag=3", 201, CONFIG_ONLY),
        ("GET", "/v2/app/tags/list", 200, b""),
        ("GET", "/v2/app/tags/list?n=1&last=a", 200, b""),
        ("DELETE", "/v2/app/manifests/v1", 202, b""),
        ("DELETE", f"/v2/app/manifests/{CONFIG_DIGEST}", 202, b""),
        ("DELETE", BLOB, 202, b""),
        ("POST", f"{UPLOADS}?mount={DIGEST}&from=other", 201, b""),
        ("GET", f"/v2/app/referrers/{CONFIG_DIGEST}", 200, b""),
        ("GET", f"/v2/app/referrers/{CONFIG_DIGEST}?artifactType=a%2Fb", 200, b""),
        ("GET", "<location>", 204, b""),
        ("DELETE", "<location>", 204, b""),
    ],
)
async def test_every_endpoint_of_the_table_is_served(
    registry: Registry, method: str, path: str, status: int, body: bytes
) -> None:
    await registry.push_image("v1")
    await registry.push_blob(DATA)
    await registry.push_blob(DATA, "other")
    location = await registry.start_upload()
    headers = {"Content-Type": OCI_MANIFEST} if "/manifests/" in path else {}
    answer = await registry.request(method, path.replace("<location>", location), headers, body)
    assert answer.status == status, answer.body


async def test_every_session_has_an_id_of_its_own(registry: Registry) -> None:
    locations = {await registry.start_upload() for _ in range(100)}
    assert len(locations) == 100
    assert all(len(location.rpartition("/")[2]) >= 32 for location in locations)


async def test_chunks_have_no_least_length(registry: Registry) -> None:
    answer = await registry.request("POST", UPLOADS)
    assert answer.header("OCI-Chunk-Min-Length") is None
    location = str(answer.header("Location"))
    for place in range(len(DATA)):
        headers = {"Content-Range": f"{place}-{place}"}
        chunk = DATA[place : place + 1]
        answer = await registry.request("PATCH", location, headers, chunk)
        assert (answer.status, answer.header("Range")) == (202, f"0-{place}")
        location = str(answer.header("Location"))
    assert (await registry.request("PUT", f"{location}?digest={DIGEST}")).status == 201


async def test_the_digest_told_is_that_of_the_body(registry: Registry) -> None:
    raw = await registry.push_image("v1", [DATA])
    for path, content in ((BLOB, DATA), ("/v2/app/manifests/v1", raw)):
        answer = await registry.get(path)
        assert answer.header("Docker-Content-Digest") == Digest.of(answer.body)
        assert answer.body == content


async def test_what_is_deleted_is_gone_at_once(registry: Registry) -> None:
    digest = Digest.of(await registry.push_image("v1", [DATA]))
    for path in ("/v2/app/manifests/v1", f"/v2/app/manifests/{digest}", BLOB):
        assert (await registry.get(path)).status == 200
        assert (await registry.request("DELETE", path)).status == 202
        assert (await registry.get(path)).status == 404
        assert (await registry.head(path)).status == 404
        assert (await registry.request("DELETE", path)).status == 404


async def test_a_namespace_that_is_not_used_is_not_told(registry: Registry) -> None:
    await registry.push_image("v1")
    answer = await registry.get("/v2/app/manifests/v1?ns=docker.io")
    assert (answer.status, answer.header("OCI-Namespace")) == (200, None)


def test_codes_are_capitals_and_those_beside_the_table_are_known() -> None:
    codes = {code.value for code in Code}
    assert all(re.fullmatch("[A-Z_]+", code) for code in codes)
    assert codes == OF_THE_TABLE | OF_OTHERS
