"""Manifests and indexes on their way in."""

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


@pytest.mark.parametrize("raw, media_type, status, code", REFUSED.values(), ids=REFUSED.keys())
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


# Clients and their ways --------------------------------------------------------------------------


async def test_dockerd_needs_the_digest_header_on_manifest_put(registry: Registry) -> None:
    await registry.push_blob(b"{}")
    raw = image([])
    answer = await registry.push_manifest(raw, "v1", DOCKER_MANIFEST)
    assert answer.header("Docker-Content-Digest") == Digest.of(raw)


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


async def test_dockerd_shows_only_the_first_message(registry: Registry) -> None:
    answer = await registry.push_manifest(image([]), "v1")
    (error,) = answer.json["errors"]
    assert "push or mount it before the manifest" in error["message"]
