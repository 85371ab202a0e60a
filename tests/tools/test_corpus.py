"""The corpus holds what it says: true digests, and the same bytes every time."""

import gzip
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tools.corpus import recipes
from tools.corpus.archive import write_archive
from tools.corpus.layers import noise_layer
from tools.corpus.layout import OCI_LAYER_GZIP, Image, Layout, digest_of
from tools.corpus.roots import NoDebian
from tools.corpus.shelf import RECIPES, Shelf


@pytest.mark.parametrize("name", RECIPES)
def test_every_digest_is_true(name: str, tmp_path: Path) -> None:
    layout = Layout.create(tmp_path / name)
    RECIPES[name](layout)
    for path in (layout.path / "blobs" / "sha256").iterdir():
        assert digest_of(path.read_bytes()) == f"sha256:{path.name}"
    for entry in layout.entries():
        for manifest in layout.manifests_below(entry):
            for blob in (manifest, *layout.blobs_of(manifest)):
                assert len(layout.read(blob["digest"])) == blob["size"]


@pytest.mark.parametrize("name", RECIPES)
def test_made_twice_it_is_the_same(name: str, tmp_path: Path) -> None:
    layouts = [Layout.create(tmp_path / place) for place in ("one", "two")]
    for layout in layouts:
        RECIPES[name](layout)
    assert layouts[0].entries() == layouts[1].entries()


def test_diff_ids_are_of_the_unpacked_layers(tmp_path: Path) -> None:
    layout = Layout.create(tmp_path / "layout")
    recipes.layers_64(layout)
    image = Image("layers-64", layout, "latest")
    layers = [layout.read(layer["digest"]) for layer in image.manifest["layers"]]
    assert [digest_of(gzip.decompress(layer)) for layer in layers] == image.diff_ids
    assert len(set(image.diff_ids)) == recipes.LAYER_COUNT


def test_noise_does_not_compress(tmp_path: Path) -> None:
    layout = Layout.create(tmp_path / "layout")
    layer = noise_layer(layout, 1)
    assert layer.descriptor["mediaType"] == OCI_LAYER_GZIP
    packed = layout.read(layer.descriptor["digest"])
    assert len(gzip.compress(packed)) > 1 << 20
    assert layer.diff_id == digest_of(gzip.decompress(packed))


def test_children_of_an_index(tmp_path: Path) -> None:
    layout = Layout.create(tmp_path / "layout")
    recipes.platforms(layout)
    image = Image("platforms", layout, "latest")
    children = image.children()
    found = [json.loads(child.config)["architecture"] for child in children]
    assert found == ["amd64", "arm64", "arm"]
    assert [child.children() for child in children] == [[], [], []]


def test_archive_is_a_layout_and_a_docker_save(tmp_path: Path) -> None:
    layout = Layout.create(tmp_path / "layout")
    recipes.referred(layout)
    image, path = Image("referred", layout, "latest"), tmp_path / "archive.tar"
    write_archive(image, "host:1/app:v1", path)
    with tarfile.open(path) as archive:
        (entry,) = _read(archive, "manifest.json")
        (described,) = _read(archive, "index.json")["manifests"]
        names = archive.getnames()
    assert entry["RepoTags"] == ["host:1/app:v1"]
    assert described["digest"] == image.digest
    assert {entry["Config"], *entry["Layers"]} < set(names)


def _read(archive: tarfile.TarFile, name: str) -> Any:
    member = archive.extractfile(name)
    assert member is not None
    return json.load(member)


def test_shelf_builds_once_and_leaves_nothing_half_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, built = Shelf(tmp_path), []

    def recipe(layout: Layout) -> None:
        built.append(layout.path)
        if len(built) == 1:
            raise OSError("disk full")
        recipes.edge(layout)

    monkeypatch.setitem(RECIPES, "edge", recipe)
    with pytest.raises(OSError, match="disk full"):
        shelf.image("edge", "zero-layers")
    digests = {shelf.image("edge", "zero-layers").digest for _ in range(2)}
    assert len(digests) == 1
    assert len(built) == 2
    assert not any(path.exists() for path in built)


def test_root_without_debian_is_named_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoDebian, match="mmdebstrap"):
        Shelf(tmp_path, strict=True).root()
    assert Shelf(tmp_path).root().name == "host-tree"
