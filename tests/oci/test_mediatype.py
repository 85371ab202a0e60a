import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci import mediatype


@pytest.mark.parametrize(
    "header, expected",
    [
        (mediatype.OCI_MANIFEST, mediatype.OCI_MANIFEST),
        (f"{mediatype.OCI_INDEX}; charset=utf-8", mediatype.OCI_INDEX),
        (" Application/JSON ;q=1", "application/json"),
        ("", ""),
        (";", ""),
    ],
)
def test_essence(header: str, expected: str) -> None:
    assert mediatype.essence(header) == expected


@given(st.text())
def test_essence_is_its_own(header: str) -> None:
    once = mediatype.essence(header)
    assert mediatype.essence(once) == once


@pytest.mark.parametrize(
    "layer, expected",
    [
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", True),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", True),
        ("application/vnd.oci.image.layer.v1.tar+gzip", False),
        ("", False),
    ],
)
def test_nondistributable(layer: str, expected: bool) -> None:
    assert mediatype.is_nondistributable(layer) is expected


def test_the_sets_do_not_meet() -> None:
    sets = [mediatype.MANIFESTS, mediatype.INDEXES, mediatype.IMAGE_CONFIGS, mediatype.SCHEMA1]
    assert len(frozenset().union(*sets)) == sum(map(len, sets))
