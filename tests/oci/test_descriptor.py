from dataclasses import FrozenInstanceError

import pytest

from entrepot.oci.descriptor import Descriptor
from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import DOCKER_MANIFEST, OCI_INDEX
from entrepot.oci.platform import Platform

DIGEST = Digest.of(b"bytes")


def test_values() -> None:
    first = Descriptor("x/y", DIGEST, 5, platform=Platform("linux", "amd64"), urls=("http://x",))
    second = Descriptor("x/y", DIGEST, 5, platform=Platform("linux", "amd64"), urls=("http://x",))
    assert first == second
    assert hash(first) == hash(second)
    assert first != Descriptor("x/y", DIGEST, 6)
    with pytest.raises(FrozenInstanceError):
        first.size = 6  # type: ignore[misc]


def test_annotations_are_compared_and_do_not_hinder_hashing() -> None:
    first = Descriptor("x/y", DIGEST, 5, annotations={"a": "1"})
    second = Descriptor("x/y", DIGEST, 5, annotations={"a": "2"})
    assert first != second
    assert len({first, second, Descriptor("x/y", DIGEST, 5, annotations={"a": "1"})}) == 2


@pytest.mark.parametrize(
    "media_type, urls, expected",
    [
        ("application/vnd.oci.image.layer.v1.tar+gzip", (), False),
        ("application/vnd.oci.image.layer.v1.tar+gzip", ("https://elsewhere",), True),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar", (), True),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", (), True),
    ],
)
def test_what_may_be_absent(media_type: str, urls: tuple[str, ...], expected: bool) -> None:
    assert Descriptor(media_type, DIGEST, 5, urls=urls).may_be_absent is expected


@pytest.mark.parametrize(
    "media_type, expected", [(OCI_INDEX, True), (DOCKER_MANIFEST, True), ("x/y", False)]
)
def test_what_says_to_be_a_manifest(media_type: str, *, expected: bool) -> None:
    assert Descriptor(media_type, DIGEST, 5).is_manifest is expected
