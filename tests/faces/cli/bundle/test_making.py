"""What a bundle is made of, with a pip that fetches nothing."""

import json
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from entrepot import __version__
from entrepot.faces.cli.bundle import making
from entrepot.faces.cli.bundle.command import bundle
from entrepot.faces.cli.client import CommandError

NAME = f"entrepot-{__version__}"


class Pip:
    """In the place of programs: makes wheels out of nothing, and notes what it was told."""

    def __init__(self) -> None:
        self.told: list[list[str]] = []
        self.fails = ""

    def run(self, words: list[str]) -> None:
        self.told.append(words)
        if self.fails:
            raise CommandError(self.fails)
        if "download" in words:
            folder = Path(words[words.index("--dest") + 1])
            (folder / "some-1.0-py3-none-any.whl").write_text("a wheel")
        elif "wheel" in words:
            folder = Path(words[words.index("--wheel-dir") + 1])
            (folder / f"{NAME}-py3-none-any.whl").write_text("ours")
        else:
            Path(words[words.index("--output") + 1]).write_text(f"image {words[-1]}")


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> Pip:
    """No program is started."""
    made = Pip()
    monkeypatch.setattr(making, "_run", made.run)
    return made


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(bundle, [str(word) for word in words])


def test_a_directory(pip: Pip, tmp_path: Path) -> None:
    target = tmp_path / "new" / "bundle"
    done = run(target, "--platform", "linux/arm64", "--python", "3.12", "--python", "3.13")
    assert done.exit_code == 0, done.output
    assert f"Entrepot {__version__} for linux/arm64, Python 3.12, 3.13; " in done.stdout
    assert {path.name for path in target.iterdir()} == {
        ".dockerignore",
        "LICENSE",
        "PYTHONS",
        "SHA256SUMS",
        "VERSION",
        "deploy",
        "install.sh",
        "requirements.lock",
        "wheels",
    }
    assert (target / "PYTHONS").read_text() == "3.12\n3.13\n"
    assert (target / "VERSION").read_text() == f"{__version__}\n"
    fetched = [words for words in pip.told if "download" in words]
    assert [words[words.index("--python-version") + 1] for words in fetched] == ["3.12", "3.13"]
    assert all("manylinux_2_17_aarch64" in words for words in fetched)
    assert all({"--require-hashes", "--no-deps", ":all:"} <= set(words) for words in fetched)


def test_archives_are_the_same_each_time(pip: Pip, tmp_path: Path) -> None:
    for name in ("a.tar.gz", "b.tar.gz", "c.tgz", "d.tar"):
        assert run(tmp_path / name).exit_code == 0
    packed = [(tmp_path / name).read_bytes() for name in ("a.tar.gz", "b.tar.gz", "c.tgz")]
    assert len(set(packed)) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"a.tar.gz", "b.tar.gz", "c.tgz", "d.tar"}
    with tarfile.open(tmp_path / "d.tar") as archive:
        entries = {entry.name: entry for entry in archive}
    assert all(name.partition("/")[0] == NAME for name in entries)
    assert {entry.uname for entry in entries.values()} == {"root"}
    assert entries[f"{NAME}/install.sh"].mode == 0o755
    assert entries[f"{NAME}/SHA256SUMS"].mode == 0o644
    assert pip.told


def test_what_is_there_is_not_touched(pip: Pip, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    done = run(tmp_path / "kept")
    assert done.exit_code == 1
    assert "kept exists: name a new directory or file" in done.stderr
    assert not pip.told


def test_half_a_bundle_is_none(pip: Pip, tmp_path: Path) -> None:
    pip.fails = "pip failed"
    done = run(tmp_path / "new")
    assert done.exit_code == 1
    assert done.stderr == "entrepot: pip failed\n"
    assert not [*tmp_path.iterdir()]


def test_what_pip_says_is_told() -> None:
    with pytest.raises(CommandError, match=r"-m pip nothing failed:\n.*unknown command"):
        making._pip("nothing")


def test_an_image_s_archive(pip: Pip, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    archive.write_text("layers")
    done = run(tmp_path / "new", "--image", archive, "--json")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "new" / "images" / "entrepot.tar").read_text() == "layers"
    assert json.loads(done.stdout)["files"] > 20
    assert "images/entrepot.tar\n" in (tmp_path / "new" / "SHA256SUMS").read_text()
    assert not [words for words in pip.told if "save" in words]


def test_an_image_of_an_engine(pip: Pip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = tmp_path / "docker"
    engine.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(tmp_path / "new", "--image", "hub/entrepot:1").exit_code == 0
    assert (tmp_path / "new" / "images" / "entrepot.tar").read_text() == "image hub/entrepot:1"
    engine.unlink()
    done = run(tmp_path / "other", "--image", "hub/entrepot:1")
    assert done.exit_code == 1
    assert "neither podman nor docker" in done.stderr
    assert pip.told


@pytest.mark.parametrize("python", ["3.10", "3", "2.7", "3.11.7", "latest"])
def test_a_python_that_it_does_not_run_on(pip: Pip, tmp_path: Path, python: str) -> None:
    done = run(tmp_path / "new", "--python", python)
    assert done.exit_code == 2
    assert "write it as 3.11, or newer" in done.stderr
    assert not pip.told
