"""Manifests and indexes: by tag and by digest, in and out."""

import msgspec
import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.manifest import MANIFEST_SIZE_MAX_BYTES
from entrepot.oci.mediatype import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    DOCKER_SCHEMA1,
    DOCKER_SCHEMA1_SIGNED,
    OCI_EMPTY,
    OCI_INDEX,
    OCI_MANIFEST,
)
from tests.faces.registry.registry import Registry
from tests.services.house import CONFIG, LAYER, descriptor, image, index

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
    by_digest = await registry.get(
        f"/v2/app/manifests/{Digest.of(raw)}", {"Accept": ALL_SINGLE}
    )
    assert (by_digest.status, by_digest.code) == (404, "MANIFEST_UNKNOWN")


async def test_without_an_image_for_linux_amd64_there_is_nothing_to_give(
    registry: Registry,
) -> None:
    await push_platforms(registry, "linux/arm64", "windows/amd64")
    answer = await registry.get(V1, {"Accept": ALL_SINGLE})
    assert (answer.status, answer.code) == (404, "MANIFEST_UNKNOWN")


# In ----------------------------------------------------------------------------------------------


async def test_a_push_says_where_and_what(registry: Registry) -> None:
    await registry.push_blob(b"{}")
    raw = image([])
    for reference in ("v1", Digest.of(raw)):
        answer = await registry.push_manifest(raw, reference)
        assert (answer.status, answer.body) == (201, b"")
        assert answer.header("Location") == f"/v2/app/manifests/{Digest.of(raw)}"
        assert answer.header("Docker-Content-Digest") == Digest.of(raw)
        assert answer.header("OCI-Subject") is None
        assert answer.header("OCI-Tag") is None


async def test_dockerd_needs_the_digest_header_on_manifest_put(registry: Registry) -> None:
    await registry.push_blob(b"{}")
    raw = image([])
    answer = await registry.push_manifest(raw, "v1", DOCKER_MANIFEST)
    assert answer.header("Docker-Content-Digest") == Digest.of(raw)


async def test_a_tag_moves_and_what_it_pointed_at_stays(registry: Registry) -> None:
    one = await registry.push_image("v1", [b"one"])
    two = await registry.push_image("v1", [b"two"])
    assert (await registry.get(V1)).body == two
    assert (await registry.get(f"/v2/app/manifests/{Digest.of(one)}")).body == one


async def test_a_sha512_reference_is_answered_with_sha512(registry: Registry) -> None:
    await registry.push_blob(b"{}")
    raw = image([])
    digest = Digest.of(raw, "sha512")
    answer = await registry.push_manifest(raw, digest)
    assert answer.header("Docker-Content-Digest") == digest
    assert (await registry.get(f"/v2/app/manifests/{digest}")).body == raw


@pytest.mark.parametrize("with_subject", [False, True])
async def test_a_push_by_digest_may_name_many_tags(
    registry: Registry, *, with_subject: bool
) -> None:
    await registry.push_blob(b"{}")
    extra = {"subject": descriptor(OCI_MANIFEST, b"a subject")} if with_subject else {}
    raw = image([], **extra)
    tags = [f"v1.{number}" for number in range(100)]
    query = "&".join(f"tag={tag}" for tag in tags)
    answer = await registry.push_manifest(raw, f"{Digest.of(raw)}?{query}&x=y")
    assert answer.status == 201
    assert answer.header("OCI-Tag") == ", ".join(tags)
    assert (answer.header("OCI-Subject") is not None) == with_subject
    assert (await registry.get("/v2/app/tags/list")).json["tags"] == sorted(tags)


async def test_too_many_tags_or_a_bad_one_set_none(registry: Registry) -> None:
    await registry.push_blob(b"{}")
    raw = image([])
    many = "&".join(f"tag=t{number}" for number in range(101))
    answer = await registry.push_manifest(raw, f"{Digest.of(raw)}?{many}")
    assert (answer.status, answer.code) == (414, "TAGS_TOO_MANY")
    answer = await registry.push_manifest(raw, f"{Digest.of(raw)}?tag=good&tag=.bad")
    assert (answer.status, answer.code) == (400, "TAG_INVALID")
    assert (await registry.get("/v2/app/tags/list")).json["tags"] == []


