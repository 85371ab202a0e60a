"""What a registry:2 left behind is counted, and left alone."""

from pathlib import Path

import pytest

from entrepot.adapters import registry2_tree
from entrepot.adapters.registry2_tree import TREE, count_repositories


def repository(root: Path, name: str, *inner: str) -> None:
    for one in inner or ("_manifests/tags/latest/current", "_layers", "_uploads"):
        (root / TREE / name / one).mkdir(parents=True)


def test_nothing_is_there(tmp_path: Path) -> None:
    assert count_repositories(tmp_path) is None
    assert count_repositories(tmp_path / "missing") is None


def test_repositories_nest(tmp_path: Path) -> None:
    for name in ("app", "team/app", "team/app/tools", "team"):
        repository(tmp_path, name)
    repository(tmp_path, "started", "_uploads")
    (tmp_path / TREE / "file").touch()
    assert count_repositories(tmp_path) == (4, False)


def test_links_are_not_followed(tmp_path: Path) -> None:
    repository(tmp_path, "app")
    (tmp_path / TREE / "loop").symlink_to(tmp_path / TREE)
    assert count_repositories(tmp_path) == (1, False)


def test_a_huge_tree_is_not_walked_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        repository(tmp_path, f"app{number}")
    monkeypatch.setattr(registry2_tree, "VISITS_MAX", 5)
    assert count_repositories(tmp_path) == (4, True)
