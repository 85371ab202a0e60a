"""ORAS against a real server: artifacts, referrers, Helm-shaped charts."""

import json
from pathlib import Path

import pytest

from tests.blackbox.command_line import CommandLine
from tests.blackbox.compare import assert_layout_holds
from tests.blackbox.processes import CommandFailedError, Workspace
from tests.blackbox.server import Registry
from tests.blackbox.toolbox import Toolbox
from tools.corpus.layout import Image
from tools.corpus.shelf import Shelf

PLAIN = "--plain-http"


@pytest.fixture(scope="module")
def oras(toolbox: Toolbox, workspace: Workspace, registry: Registry) -> CommandLine:
    """ORAS, logged in."""
    client = CommandLine.at_home(toolbox.unpacked("oras"), workspace)
    if registry.login is not None:
        words = ("login", PLAIN, "--username", registry.login.username, "--password-stdin")
        client(*words, registry.host, stdin=registry.login.password)
    return client


def _push(oras: CommandLine, registry: Registry, image: Image, *options: str) -> str:
    name = registry.name(f"oras/{image.name}", image.reference)
    source = f"{image.layout.path}:{image.reference}"
    oras("cp", *options, "--from-oci-layout", source, "--to-plain-http", name)
    registry.wire().assert_identical(image, f"oras/{image.name}", image.reference)
    return name


@pytest.mark.parametrize(
    "kind, reference",
    [
        ("platforms", "latest"),
        ("helm-chart", "0.1.0"),
        ("edge", "zero-layers"),
        ("edge", "empty-artifact"),
        ("docker-schema2", "list"),
    ],
)
def test_round_trip(
    kind: str,
    reference: str,
    oras: CommandLine,
    registry: Registry,
    shelf: Shelf,
    scratch: Path,
) -> None:
    image, fetched = shelf.image(kind, reference), scratch / "fetched"
    name = _push(oras, registry, image)
    oras("cp", "--from-plain-http", name, "--to-oci-layout", f"{fetched}:{reference}")
    assert_layout_holds(fetched, image)
    assert reference in oras("repo", "tags", PLAIN, name.rpartition(":")[0]).split()


def test_single_image(oras: CommandLine, registry: Registry, single: Image, scratch: Path) -> None:
    name, fetched = _push(oras, registry, single), scratch / "fetched"
    oras("cp", "--from-plain-http", name, "--to-oci-layout", f"{fetched}:latest")
    assert_layout_holds(fetched, single)


def test_referrers_travel_along(
    needs_referrers: None, oras: CommandLine, registry: Registry, shelf: Shelf, scratch: Path
) -> None:
    image, fetched = shelf.image("referred"), scratch / "fetched"
    name = _push(oras, registry, image, "--recursive")
    found = json.loads(oras("discover", PLAIN, "--format", "json", name))["referrers"]
    kinds = sorted(entry["artifactType"] for entry in found)
    assert kinds == ["application/sarif+json", "application/spdx+json"]
    oras("cp", "--recursive", "--from-plain-http", name, "--to-oci-layout", f"{fetched}:latest")
    for entry in image.layout.entries():
        digest = entry["digest"]
        copied = fetched / "blobs" / digest.replace(":", "/")
        assert copied.read_bytes() == image.layout.read(digest)


def test_push_attach_pull_delete(
    needs_referrers: None,
    oras: CommandLine,
    registry: Registry,
    scratch: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(scratch)
    content = {"model.bin": b"\x00weights\xff", "card.md": b"# A card\n"}
    for file, body in content.items():
        (scratch / file).write_bytes(body)
    name = registry.name("oras/model", "v1")
    pushed = ("push", PLAIN, "--artifact-type", "application/vnd.example.model", name)
    oras(*pushed, "model.bin:application/octet-stream", "card.md:text/markdown")
    oras("attach", PLAIN, "--artifact-type", "application/vnd.example.note", name, "card.md")
    found = json.loads(oras("discover", PLAIN, "--format", "json", name))["referrers"]
    assert [entry["artifactType"] for entry in found] == ["application/vnd.example.note"]
    oras("pull", PLAIN, "--output", "pulled", name)
    assert {file: (scratch / "pulled" / file).read_bytes() for file in content} == content
    oras("manifest", "delete", "--force", PLAIN, name)
    assert not registry.wire().has("oras/model", "v1")


def test_stranger(toolbox: Toolbox, workspace: Workspace, registry: Registry) -> None:
    stranger = CommandLine.at_home(toolbox.unpacked("oras"), workspace)
    with pytest.raises(CommandFailedError, match=r"(?i)unauthorized|basic credential not found"):
        stranger("resolve", PLAIN, registry.name("oras/anything"))