ACCEPTED = {
    "no type inside": (image([]), OCI_MANIFEST),
    "no type outside": (typed(image([]), OCI_MANIFEST), ""),
    "no type at all": (image([]), ""),
    "an index without a type": (document(manifests=[]), ""),
    "docker": (typed(image([]), DOCKER_MANIFEST), DOCKER_MANIFEST),
    "a docker list": (document(mediaType=DOCKER_LIST, manifests=[]), DOCKER_LIST),
    "layers of null": (document(config=descriptor(CONFIG, b"{}"), layers=None), OCI_MANIFEST),
    "no layers": (document(config=descriptor(CONFIG, b"{}")), OCI_MANIFEST),
    "an empty index": (document(manifests=None), OCI_INDEX),
    "fields we do not know": (
        document(config={**descriptor(CONFIG, b"{}"), "x": [1]}, layers=[], later={"a": None}),
        OCI_MANIFEST,
    ),
    "data inside a descriptor": (
        document(config={**descriptor(OCI_EMPTY, b"{}"), "data": "e30="}, artifactType="a/b"),
        OCI_MANIFEST,
    ),
    "a foreign layer": (
        document(config=descriptor(CONFIG, b"{}"), layers=[descriptor(FOREIGN, b"far away")]),
        OCI_MANIFEST,
    ),
    "a layer with urls": (
        document(
            config=descriptor(CONFIG, b"{}"),
            layers=[{**descriptor(LAYER, b"far"), "urls": ["https://far.example"]}],
        ),
        OCI_MANIFEST,
    ),
    "a subject that is not here": (
        image([], subject=descriptor(OCI_MANIFEST, b"not here")),
        OCI_MANIFEST,
    ),
    "as large as can be": (
        image([]) + b" " * (MANIFEST_SIZE_MAX_BYTES - len(image([]))),
        OCI_MANIFEST,
    ),
}


@pytest.mark.parametrize("raw, media_type", ACCEPTED.values(), ids=ACCEPTED.keys())
async def test_what_is_accepted(registry: Registry, raw: bytes, media_type: str) -> None:
    await registry.push_blob(b"{}")
    headers = {"Content-Type": media_type} if media_type else {}
    answer = await registry.request("PUT", V1, headers, raw)
    assert answer.status == 201, answer.body
    got = await registry.get(V1)
    assert got.body == raw
    inside = msgspec.json.decode(raw)
    guessed = OCI_INDEX if "manifests" in inside else OCI_MANIFEST
    assert got.header("Content-Type") == (media_type or inside.get("mediaType", guessed))


BOTH = document(config=descriptor(CONFIG, b"{}"), layers=[], manifests=[])
REFUSED = {
    "not JSON": (b"{", OCI_MANIFEST, 400, "MANIFEST_INVALID"),
    "nothing": (b"", OCI_MANIFEST, 400, "MANIFEST_INVALID"),
    "no object": (b"[]", OCI_MANIFEST, 400, "MANIFEST_INVALID"),
    "not UTF-8": (b'{"schemaVersion":2,"x":"\xff"}', OCI_INDEX, 400, "MANIFEST_INVALID"),
    "deep": (b"[" * 100_000, OCI_MANIFEST, 400, "MANIFEST_INVALID"),
    "both shapes": (BOTH, OCI_MANIFEST, 400, "MANIFEST_INVALID"),
    "both shapes as an index": (BOTH, OCI_INDEX, 400, "MANIFEST_INVALID"),
    "both shapes without a type": (BOTH, "", 400, "MANIFEST_INVALID"),
    "layers and manifests": (
        document(layers=[], manifests=[]),
        OCI_INDEX,
        400,
        "MANIFEST_INVALID",
    ),
    "an image as an index": (image([]), OCI_INDEX, 400, "MANIFEST_INVALID"),
    "an index as an image": (index([]), OCI_MANIFEST, 400, "MANIFEST_INVALID"),
    "two types": (typed(image([]), DOCKER_MANIFEST), OCI_MANIFEST, 400, "MANIFEST_INVALID"),
    "another type": (image([]), "application/json", 400, "MANIFEST_INVALID"),
    "no version": (encode({"manifests": []}), OCI_INDEX, 400, "MANIFEST_INVALID"),
    "no config": (document(layers=[]), OCI_MANIFEST, 400, "MANIFEST_INVALID"),
    "schema 1 by type": (image([]), DOCKER_SCHEMA1, 400, "MANIFEST_INVALID"),
    "schema 1, signed": (image([]), DOCKER_SCHEMA1_SIGNED, 400, "MANIFEST_INVALID"),
    "schema 1 inside": (
        encode({"schemaVersion": 1, "name": "app", "fsLayers": []}),
        "",
        400,
        "MANIFEST_INVALID",
    ),
    "a descriptor without a size": (
        document(config={"mediaType": CONFIG, "digest": ABSENT}, layers=[]),
        OCI_MANIFEST,
        400,
        "MANIFEST_INVALID",
    ),
    "a bad digest": (
        document(config={"mediaType": CONFIG, "digest": "sha256:1", "size": 2}),
        OCI_MANIFEST,
        400,
        "DIGEST_INVALID",
    ),
    "a negative size": (
        document(config={"mediaType": CONFIG, "digest": ABSENT, "size": -1}),
        OCI_MANIFEST,
        400,
        "MANIFEST_INVALID",
    ),
    "a wrong size": (
        document(config={**descriptor(CONFIG, b"{}"), "size": 3}),
        OCI_MANIFEST,
        400,
        "MANIFEST_INVALID",
    ),
    "a missing layer": (image([b"missing"]), OCI_MANIFEST, 400, "MANIFEST_BLOB_UNKNOWN"),
    "a missing child": (index([b"missing"]), OCI_INDEX, 400, "MANIFEST_BLOB_UNKNOWN"),
    "a blob as a child": (index([b"{}"]), OCI_INDEX, 400, "MANIFEST_BLOB_UNKNOWN"),
    "too large": (
        image([]) + b" " * MANIFEST_SIZE_MAX_BYTES,
        OCI_MANIFEST,
        413,
        "MANIFEST_TOO_BIG",
    ),
}


