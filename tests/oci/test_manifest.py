import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.oci import mediatype
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.manifest import MANIFEST_SIZE_MAX_BYTES, Manifest, parse, reread
from tests.oci.documents import (
    DOCUMENTS,
    IMAGES,
    INDEXES,
    a_descriptor,
    an_image,
    an_index,
    raw_of,
)
from tests.oci.faults import fault_of, value_of

SHAPES = settings(suppress_health_check=[HealthCheck.too_slow])
SPACE = st.sampled_from([b"", b"\n", b" \r\n\t"])
INDENTS = st.sampled_from([None, 0, 3])


def invalid(raw: bytes, content_type: str = "") -> str:
    """Return why `raw` is refused."""
    fault = fault_of(lambda: parse(raw, content_type))
    assert fault is not None
    assert fault.code is Code.MANIFEST_INVALID
    return fault.message


@SHAPES
@given(DOCUMENTS, INDENTS, SPACE, SPACE, st.sampled_from(["sha256", "sha512"]))
def test_what_was_pushed_is_what_is_kept(
    document: dict[str, Any], indent: int | None, before: bytes, after: bytes, algorithm: str
) -> None:
    raw = before + raw_of(document, indent) + after
    manifest = parse(raw, algorithm=algorithm)
    assert manifest.raw == raw
    assert json.loads(manifest.raw) == document  # unknown fields too
    assert manifest.digest == Digest.of(raw, algorithm)


@SHAPES
@given(DOCUMENTS, INDENTS)
def test_parsing_again_is_the_same_value(document: dict[str, Any], indent: int | None) -> None:
    manifest = parse(raw_of(document, indent))
    again = parse(bytes(bytearray(manifest.raw)))
    assert again == manifest
    assert hash(again) == hash(manifest)
    assert parse(manifest.raw, manifest.media_type) == manifest
    # Where the type stands beside the bytes it comes back from there.
    if "mediaType" not in document:
        kinds = mediatype.INDEXES if manifest.is_index else mediatype.MANIFESTS
        for kind in kinds:
            pushed = parse(manifest.raw, kind)
            assert pushed.media_type == kind
            assert parse(pushed.raw, pushed.media_type) == pushed


@SHAPES
@given(IMAGES)
def test_an_image(document: dict[str, Any]) -> None:
    manifest = parse(raw_of(document))
    config, layers = document["config"], document.get("layers") or []
    assert not manifest.is_index
    assert manifest.media_type == document.get("mediaType", mediatype.OCI_MANIFEST)
    assert manifest.config is not None
    assert manifest.config.digest == config["digest"]
    assert [layer.digest for layer in manifest.layers] == [layer["digest"] for layer in layers]
    assert manifest.children == ()
    assert manifest.is_image == (config["mediaType"] in mediatype.IMAGE_CONFIGS)
    assert manifest.artifact_type == (document.get("artifactType", "") or config["mediaType"])
    once = list(dict.fromkeys([config["digest"], *[layer["digest"] for layer in layers]]))
    assert [blob.digest for blob in manifest.blobs()] == once
    assert manifest.references() == manifest.blobs()
    check_common(manifest, document)


@SHAPES
@given(INDEXES)
def test_an_index(document: dict[str, Any]) -> None:
    manifest = parse(raw_of(document))
    assert manifest.is_index
    assert not manifest.is_image
    assert manifest.media_type == document.get("mediaType", mediatype.OCI_INDEX)
    assert manifest.config is None
    assert manifest.layers == ()
    assert manifest.blobs() == ()
    digests = [child["digest"] for child in document["manifests"]]
    assert [child.digest for child in manifest.children] == digests
    assert [child.digest for child in manifest.references()] == list(dict.fromkeys(digests))
    assert manifest.artifact_type == document.get("artifactType", "")
    check_common(manifest, document)


def check_common(manifest: Manifest, document: dict[str, Any]) -> None:
    subject = document.get("subject")
    assert (manifest.subject is None) == (subject is None)
    if manifest.subject is not None and subject is not None:
        assert manifest.subject.digest == subject["digest"]
    assert manifest.annotations == document.get("annotations", {})


