"""Manifests and indexes: by tag and by digest (I5)."""

import msgspec
import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.mediatype import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
)
from tests.faces.registry.registry import Registry
from tests.services.house import descriptor, image, index

V1 = "/v2/app/manifests/v1"
FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
ABSENT = Digest.of(b"absent")


def document(**fields: object) -> bytes:
    return encode({"schemaVersion": 2, **fields})


def typed(raw: bytes, media_type: str) -> bytes:
    """Return the manifest with another media type inside."""
    return encode({**msgspec.json.decode(raw), "mediaType": media_type})


# Out ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", [OCI_MANIFEST, DOCKER_MANIFEST])
async def test_i5_bytes_and_type_come_back_as_pushed(registry: Registry, media_type: str) -> None:
    await registry.push_blob(b"{}")
    raw = image([]) + b"\n \n"
    sent = f"{media_type.upper()}; charset=utf-8"
    assert (await registry.push_manifest(raw, "v1", sent)).status == 201
    digest = Digest.of(raw)
    for reference in ("v1", digest, digest.replace(":", "%3a")):
        for method in ("GET", "HEAD"):
            answer = await registry.request(method, f"/v2/app/manifests/{reference}")
            assert answer.status == 200
            assert answer.body == (raw if method == "GET" else b"")
            assert answer.header("Content-Type") == media_type
            assert answer.header("Content-Length") == str(len(raw))
            assert answer.header("Docker-Content-Digest") == digest
            assert answer.header("ETag") == f'"{digest}"'


@pytest.mark.parametrize(
    "name, reference, status, code",
    [
        ("app", "absent", 404, "MANIFEST_UNKNOWN"),
        ("app", ABSENT, 404, "MANIFEST_UNKNOWN"),
        ("app", "-not-a-tag", 404, "MANIFEST_UNKNOWN"),
        ("app", "t" * 129, 404, "MANIFEST_UNKNOWN"),
        ("app", "a%2Fb", 404, "MANIFEST_UNKNOWN"),
        ("app", "sha256:1", 400, "DIGEST_INVALID"),
        ("app", "sha384:" + "0" * 96, 400, "DIGEST_INVALID"),
        ("unknown", "v1", 404, "NAME_UNKNOWN"),
        ("App", "v1", 400, "NAME_INVALID"),
    ],
)
async def test_what_is_not_there(
    registry: Registry, name: str, reference: str, status: int, code: str
) -> None:
    await registry.push_image("v1")
    url = f"/v2/{name}/manifests/{reference}"
    answer = await registry.get(url)
    assert (answer.status, answer.code) == (status, code)
    assert (await registry.head(url)).status == status
    answer = await registry.request("DELETE", url)
    assert (answer.status, answer.code) == (status, code.replace("NAME_U", "MANIFEST_U"))


async def test_a_short_name_and_its_full_one_are_one_repository(registry: Registry) -> None:
    raw = await registry.push_image("v1", [b"layer"], "myapp")
    for name in ("myapp", "library/myapp"):
        assert (await registry.get(f"/v2/{name}/manifests/v1")).body == raw
        # What is told keeps to the name that the client used.
        answer = await registry.push_manifest(raw, "v2", name=name)
        assert answer.header("Location") == f"/v2/{name}/manifests/{Digest.of(raw)}"
        assert (await registry.get(f"/v2/{name}/tags/list")).json["name"] == name


@pytest.mark.parametrize(
    "name", ["a/manifests/b", "blobs", "a/blobs/uploads", "tags/list", "a/b/c/d/e/f/g", "0/v2"]
)
async def test_names_of_any_depth_and_of_any_words(registry: Registry, name: str) -> None:
    raw = await registry.push_image("list", [b"layer"], name)
    assert (await registry.get(f"/v2/{name}/manifests/list")).body == raw
    assert (await registry.get(f"/v2/{name}/blobs/{Digest.of(b'layer')}")).body == b"layer"
    assert (await registry.get(f"/v2/{name}/tags/list")).json == {"name": name, "tags": ["list"]}
    assert (await registry.get("/v2/_catalog")).json == {"repositories": [name]}


# Accept ------------------------------------------------------------------------------------------

ALL_SINGLE = f"{OCI_MANIFEST}, {DOCKER_MANIFEST}"


@pytest.mark.parametrize(
    "accept",
    [
        [],
        ["*/*"],
        ["application/*"],
        [""],
        [OCI_MANIFEST],
        [f"{DOCKER_MANIFEST}, {OCI_MANIFEST};q=0.1"],
        [DOCKER_MANIFEST, OCI_MANIFEST],
        ["text/html, */*; q=0.5"],
        [OCI_MANIFEST.upper()],
    ],
)
async def test_a_type_that_is_accepted(registry: Registry, accept: list[str]) -> None:
    raw = await registry.push_image("v1")
    answer = await registry.get(V1, [("Accept", value) for value in accept])
    assert (answer.status, answer.body) == (200, raw)


@pytest.mark.parametrize("accept", [DOCKER_MANIFEST, OCI_INDEX, "text/html"])
@pytest.mark.parametrize("by_digest", [False, True])
async def test_a_type_that_is_not_accepted(
    registry: Registry, accept: str, *, by_digest: bool
) -> None:
    raw = await registry.push_image("v1")
    url = f"/v2/app/manifests/{Digest.of(raw)}" if by_digest else V1
    answer = await registry.get(url, {"Accept": accept})
    assert (answer.status, answer.code) == (404, "MANIFEST_UNKNOWN")
    assert OCI_MANIFEST in answer.message


