"""Every image of the corpus by plain HTTP: what all other tests stand on."""

import pytest

from tests.blackbox.server import Registry
from tests.blackbox.wire import Login, Wire
from tools.corpus.layout import Image
from tools.corpus.shelf import Shelf

SMALL = [
    ("platforms", "latest"),
    ("helm-chart", "0.1.0"),
    ("referred", "latest"),
    ("edge", "zero-layers"),
    ("edge", "empty-artifact"),
    ("docker-schema2", "single"),
    ("docker-schema2", "list"),
]


def test_single_image(registry: Registry, single: Image) -> None:
    wire, repository = registry.wire(), f"plain/{single.name}"
    wire.push(single, repository)
    assert wire.assert_identical(single, repository) == 1 + len(single.diff_ids)


@pytest.mark.parametrize("kind, reference", SMALL)
def test_small_image(kind: str, reference: str, registry: Registry, shelf: Shelf) -> None:
    image, wire = shelf.image(kind, reference), registry.wire()
    repository = f"plain/deep/er/{kind}"
    wire.push(image, repository, reference)
    wire.assert_identical(image, repository, reference)
    assert reference in wire.tags(repository)


def test_referrers(needs_referrers: None, registry: Registry, shelf: Shelf) -> None:
    image, wire = shelf.image("referred"), registry.wire()
    wire.push(image, "plain/referred")
    listed = wire.referrers("plain/referred", image.digest)
    assert listed is not None
    kinds = {entry["artifactType"]: entry["digest"] for entry in listed}
    assert set(kinds) == {"application/spdx+json", "application/sarif+json"}
    (below,) = wire.referrers("plain/referred", kinds["application/spdx+json"]) or []
    assert below["artifactType"] == "application/vnd.example.signature"


def test_delete(registry: Registry, shelf: Shelf) -> None:
    image, wire, repository = shelf.image("edge", "zero-layers"), registry.wire(), "plain/deleted"
    wire.push(image, repository, "gone")
    wire.ask("DELETE", f"/v2/{repository}/manifests/{image.digest}", repository).expect(202)
    assert not wire.has(repository, "gone")
    assert not wire.has(repository, image.digest)


def test_nobody_gets_in_without_a_password(registry: Registry) -> None:
    assert registry.login is not None
    for stranger in (registry.anonymous(), Wire(registry.url, Login("admin", "wrong"))):
        answer = stranger.ask("GET", "/v2/")
        answer.expect(401)
        assert "www-authenticate" in answer.headers
    uploads = registry.anonymous().ask("POST", "/v2/plain/nobody/blobs/uploads/")
    uploads.expect(401)


def test_open_registry(open_registry: Registry, shelf: Shelf) -> None:
    image, wire = shelf.image("edge", "zero-layers"), open_registry.anonymous()
    wire.push(image, "plain-open", "v1")
    wire.assert_identical(image, "plain-open", "v1")
    # One word means the project `library`: both names are one repository.
    if not open_registry.foreign:
        wire.assert_identical(image, "library/plain-open", "v1")
