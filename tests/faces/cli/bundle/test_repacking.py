"""Wheels of what is installed."""

import base64
import csv
import hashlib
import importlib.metadata
import zipfile
from pathlib import Path

import pytest

from entrepot.faces.cli.bundle.repacking import repack
from entrepot.faces.cli.client import CommandError

CLICK = importlib.metadata.distribution("click")
INFO = f"click-{CLICK.version}.dist-info"


def test_a_wheel_has_what_was_installed(tmp_path: Path) -> None:
    wheel = repack("click", tmp_path)
    assert wheel.name == f"click-{CLICK.version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        assert {"click/__init__.py", "click/py.typed", f"{INFO}/METADATA", f"{INFO}/WHEEL"} <= names
        assert not {f"{INFO}/INSTALLER", f"{INFO}/REQUESTED"} & names
        assert not [name for name in names if name.startswith("..") or name.endswith(".pyc")]
        record = {
            row[0]: row[1:]
            for row in csv.reader(archive.read(f"{INFO}/RECORD").decode().splitlines())
        }
        assert set(record) == names
        for name, (digest, size) in record.items():
            if name == f"{INFO}/RECORD":
                assert (digest, size) == ("", "")
                continue
            content = archive.read(name)
            found = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode()
            assert (digest, int(size)) == (f"sha256={found.rstrip('=')}", len(content))


def test_the_same_again(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    first, second = repack("click", tmp_path), repack("click", tmp_path / "again")
    assert first.read_bytes() == second.read_bytes()


def test_what_came_otherwise_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    egg = tmp_path / "old-1.0.egg-info"
    egg.mkdir()
    (egg / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: old\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(CommandError, match="old is not installed from a wheel here"):
        repack("old", tmp_path)
