"""crane (go-containerregistry) against a real server."""

import json
from pathlib import Path

import pytest

from tests.blackbox.command_line import CommandLine
from tests.blackbox.compare import assert_layout_holds
from tests.blackbox.processes import CommandFailedError, Workspace, run
from tests.blackbox.server import Registry
from tests.blackbox.toolbox import Toolbox
from tools.corpus.layout import Image
from tools.corpus.shelf import Shelf


@pytest.fixture(scope="module")
def crane(toolbox: Toolbox, workspace: Workspace, registry: Registry) -> CommandLine:
    """crane, logged in."""
    client = CommandLine.at_home(toolbox.unpacked("crane"), workspace)
    if registry.login is not None:
        words = ("auth", "login", registry.host, "--username", registry.login.username)
        client(*words, "--password-stdin", stdin=registry.login.password)
    return client


def _round_trip(
    crane: CommandLine, registry: Registry, image: Image, scratch: Path, *options: str
) -> None:
    repository, fetched = f"crane/{image.name}", scratch / "fetched"
    name = registry.name(repository)
    crane("push", *options, image.layout.path, name)
    registry.wire().assert_identical(image, repository)
    crane("pull", "--format=oci", name, fetched)
    assert_layout_holds(fetched, image)


def test_single_image(crane: CommandLine, registry: Registry, single: Image, scratch: Path) -> None:
    _round_trip(crane, registry, single, scratch)
    crane("validate", "--remote", registry.name(f"crane/{single.name}"))


def test_index(crane: CommandLine, registry: Registry, shelf: Shelf, scratch: Path) -> None:
    image = shelf.image("platforms")
    registry.wire().push(image, "crane/platforms")
    name, fetched = registry.name("crane/platforms"), scratch / "fetched"
    crane("pull", "--format=oci", name, fetched)
    assert_layout_holds(fetched, image)
    crane("copy", name, registry.name("crane/copied"))
    registry.wire().assert_identical(image, "crane/copied")


def test_tags_and_delete(crane: CommandLine, registry: Registry, shelf: Shelf) -> None:
    image, repository = shelf.image("referred"), f"{registry.host}/crane/tagged"
    registry.wire().push(image, "crane/tagged", "v1")
    crane("tag", f"{repository}:v1", "v2")
    assert crane("ls", repository).split() == ["v1", "v2"]
    assert crane("digest", f"{repository}:v2").strip() == image.digest
    assert json.loads(crane("manifest", f"{repository}:v2")) == image.manifest
    assert "crane/tagged" in crane("catalog", registry.host).split()
    crane("delete", f"{repository}@{image.digest}")
    assert not registry.wire().has("crane/tagged", "v2")


def test_shows_that_an_image_is_deprecated(
    crane: CommandLine, registry: Registry, shelf: Shelf
) -> None:
    image, name = shelf.image("referred"), registry.name("crane/old")
    registry.wire().push(image, "crane/old")
    crane("mutate", name, "--annotation", "io.entrepot.deprecated=use crane/new", "--tag", name)
    shown = run([crane.program, "digest", name], env=crane.env).stderr
    assert "crane/old:latest is deprecated: use crane/new" in shown


def test_stranger(toolbox: Toolbox, workspace: Workspace, registry: Registry) -> None:
    stranger = CommandLine.at_home(toolbox.unpacked("crane"), workspace)
    with pytest.raises(CommandFailedError, match=r"UNAUTHORIZED|401"):
        stranger("digest", registry.name("crane/anything"))
