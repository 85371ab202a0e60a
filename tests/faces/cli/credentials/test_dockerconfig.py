"""docker's config.json."""

import json
import os
import stat
from pathlib import Path

import pytest

from entrepot.faces.cli.credentials.dockerconfig import (
    Credentials,
    DockerConfig,
    docker_path,
    podman_path,
)
from entrepot.faces.cli.credentials.names import HUB, CredentialError

ALICE = Credentials("alice", "s:e:same")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "docker" / "config.json"


def written(path: Path, text: str) -> DockerConfig:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return DockerConfig.read(path)


def test_a_new_file_looks_as_docker_writes_it(path: Path) -> None:
    config = DockerConfig.read(path)
    config.keep("reg.example.com", ALICE)
    config.save()
    lines = ["{", '\t"auths": {', '\t\t"reg.example.com": {']
    lines += ['\t\t\t"auth": "YWxpY2U6czplOnNhbWU="', "\t\t}", "\t}", "}"]
    assert path.read_text() == "\n".join(lines)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["config.json"]


def test_an_identity_token_is_kept_as_docker_does(path: Path) -> None:
    config = DockerConfig.read(path)
    config.keep(HUB, Credentials("alice", "token", is_token=True))
    config.save()
    entry = {"auth": "YWxpY2U6", "identitytoken": "token"}
    assert json.loads(path.read_text())["auths"] == {HUB: entry}
    assert DockerConfig.read(path).find("docker.io") == Credentials("alice", "token", is_token=True)


@pytest.mark.parametrize("indent,end", [("\t", ""), ("  ", "\n"), ("        ", "")])
def test_what_is_unknown_and_the_form_stay(path: Path, indent: str, end: str) -> None:
    value = {
        "HttpHeaders": {"X-Meta": "\u00fc<&>"},
        "auths": {"other:5000": {"auth": "eDp5", "email": "x"}},
        "detachKeys": "ctrl-e",
        "plugins": {"a": {"b": "c"}},
        "half": "\ud800",
    }
    before = json.dumps(value, indent=indent) + end
    config = written(path, before)
    config.keep("reg.example.com", ALICE)
    config.save()
    after = DockerConfig.read(path)
    assert after.find("reg.example.com") == ALICE
    assert after.drop("reg.example.com")
    after.save()
    assert path.read_text() == before


@pytest.mark.parametrize(
    "key", ["reg:5000", "https://reg:5000", "http://reg:5000/v1/", "https://reg:5000/v2/"]
)
def test_old_keys_are_found_and_replaced(path: Path, key: str) -> None:
    config = written(path, json.dumps({"auths": {key: {"auth": "YWxpY2U6czplOnNhbWU="}}}))
    assert config.find("reg:5000") == ALICE
    config.keep("https://reg:5000", Credentials("bob", "b"))
    config.save()
    assert json.loads(path.read_text())["auths"] == {"reg:5000": {"auth": "Ym9iOmI="}}


def test_podmans_key_with_a_path_is_another_entry(path: Path) -> None:
    config = written(path, json.dumps({"auths": {"reg/team": {"auth": "eDp5"}}}))
    assert config.find("reg") is None
    assert not config.drop("reg")


@pytest.mark.parametrize(
    "auth", [None, 1, [], "", "!!!", "YWxpY2U=", "gICA", "YWxpY2U6", "OnNlc2FtZQ=="]
)
def test_an_entry_that_says_nothing_is_none(path: Path, auth: object) -> None:
    assert written(path, json.dumps({"auths": {"reg": {"auth": auth}}})).find("reg") is None


def test_the_helper_of_a_server_comes_before_the_one_of_all(path: Path) -> None:
    value = {"credsStore": "pass", "credHelpers": {"reg:5000": "own", "https://b": "", HUB: "hub"}}
    config = written(path, json.dumps(value))
    names = [
        config.helper(name) for name in ("reg:5000", "http://reg:5000/", "b", "c", "docker.io")
    ]
    assert names == ["own", "own", "", "pass", "hub"]
    assert written(path, "{}").helper("reg") == ""


def test_a_link_stays_one_and_its_target_is_replaced(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "dotfiles" / "docker.json"
    target.parent.mkdir()
    target.write_text("{}")
    target.chmod(0o644)
    path.parent.mkdir()
    path.symlink_to("../dotfiles/docker.json")
    config = DockerConfig.read(path)
    config.keep("reg", ALICE)
    config.save()
    assert path.is_symlink()
    assert DockerConfig.read(target).find("reg") == ALICE
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [file.name for file in target.parent.iterdir()] == ["docker.json"]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "null",
        '{"auths": []}',
        '{"credHelpers": "x"}',
        "\udcff",
        '{"a": ' * 100_000,
        '{"a": "' + "x" * (4 << 20) + '"}',
    ],
    ids=range(8),
)
def test_a_broken_file_is_refused_and_left_alone(path: Path, text: str) -> None:
    path.parent.mkdir()
    raw = text.encode(errors="surrogateescape")
    path.write_bytes(raw)
    with pytest.raises(CredentialError, match="repair it"):
        DockerConfig.read(path)
    assert path.read_bytes() == raw


def test_an_empty_file_is_an_empty_object(path: Path) -> None:
    assert written(path, "\n").find("reg") is None


def test_what_is_no_file_is_refused(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(CredentialError, match="cannot be read"):
        DockerConfig.read(path)
    with pytest.raises(CredentialError, match="not a regular file"):
        DockerConfig.read(Path(os.devnull))


def test_a_link_that_goes_round_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(path)
    with pytest.raises(CredentialError, match="cannot be read"):
        DockerConfig.read(path)


def test_the_places_are_those_of_docker_and_podman() -> None:
    home = {"HOME": "/h"}
    assert docker_path(home) == Path("/h/.docker/config.json")
    assert docker_path({**home, "DOCKER_CONFIG": "/d"}) == Path("/d/config.json")
    assert podman_path({"REGISTRY_AUTH_FILE": "/a.json", "XDG_RUNTIME_DIR": "/r"}) == Path(
        "/a.json"
    )
    assert podman_path({"XDG_RUNTIME_DIR": "/r"}) == Path("/r/containers/auth.json")
    assert podman_path({}) == Path(f"/run/containers/{os.getuid()}/auth.json")