@pytest.mark.parametrize("document", [an_image(), an_index()])
def test_a_subject_is_not_held(document: dict[str, Any]) -> None:
    """A referrer does not keep its subject alive (distribution-spec, "Referrers")."""
    manifest = parse(raw_of({**document, "subject": a_descriptor(b"subject")}))
    assert manifest.subject is not None
    assert manifest.subject.digest not in {each.digest for each in manifest.references()}


def test_a_digest_named_twice_is_held_once_in_its_first_place() -> None:
    first, second = a_descriptor(b"1", mediaType="one"), a_descriptor(b"2")
    again = a_descriptor(b"1", mediaType="two")
    manifest = parse(raw_of(an_image(config=first, layers=[second, again])))
    assert [blob.media_type for blob in manifest.blobs()] == ["one", "x/y"]
    index = parse(raw_of(an_index(manifests=[first, second, again])))
    assert [child.media_type for child in index.references()] == ["one", "x/y"]


@pytest.mark.parametrize(
    "document",
    [
        an_image(manifests=[]),
        an_index(config=a_descriptor()),
        an_index(layers=[]),
        {"schemaVersion": 2, "manifests": [], "layers": [], "config": a_descriptor()},
    ],
)
@pytest.mark.parametrize("media_type", ["", mediatype.OCI_MANIFEST, mediatype.OCI_INDEX])
def test_both_shapes_at_once_are_refused(document: dict[str, Any], media_type: str) -> None:
    """CVE-2021-41190: programs would read different things out of it."""
    assert "both" in invalid(raw_of(document), media_type)
    if media_type:
        assert "both" in invalid(raw_of({**document, "mediaType": media_type}))


@pytest.mark.parametrize("index_type", sorted(mediatype.INDEXES))
@pytest.mark.parametrize("image_type", sorted(mediatype.MANIFESTS))
def test_a_type_with_the_other_shape_is_refused(index_type: str, image_type: str) -> None:
    assert "index must not" in invalid(raw_of(an_image()), index_type)
    assert "index must not" in invalid(raw_of(an_image(mediaType=index_type)))
    assert "must not have 'manifests'" in invalid(raw_of(an_index()), image_type)
    assert "must not have 'manifests'" in invalid(raw_of(an_index(mediaType=image_type)))


def test_two_types_must_agree() -> None:
    raw = raw_of(an_image(mediaType=mediatype.OCI_MANIFEST))
    assert parse(raw, mediatype.OCI_MANIFEST).media_type == mediatype.OCI_MANIFEST
    assert "both must be the same" in invalid(raw, mediatype.DOCKER_MANIFEST)


def test_an_error_repeats_only_the_start_of_a_type() -> None:
    long = "x/" + "y" * 60_000
    assert len(invalid(raw_of(an_image(mediaType=long)))) < 1000
    assert len(invalid(raw_of(an_image(mediaType=long)), mediatype.OCI_MANIFEST)) < 1000


@pytest.mark.parametrize(
    "media_type", ["application/json", "text/plain", mediatype.OCI_CONFIG, "x"]
)
def test_other_types(media_type: str) -> None:
    assert "not a manifest type" in invalid(raw_of(an_image()), media_type)
    assert "not a manifest type" in invalid(raw_of(an_image(mediaType=media_type)))


@pytest.mark.parametrize(
    "raw, content_type",
    [
        (raw_of({"schemaVersion": 1}), ""),
        (raw_of({"schemaVersion": 1, "fsLayers": [], "signatures": []}), ""),
        (raw_of(an_image()), mediatype.DOCKER_SCHEMA1),
        (raw_of(an_image()), mediatype.DOCKER_SCHEMA1_SIGNED),
        (raw_of(an_image(mediaType=mediatype.DOCKER_SCHEMA1)), ""),
    ],
)
def test_schema_1_is_refused_by_name(raw: bytes, content_type: str) -> None:
    assert "schema 1" in invalid(raw, content_type)


@pytest.mark.parametrize("version", [None, 0, 3, -2])
def test_other_versions(version: int | None) -> None:
    assert "schemaVersion" in invalid(raw_of(an_image(schemaVersion=version)))
    without = an_index()
    del without["schemaVersion"]
    assert "schemaVersion" in invalid(raw_of(without))


