"""Skopeo against a real server."""

import json
from pathlib import Path

import pytest

from tests.blackbox.command_line import CommandLine
from tests.blackbox.compare import assert_layout_holds
from tests.blackbox.libpod import PLAIN_HTTP, skopeo_at_home
from tests.blackbox.processes import CommandFailedError, Workspace
from tests.blackbox.server import Registry
from tests.blackbox.toolbox import Toolbox
from tools.corpus.layout import Image
from tools.corpus.shelf import Shelf

TO = "--dest-tls-verify=false"
FROM = "--src-tls-verify=false"


@pytest.fixture(scope="module")
def stranger(toolbox: Toolbox, workspace: Workspace) -> CommandLine:
    """Skopeo without credentials."""
    return skopeo_at_home(toolbox, workspace)


@pytest.fixture(scope="module")
def skopeo(toolbox: Toolbox, workspace: Workspace, registry: Registry) -> CommandLine:
    """Skopeo, logged in."""
    client = skopeo_at_home(toolbox, workspace)
    if registry.login is not None:
        words = ("login", PLAIN_HTTP, "--username", registry.login.username, "--password-stdin")
        client(*words, registry.host, stdin=registry.login.password)
    return client


def _round_trip(skopeo: CommandLine, registry: Registry, image: Image, scratch: Path) -> None:
    repository, fetched = f"skopeo/{image.name}", scratch / "fetched"
    remote = f"docker://{registry.name(repository)}"
    source = f"oci:{image.layout.path}:{image.reference}"
    skopeo("copy", "--quiet", "--all", "--preserve-digests", TO, source, remote)
    registry.wire().assert_identical(image, repository)
    fetch = ("copy", "--quiet", "--all", "--preserve-digests", FROM, remote)
    skopeo(*fetch, f"oci:{fetched}:latest")
    assert_layout_holds(fetched, image)


def test_single_image(
    skopeo: CommandLine, registry: Registry, single: Image, scratch: Path
) -> None:
    _round_trip(skopeo, registry, single, scratch)


def test_index(skopeo: CommandLine, registry: Registry, shelf: Shelf, scratch: Path) -> None:
    _round_trip(skopeo, registry, shelf.image("platforms"), scratch)


def test_docker_manifest_list(skopeo: CommandLine, registry: Registry, shelf: Shelf) -> None:
    image = shelf.image("docker-schema2", "list")
    registry.wire().push(image, "skopeo/schema2")
    source, copy = (f"docker://{registry.name(f'skopeo/{to}')}" for to in ("schema2", "copied"))
    skopeo("copy", "--quiet", "--all", "--preserve-digests", FROM, TO, source, copy)
    registry.wire().assert_identical(image, "skopeo/copied")


def test_tags_inspect_delete(skopeo: CommandLine, registry: Registry, shelf: Shelf) -> None:
    image = shelf.image("referred")
    for tag in ("v2", "v1", "v10"):
        registry.wire().push(image, "skopeo/tagged", tag)
    remote = f"docker://{registry.host}/skopeo/tagged"
    listed = json.loads(skopeo("list-tags", PLAIN_HTTP, remote))["Tags"]
    assert sorted(listed) == ["v1", "v10", "v2"]
    inspected = json.loads(skopeo("inspect", PLAIN_HTTP, f"{remote}:v1"))
    assert inspected["Digest"] == image.digest
    raw = skopeo("inspect", "--raw", PLAIN_HTTP, f"{remote}:v1")
    assert raw.encode() == image.layout.read(image.digest)
    skopeo("delete", PLAIN_HTTP, f"{remote}:v1")
    assert not registry.wire().has("skopeo/tagged", "v1")


def test_stranger(stranger: CommandLine, registry: Registry, shelf: Shelf) -> None:
    assert registry.login is not None
    words = ("login", PLAIN_HTTP, "--username", registry.login.username, "--password-stdin")
    with pytest.raises(CommandFailedError, match=r"(?i)invalid username/password"):
        stranger(*words, registry.host, stdin="wrong")
    source = f"oci:{shelf.image('referred').layout.path}:latest"
    with pytest.raises(
        CommandFailedError, match=r"(?i)unauthorized|authentication required|denied"
    ):
        stranger("copy", TO, source, f"docker://{registry.name('skopeo/refused')}")


def test_open_registry(stranger: CommandLine, open_registry: Registry, shelf: Shelf) -> None:
    image = shelf.image("referred")
    source = f"oci:{image.layout.path}:latest"
    stranger("copy", "--quiet", TO, source, f"docker://{open_registry.name('skopeo-open')}")
    open_registry.wire().assert_identical(image, "skopeo-open")
