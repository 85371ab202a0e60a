"""Building and reading the conformance suites, without Go."""

from pathlib import Path

import pytest

from tools.conformance import suites
from tools.conformance.running import leaves
from tools.conformance.suites import CLASSIC, NEWEST, GoMissingError, build

README = Path(suites.__file__).parent / "README.md"


def test_without_go_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GoMissingError, match=r"go is not installed.*1\.24"):
        build(NEWEST, tmp_path)


@pytest.mark.parametrize("version", ["go1.19.8", "devel"])
def test_an_old_go_is_no_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str) -> None:
    old = tmp_path / "go"
    old.write_text(f"#!/bin/sh\necho {version}\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GoMissingError, match=version):
        build(CLASSIC, tmp_path / "built")


def test_a_group_is_not_counted_beside_its_tests() -> None:
    names = ["OCI Conformance Test/sparse", "OCI Conformance Test/sparse/push", "sparse-other"]
    assert leaves(names) == ("sparse/push", "sparse-other")


def test_the_readme_names_the_commits() -> None:
    page = README.read_text()
    for suite in (NEWEST, CLASSIC):
        assert f"| `{suite.name}` | `{suite.commit}`" in page
