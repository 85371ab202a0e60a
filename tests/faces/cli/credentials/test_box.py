"""The file of docker-credential-entrepot."""

import fcntl
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from entrepot.faces.cli.credentials import box as module
from entrepot.faces.cli.credentials.box import Box, Entry, box_path
from entrepot.faces.cli.credentials.names import CredentialError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "entrepot" / "credentials.json"


def test_what_is_kept_is_found_by_any_name_of_the_server(path: Path) -> None:
    box = Box(path)
    assert box.find("reg") is None
    box.keep(Entry("https://Reg:5000/v1/", "alice", "sesame"))
    box.keep(Entry("other", is_workload=True))
    assert Box(path).find("reg:5000") == Entry("https://Reg:5000/v1/", "alice", "sesame")
    assert Box(path).find("http://other") == Entry("other", is_workload=True)
    assert [entry.url for entry in box.all()] == ["other", "https://Reg:5000/v1/"]
    assert box.drop("reg:5000")
    assert not box.drop("reg:5000")


def test_only_the_owner_reads_it(path: Path) -> None:
    Box(path).keep(Entry("reg", "alice", "sesame"))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {"credentials.json": 0o600, "credentials.lock": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_parallel_writers_lose_nothing(path: Path) -> None:
    def keep(number: int) -> None:
        Box(path).keep(Entry(f"reg{number}", "alice", "x"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(keep, range(40)))
    assert len(Box(path).all()) == 40


def test_a_lock_that_is_held_is_told_after_a_while(path: Path) -> None:
    box = Box(path, lock_seconds=0.05)
    box.keep(Entry("reg", "alice", "x"))
    with path.with_suffix(".lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(CredentialError, match="locked by another process"):
            box.drop("reg")
        assert box.find("reg") is not None
    assert box.drop("reg")


def test_it_has_a_most(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ENTRIES_MAX", 2)
    box = Box(path)
    for name in ("a", "b", "a"):
        box.keep(Entry(name, "alice", "x"))
    with pytest.raises(CredentialError, match="remove some"):
        box.keep(Entry("c", "alice", "x"))


@pytest.mark.parametrize(
    "value",
    ["x", {"version": 2}, {"servers": []}, {"servers": {"a": 1}}, {"servers": {"a": {"url": "a"}}}],
    ids=str,
)
def test_a_broken_file_is_refused_and_left_alone(path: Path, value: object) -> None:
    path.parent.mkdir()
    path.write_text(json.dumps(value))
    for work in (lambda: Box(path).keep(Entry("reg", "a", "x")), lambda: Box(path).drop("reg")):
        with pytest.raises(CredentialError, match="was not changed"):
            work()
    assert json.loads(path.read_text()) == value


def test_a_lock_that_is_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    path.with_suffix(".lock").symlink_to(tmp_path / "victim")
    with pytest.raises(CredentialError, match="cannot be written"):
        Box(path).keep(Entry("reg", "alice", "x"))
    assert not (tmp_path / "victim").exists()


def test_its_place_is_of_xdg() -> None:
    assert box_path({"HOME": "/h"}) == Path("/h/.config/entrepot/credentials.json")
    named = {"HOME": "/h", "XDG_CONFIG_HOME": "/x"}
    assert box_path(named) == Path("/x/entrepot/credentials.json")
    named["XDG_CONFIG_HOME"] = "relative"
    assert box_path(named) == Path("/h/.config/entrepot/credentials.json")