@pytest.mark.parametrize(
    "raw, media_type, status, code", REFUSED.values(), ids=REFUSED.keys()
)
@pytest.mark.parametrize("chunked", [False, True])
async def test_what_is_refused(
    registry: Registry, raw: bytes, media_type: str, status: int, code: str, *, chunked: bool
) -> None:
    await registry.push_blob(b"{}")
    headers = {"Content-Type": media_type} if media_type else {}
    if chunked:
        headers["Transfer-Encoding"] = "chunked"
    answer = await registry.request("PUT", V1, headers, raw)
    assert (answer.status, answer.code) == (status, code), answer.body
    assert (await registry.get(V1)).status == 404


@pytest.mark.parametrize(
    "reference, code",
    [
        (ABSENT, "DIGEST_INVALID"),
        ("sha256:1", "DIGEST_INVALID"),
        ("-x", "TAG_INVALID"),
        ("t" * 129, "TAG_INVALID"),
        ("a%20b", "TAG_INVALID"),
    ],
)
async def test_a_reference_that_cannot_be(registry: Registry, reference: str, code: str) -> None:
    await registry.push_blob(b"{}")
    answer = await registry.push_manifest(image([]), reference)
    assert (answer.status, answer.code) == (400, code)


async def test_a_missing_blob_is_named(registry: Registry) -> None:
    await registry.push_blob(b"{}")
    missing = [b"one", b"two"]
    answer = await registry.push_manifest(image(missing), "v1")
    detail = answer.json["errors"][0]["detail"]
    assert detail == [{"digest": Digest.of(data)} for data in missing]
    # Blobs of other repositories do not count: mounting them is how one shows that one may.
    await registry.push_blob(b"one", "other")
    assert (await registry.push_manifest(image([b"one"]), "v1")).code == "MANIFEST_BLOB_UNKNOWN"


async def test_indexes_may_hold_indexes(registry: Registry) -> None:
    child = await registry.push_image()
    inner = index([child])
    assert (await registry.push_index(inner, Digest.of(inner))).status == 201
    outer = document(mediaType=OCI_INDEX, manifests=[descriptor(OCI_INDEX, inner)])
    assert (await registry.push_index(outer, "v1")).status == 201
    assert (await registry.get(V1)).body == outer


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


async def test_helm_pushes_charts(registry: Registry) -> None:
    await registry.push_blob(b"{}")
    chart = await registry.push_blob(b"a chart")
    raw = document(
        config=descriptor("application/vnd.cncf.helm.config.v1+json", b"{}"),
        layers=[descriptor("application/vnd.cncf.helm.chart.content.v1.tar+gzip", b"a chart")],
        annotations={"org.opencontainers.image.version": "1.0+build.5"},
    )
    # A plus cannot stand in a tag; helm writes an underscore.
    assert (await registry.push_manifest(raw, "1.0_build.5")).status == 201
    assert (await registry.push_manifest(raw, "1.0+build.5")).code == "TAG_INVALID"
    assert (await registry.get(f"/v2/app/blobs/{chart}")).body == b"a chart"


async def test_buildkit_exports_its_cache(registry: Registry) -> None:
    await registry.push_blob(b"{}")
    await registry.push_blob(b"layer")
    config = descriptor("application/vnd.buildkit.cacheconfig.v0", b"{}")
    raw = document(mediaType=OCI_MANIFEST, config=config, layers=[descriptor(LAYER, b"layer")])
    assert (await registry.push_manifest(raw, "buildcache")).status == 201


async def test_cosign_tags_what_it_hangs_on_a_digest(registry: Registry) -> None:
    raw = await registry.push_image("v1")
    tag = f"{Digest.of(raw).replace(':', '-')}.sig"
    signature = await registry.push_image(tag, [b"signature"])
    assert (await registry.get(f"/v2/app/manifests/{tag}")).body == signature
    assert tag in (await registry.get("/v2/app/tags/list")).json["tags"]


async def test_dockerd_shows_only_the_first_message(registry: Registry) -> None:
    answer = await registry.push_manifest(image([]), "v1")
    (error,) = answer.json["errors"]
    assert "push or mount it before the manifest" in error["message"]
