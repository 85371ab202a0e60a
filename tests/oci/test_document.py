from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.digest import Digest
from entrepot.oci.document import (
    REFERENCES_MAX,
    DescriptorDocument,
    PlatformDocument,
    decode,
    to_descriptor,
)
from entrepot.oci.errors import Code
from entrepot.oci.platform import Platform
from tests.oci.documents import DESCRIPTORS, a_descriptor, an_image, an_index, raw_of
from tests.oci.faults import code_of, fault_of, value_of

DIGEST = str(Digest.of(b""))


def fault_message(raw: bytes) -> str:
    fault = fault_of(lambda: decode(raw))
    assert fault is not None
    assert fault.code is Code.MANIFEST_INVALID
    assert len(fault.message) < 500
    return fault.message


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"nul", b"{]", b"{'a':1}", b"\xef\xbb\xbf{}", b"{}x", b"[" * 100_000]
)
def test_what_is_no_json(raw: bytes) -> None:
    assert "JSON" in fault_message(raw) or "expected" in fault_message(raw).lower()


@pytest.mark.parametrize("raw", [b"\xff", b'{"x":"\xed\xa0\x80"}', b'{"x":"\xc0\xaf"}'])
def test_what_is_no_utf8(raw: bytes) -> None:
    assert "UTF-8" in fault_message(raw)


def test_json_too_deep() -> None:
    assert "JSON" in fault_message(b'{"x":' * 100_000 + b"1" + b"}" * 100_000)


@pytest.mark.parametrize("raw", [b"[]", b"1", b"null", b'"text"'])
def test_json_that_is_no_object(raw: bytes) -> None:
    assert "object" in fault_message(raw)


@pytest.mark.parametrize(
    "document, where",
    [
        ({"schemaVersion": "2"}, "$.schemaVersion"),
        ({"schemaVersion": 2.5}, "$.schemaVersion"),
        ({"schemaVersion": True}, "$.schemaVersion"),
        ({"mediaType": 1}, "$.mediaType"),
        ({"mediaType": "x" * 70_000}, "$.mediaType"),
        ({"config": []}, "$.config"),
        ({"config": {}}, "mediaType"),
        ({"layers": {}}, "$.layers"),
        ({"layers": [None]}, "$.layers[0]"),
        ({"manifests": [a_descriptor(size=-1)]}, "$.manifests[0].size"),
        ({"manifests": [a_descriptor(size=2**53 + 1)]}, "$.manifests[0].size"),
        ({"manifests": [a_descriptor(size="1")]}, "$.manifests[0].size"),
        ({"manifests": [a_descriptor(urls="x")]}, "$.manifests[0].urls"),
        ({"manifests": [a_descriptor(platform={"os": 1})]}, "$.manifests[0].platform.os"),
        ({"subject": "x"}, "$.subject"),
        ({"annotations": {"a": 1}}, "$.annotations"),
        ({"annotations": []}, "$.annotations"),
    ],
)
def test_a_fault_says_where(document: dict[str, Any], where: str) -> None:
    assert where in fault_message(raw_of(document))


def test_too_many_references() -> None:
    layers = [a_descriptor()] * REFERENCES_MAX
    assert len(decode(raw_of(an_image(layers=layers))).layers or ()) == REFERENCES_MAX
    assert str(REFERENCES_MAX + 1) in fault_message(raw_of(an_image(layers=[*layers, layers[0]])))
    assert str(REFERENCES_MAX + 1) in fault_message(
        raw_of(an_index(manifests=layers, layers=layers[:1]))
    )


@given(DESCRIPTORS)
def test_a_descriptor_keeps_its_facts(document: dict[str, Any]) -> None:
    decoded = decode(raw_of({"config": document})).config
    assert decoded is not None
    descriptor = to_descriptor(decoded)
    assert descriptor.media_type == document["mediaType"]
    assert descriptor.digest == document["digest"]
    assert type(descriptor.digest) is Digest
    assert descriptor.size == document["size"]
    assert descriptor.artifact_type == document.get("artifactType", "")
    assert descriptor.urls == tuple(document.get("urls", ()))
    assert descriptor.annotations == document.get("annotations", {})
    platform = document.get("platform")
    if platform is None:
        assert descriptor.platform is None
    else:
        assert descriptor.platform == Platform(
            platform["os"],
            platform["architecture"],
            platform.get("variant", ""),
            platform.get("os.version", ""),
        )
    assert hash(descriptor) == hash(to_descriptor(decoded))


def test_null_is_as_good_as_nothing() -> None:
    nulls = a_descriptor(platform=None, urls=None, annotations=None, artifactType=None)
    for document in (a_descriptor(), nulls):
        decoded = decode(raw_of({"config": document})).config
        assert decoded is not None
        descriptor = to_descriptor(decoded)
        assert descriptor.platform is None
        assert descriptor.urls == ()
        assert descriptor.annotations == {}
        assert descriptor.artifact_type == ""


def test_an_empty_platform_is_one() -> None:
    document = DescriptorDocument("x/y", DIGEST, 0, platform=PlatformDocument())
    assert to_descriptor(document).platform == Platform("", "")


@pytest.mark.parametrize("digest", ["", "sha256:x", "md5:" + "0" * 32, DIGEST.upper()])
def test_a_malformed_digest(digest: str) -> None:
    document = DescriptorDocument("x/y", digest, 0)
    assert code_of(lambda: to_descriptor(document)) is Code.DIGEST_INVALID


@given(st.binary())
def test_any_bytes_raise_nothing_but_faults(raw: bytes) -> None:
    value_of(lambda: decode(raw))
