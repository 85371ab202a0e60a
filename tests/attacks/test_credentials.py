"""Hostile servers, names and files before `entrepot login` and its helper."""

import json
import os
import stat
from pathlib import Path

import pytest

from entrepot.faces.cli.credentials.dockerconfig import Credentials, DockerConfig
from entrepot.faces.cli.credentials.names import CredentialError
from tests.faces.cli.credentials.places import Place, id_token, make_place

NOT_FOUND = b"credentials not found in native keychain\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


@pytest.mark.parametrize("action", ["get", "erase", "store"])
@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd",
        "reg/../../other",
        "reg\nother",
        "reg\r\nother",
        "reg\0other",
        "\x1b]0;title\x07",
        "reg\u2028other",
        "r\u0435g.example.com",
        "x" * 100_000,
    ],
    ids=range(9),
)
def test_a_hostile_server_name_is_refused(place: Place, action: str, name: str) -> None:
    entry = {"ServerURL": name, "Username": "alice", "Secret": "sesame"}
    done = place.helper(action, json.dumps(entry) if action == "store" else name)
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"is not the name of a server" in done.stdout
    assert done.stdout.decode().rstrip("\n").isprintable()
    assert len(done.stdout) < 400
    assert not place.box.parent.exists()


@pytest.mark.parametrize("action", ["get", "erase", "store"])
def test_a_mebibyte_on_stdin_is_refused(place: Place, action: str) -> None:
    done = place.helper(action, b"a" * (1 << 20))
    assert (done.returncode, done.stdout) == (1, b"more than 131072 bytes were sent\n")


@pytest.mark.parametrize(
    "name", ["../../bin/sh", "/bin/sh", "x y", "a\nb", "", ".", "-x", "$(id)", 7, ["sh"], "a" * 65]
)
@pytest.mark.parametrize("part", ["credsStore", "credHelpers"])
def test_a_hostile_helper_name_is_refused(tmp_path: Path, part: str, name: object) -> None:
    value = {part: {"reg": name} if part == "credHelpers" else name}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(value))
    config = DockerConfig.read(path)
    if name == "":
        assert config.helper("reg") == ""
        return
    with pytest.raises(CredentialError, match="which cannot be one"):
        config.helper("reg")
    assert json.loads(path.read_text()) == value


@pytest.mark.parametrize("server", ["evil.example.com", "docker.io", "reg.evil", "reg:443", "xreg"])
def test_an_id_token_for_one_server_is_never_given_to_another(place: Place, server: str) -> None:
    """Docker asks the helper about the server of any image that somebody pulls."""
    path = place.home / "token"
    path.write_text(id_token(aud=["reg"]))
    for variables in (
        {"ENTREPOT_ID_TOKEN": path.read_text(), "ENTREPOT_SERVER": "reg"},
        {"ENTREPOT_ID_TOKEN_FILE": str(path)},
        {
            "ACTIONS_ID_TOKEN_REQUEST_URL": "http://127.0.0.1:1/",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x",
        },
    ):
        done = place.helper("get", server, variables)
        assert (done.returncode, done.stdout) == (1, NOT_FOUND)


def test_a_file_laid_in_the_way_is_not_written_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    path = tmp_path / "config.json"
    monkeypatch.setattr(os, "urandom", lambda size: b"\0" * size)
    (tmp_path / f"config.json.{os.getpid()}.00000000").symlink_to(victim)
    config = DockerConfig.read(path)
    config.keep("reg", Credentials("alice", "sesame"))
    with pytest.raises(CredentialError, match="cannot be written"):
        config.save()
    assert victim.read_text() == "mine"
    assert not path.exists()


def test_what_everybody_could_read_is_for_its_owner_once_a_secret_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text("{}")
    path.chmod(0o666)
    config = DockerConfig.read(path)
    config.keep("reg", Credentials("alice", "sesame"))
    config.save()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