def test_a_list_of_null_is_an_empty_one() -> None:
    assert parse(raw_of(an_image(layers=None))).layers == ()
    manifest = parse(raw_of({"schemaVersion": 2, "manifests": None}), mediatype.OCI_INDEX)
    assert manifest.children == ()


def test_an_image_has_a_config() -> None:
    assert "'config'" in invalid(raw_of({"schemaVersion": 2, "layers": []}))
    assert "'config'" in invalid(raw_of({"schemaVersion": 2}))


@pytest.mark.parametrize("where", ["config", "subject"])
def test_a_malformed_digest_inside(where: str) -> None:
    raw = raw_of(an_image(**{where: a_descriptor(digest="sha256:abc")}))
    fault = fault_of(lambda: parse(raw))
    assert fault is not None
    assert fault.code is Code.DIGEST_INVALID


def test_the_largest_manifest() -> None:
    def padded(size: int) -> bytes:
        raw = raw_of(an_image())
        return raw + b" " * (size - len(raw))

    assert parse(padded(MANIFEST_SIZE_MAX_BYTES)).config is not None
    fault = fault_of(lambda: parse(padded(MANIFEST_SIZE_MAX_BYTES + 1)))
    assert fault is not None
    assert fault.code is Code.MANIFEST_TOO_BIG
    assert fault.detail == {"size": 4_194_305, "limit": 4_194_304}


def test_raw_is_not_printed() -> None:
    secret = "s3cret" * 3
    assert secret not in repr(parse(raw_of(an_image(annotations={"a": secret}))))


FIELDS = (
    "schemaVersion mediaType config layers manifests subject annotations artifactType digest size "
    "platform urls os architecture x"
)
KEYS = st.sampled_from(FIELDS.split())
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from([2, 1, mediatype.OCI_MANIFEST, mediatype.OCI_INDEX, str(Digest.of(b""))]),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=6)),
    max_leaves=30,
)
CONTENT_TYPES = st.sampled_from(["", *mediatype.MANIFESTS, *mediatype.INDEXES, "x"])


@SHAPES
@given(JSON, CONTENT_TYPES)
def test_any_json_raises_nothing_but_faults(document: object, content_type: str) -> None:
    value_of(lambda: parse(json.dumps(document).encode(), content_type))


@SHAPES
@given(DOCUMENTS, KEYS, JSON, st.integers(0, 3), CONTENT_TYPES)
def test_nearly_valid_json_raises_nothing_but_faults(
    document: dict[str, Any], key: str, value: object, depth: int, content_type: str
) -> None:
    place: Any = document
    for _ in range(depth):
        inner = (
            [v for v in place.values() if isinstance(v, dict)] if isinstance(place, dict) else []
        )
        place = inner[0] if inner else place
    place[key] = value
    manifest = value_of(lambda: parse(json.dumps(document).encode(), content_type))
    if manifest is not None:
        assert parse(manifest.raw, manifest.media_type) == manifest
        assert (manifest.config is None) == manifest.is_index


@given(st.binary(), DOCUMENTS, st.integers(0, 2000), CONTENT_TYPES)
def test_damaged_bytes_raise_nothing_but_faults(
    damage: bytes, document: dict[str, Any], position: int, content_type: str
) -> None:
    raw = raw_of(document)
    damaged = raw[:position] + damage + raw[position + len(damage) :]
    value_of(lambda: parse(damaged, content_type))


@SHAPES
@given(DOCUMENTS, CONTENT_TYPES)
def test_what_was_taken_is_read_again_as_it_was(
    document: dict[str, Any], content_type: str
) -> None:
    manifest = value_of(lambda: parse(raw_of(document), content_type))
    if manifest is not None:
        about = manifest.raw, manifest.digest, manifest.media_type
        assert reread(*about) == manifest
        assert reread(*about, layers=False) == replace(manifest, layers=())


def test_what_is_no_manifest_is_none_when_read_again() -> None:
    for raw in (b"", b"[]", b'{"layers": 5}', b'{"annotations": {"a": "\xff"}}', b"[" * 100_000):
        with pytest.raises(Fault) as refused:
            reread(raw, Digest.of(raw), mediatype.OCI_MANIFEST)
        assert refused.value.code is Code.MANIFEST_INVALID