async def push_platforms(registry: Registry, *platforms: str) -> tuple[bytes, dict[str, bytes]]:
    """Push an index tagged v1 with an image for each platform."""
    images, entries = {}, []
    for platform in platforms:
        system, architecture = platform.split("/")
        raw = images[platform] = await registry.push_image("", [platform.encode()])
        about = {"os": system, "architecture": architecture}
        entries.append({**descriptor(OCI_MANIFEST, raw), "platform": about})
    raw = document(mediaType=OCI_INDEX, manifests=entries)
    assert (await registry.push_index(raw, "v1")).status == 201
    return raw, images


async def test_a_client_without_indexes_gets_the_image_for_linux_amd64(registry: Registry) -> None:
    raw, images = await push_platforms(registry, "linux/arm64", "linux/amd64")
    assert (await registry.get(V1, {"Accept": OCI_INDEX})).body == raw
    answer = await registry.get(V1, {"Accept": ALL_SINGLE})
    child = images["linux/amd64"]
    assert (answer.status, answer.body) == (200, child)
    assert answer.header("Docker-Content-Digest") == Digest.of(child)
    assert answer.header("Content-Type") == OCI_MANIFEST
    by_digest = await registry.get(f"/v2/app/manifests/{Digest.of(raw)}", {"Accept": ALL_SINGLE})
    assert (by_digest.status, by_digest.code) == (404, "MANIFEST_UNKNOWN")


async def test_without_an_image_for_linux_amd64_there_is_nothing_to_give(
    registry: Registry,
) -> None:
    await push_platforms(registry, "linux/arm64", "windows/amd64")
    answer = await registry.get(V1, {"Accept": ALL_SINGLE})
    assert (answer.status, answer.code) == (404, "MANIFEST_UNKNOWN")


# Deletion ----------------------------------------------------------------------------------------


async def test_deleting_a_tag_leaves_the_manifest(registry: Registry) -> None:
    raw = await registry.push_image("v1")
    await registry.push_manifest(raw, "v2")
    answer = await registry.request("DELETE", V1)
    assert (answer.status, answer.body) == (202, b"")
    assert (await registry.get(V1)).code == "MANIFEST_UNKNOWN"
    assert (await registry.get("/v2/app/manifests/v2")).body == raw
    assert (await registry.request("DELETE", V1)).code == "MANIFEST_UNKNOWN"


async def test_deleting_a_manifest_deletes_its_tags(registry: Registry) -> None:
    raw = await registry.push_image("v1")
    await registry.push_manifest(raw, "v2")
    other = await registry.push_image("v3", [b"other"])
    assert (await registry.request("DELETE", f"/v2/app/manifests/{Digest.of(raw)}")).status == 202
    for reference in ("v1", "v2", Digest.of(raw)):
        assert (await registry.get(f"/v2/app/manifests/{reference}")).status == 404
    assert (await registry.get("/v2/app/manifests/v3")).body == other
    assert (await registry.get("/v2/app/tags/list")).json["tags"] == ["v3"]


async def test_a_part_of_an_index_stays(registry: Registry) -> None:
    child = await registry.push_image("v1")
    await registry.push_index(index([child]), "all")
    answer = await registry.request("DELETE", f"/v2/app/manifests/{Digest.of(child)}")
    assert (answer.status, answer.code) == (405, "UNSUPPORTED")
    assert (await registry.get(V1)).body == child
    whole = Digest.of(index([child]))
    assert (await registry.request("DELETE", f"/v2/app/manifests/{whole}")).status == 202
    answer = await registry.request("DELETE", f"/v2/app/manifests/{Digest.of(child)}")
    assert answer.status == 202


# Clients and their ways --------------------------------------------------------------------------


async def test_containerd_trusts_the_head_of_a_tag(registry: Registry) -> None:
    raw = await registry.push_image("v1")
    headers = {"Accept": f"{DOCKER_MANIFEST}, {DOCKER_LIST}, {OCI_MANIFEST}, {OCI_INDEX}, */*"}
    answer = await registry.head(f"{V1}?ns=docker.io", headers)
    assert answer.status == 200
    assert answer.header("Docker-Content-Digest") == Digest.of(raw)
    assert answer.header("Content-Length") == str(len(raw))
    assert answer.header("Content-Type") == OCI_MANIFEST
    # Before a push it asks the same, and any status but 200 and 404 would end it.
    assert (await registry.head("/v2/new/manifests/v1")).status == 404


async def test_containerd_adds_the_registry_it_means(registry: Registry) -> None:
    raw = await registry.push_image("v1")
    assert (await registry.get(f"{V1}?ns=docker.io")).body == raw


async def test_crane_needs_type_length_and_digest_on_head(registry: Registry) -> None:
    await registry.push_image("v1")
    answer = await registry.head(V1, {"Accept": OCI_MANIFEST})
    for name in ("Content-Type", "Content-Length", "Docker-Content-Digest"):
        assert answer.header(name)


async def test_cosign_tags_what_it_hangs_on_a_digest(registry: Registry) -> None:
    raw = await registry.push_image("v1")
    tag = f"{Digest.of(raw).replace(':', '-')}.sig"
    signature = await registry.push_image(tag, [b"signature"])
    assert (await registry.get(f"/v2/app/manifests/{tag}")).body == signature
    assert tag in (await registry.get("/v2/app/tags/list")).json["tags"]
