"""`entrepot client-setup`: what is printed and written for each client."""

import base64
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from click.testing import CliRunner, Result

from entrepot.faces.cli.clientsetup import client_setup

HOST = "registry.example.com:8443"
PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n"


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    file.write_text(KEY + PEM)
    return file


def run(*words: str | Path, text: str = "") -> Result:
    arguments = [str(word) for word in words]
    if "--registry" not in arguments:
        arguments += ["--registry", f"https://{HOST}"]
    return CliRunner(env={"ENTREPOT_SERVER": None}).invoke(client_setup, arguments, input=text)


def files(*words: str | Path, text: str = "") -> dict[str, str]:
    done = run(*words, "--json", text=text)
    assert done.exit_code == 0, done.output
    return {file["path"]: file["text"] for file in json.loads(done.stdout)["files"]}


def test_only_certificates_are_handed_out(ca: Path) -> None:
    found = files("docker", "--ca", ca)
    assert found == {f"/etc/docker/certs.d/{HOST}/ca.crt": PEM}


def test_docker_needs_a_setting_for_plain_http_elsewhere() -> None:
    settings = json.loads(files("docker", "--registry", "http://r:5000")["/etc/docker/daemon.json"])
    assert settings == {"insecure-registries": ["r:5000"]}
    assert files("docker", "--registry", "http://localhost:5000") == {}
    (here,) = files("containerd", "--registry", "localhost:5000").values()
    (there,) = files("containerd", "--registry", "r:5000").values()
    assert ("http://localhost:5000" in here, "https://r:5000" in there) == (True, True)


def test_podman_reads_toml(ca: Path) -> None:
    found = files("podman", "--ca", ca, "--mirror-of", "docker.io")
    settings = tomllib.loads(found["/etc/containers/registries.conf.d/50-entrepot.conf"])
    assert settings["registry"] == [
        {"location": HOST},
        {"location": "docker.io", "mirror": [{"location": HOST}]},
    ]
    assert found[f"/etc/containers/certs.d/{HOST}/ca.crt"] == PEM


def test_containerd_finds_its_authority(ca: Path) -> None:
    found = files("containerd", "--ca", ca, "--mirror-of", "docker.io")
    own = tomllib.loads(found[f"/etc/containerd/certs.d/{HOST}/hosts.toml"])
    assert own["host"][f"https://{HOST}"] == {
        "capabilities": ["pull", "resolve", "push"],
        "ca": "ca.crt",
    }
    mirror = tomllib.loads(found["/etc/containerd/certs.d/docker.io/hosts.toml"])
    assert mirror["server"] == "https://registry-1.docker.io"
    assert mirror["host"][f"https://{HOST}"]["ca"] == f"../{HOST}/ca.crt"


def test_a_pull_secret_holds_what_docker_login_would() -> None:
    words = ("--username", "robot$ci", "--password-stdin", "--namespace", "shop")
    found = files("kubernetes", *words, text="s3cret\n")
    secret: Any = yaml.safe_load(found["entrepot-secret.yaml"])
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    assert secret["metadata"] == {"name": "entrepot", "namespace": "shop"}
    config = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))
    entry = config["auths"][HOST]
    assert base64.b64decode(entry["auth"]).decode() == "robot$ci:s3cret"


def test_without_a_password_there_is_a_command() -> None:
    done = run("kubernetes", "--username", "robot$ci")
    assert f"create secret docker-registry entrepot --docker-server={HOST}" in done.stdout
    assert "--docker-username='robot$ci'" in done.stdout


@pytest.mark.parametrize(
    "kind, file",
    [
        ("github", ".github/workflows/image.yml"),
        ("gitlab", ".gitlab-ci.yml"),
        ("jenkins", "Jenkinsfile"),
    ],
)
def test_pipelines_name_the_registry(kind: str, file: str) -> None:
    text = files("ci", "--kind", kind)[file]
    assert HOST in text
    if kind != "jenkins":
        assert yaml.safe_load(text)


def test_files_are_written_once(tmp_path: Path, ca: Path) -> None:
    words = ("containerd", "--ca", ca, "--write", tmp_path / "root")
    assert "would write" in run(*words, "--dry-run").stdout
    assert not (tmp_path / "root").exists()
    assert "wrote" in run(*words).stdout
    written = tmp_path / "root/etc/containerd/certs.d" / HOST
    assert sorted(file.name for file in written.iterdir()) == ["ca.crt", "hosts.toml"]
    again = run(*words).stdout
    assert "wrote" not in again
    assert "is as it should be" in again


def test_other_settings_of_docker_stay(tmp_path: Path) -> None:
    file = tmp_path / "etc/docker/daemon.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"debug": true, "registry-mirrors": ["https://other"]}')
    assert run("docker", "--mirror-of", "docker.io", "--write", tmp_path).exit_code == 0
    assert json.loads(file.read_text()) == {
        "debug": True,
        "registry-mirrors": ["https://other", f"https://{HOST}"],
    }
    file.write_text("[")
    done = run("docker", "--mirror-of", "docker.io", "--write", tmp_path)
    assert done.exit_code == 1
    assert file.read_text() == "["


@pytest.mark.parametrize(
    "words, said",
    [
        (("docker", "--registry", "ftp://x"), "is not an address"),
        (("docker", "--registry", "https://x/path"), "is not an address"),
        (("ci",), "say which"),
        (("docker", "--ca", pytest.__file__), "holds no certificate"),
    ],
    ids=["scheme", "path", "kind", "pem"],
)
def test_what_cannot_be_is_told(words: tuple[str, ...], said: str) -> None:
    done = run(*words)
    assert done.exit_code == 1
    assert said in done.stderr
