"""The comparisons that all other tests stand on do see a difference."""

import shutil
from pathlib import Path

import pytest

from tests.blackbox.compare import assert_archive_holds, assert_layout_holds
from tests.blackbox.server import Registry
from tools.corpus.archive import write_archive
from tools.corpus.layout import Image
from tools.corpus.shelf import Shelf


@pytest.fixture
def pair(shelf: Shelf) -> tuple[Image, Image]:
    """Two images that differ in their layers alone."""
    one, other = shelf.image("platforms").children()[:2]
    return one, other


def test_other_image_served(pair: tuple[Image, Image], registry: Registry) -> None:
    one, other = pair
    wire = registry.wire()
    wire.push(one, "witness/app")
    wire.assert_identical(one, "witness/app")
    wire.assert_equivalent(one, "witness/app")
    for compare in (wire.assert_identical, wire.assert_equivalent):
        with pytest.raises(AssertionError):
            compare(other, "witness/app")


def test_index_that_lacks_a_platform(registry: Registry, shelf: Shelf) -> None:
    image, wire = shelf.image("platforms"), registry.wire()
    wire.push(shelf.image("docker-schema2", "list"), "witness/index")
    with pytest.raises(AssertionError):
        wire.assert_equivalent(image, "witness/index")


def test_other_archive(pair: tuple[Image, Image], scratch: Path) -> None:
    one, other = pair
    archive = scratch / "saved.tar"
    write_archive(one, "host/app:v1", archive)
    assert_archive_holds(archive, one)
    with pytest.raises(AssertionError):
        assert_archive_holds(archive, other)


def test_one_changed_byte(shelf: Shelf, scratch: Path) -> None:
    image, fetched = shelf.image("layers-64"), scratch / "fetched"
    shutil.copytree(image.layout.path, fetched)
    assert_layout_holds(fetched, image)
    blob = image.layout.blob_path(image.manifest["layers"][-1]["digest"])
    changed = fetched / "blobs" / "sha256" / blob.name
    content = bytearray(changed.read_bytes())
    content[-1] ^= 1
    changed.write_bytes(content)
    with pytest.raises(AssertionError):
        assert_layout_holds(fetched, image)
