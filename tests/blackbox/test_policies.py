"""What clients print where a policy or a quota says no, against a real server."""

import json

import pytest

from tests.blackbox.command_line import CommandLine
from tests.blackbox.docker import Docker, DockerEngines
from tests.blackbox.libpod import PLAIN_HTTP, skopeo_at_home
from tests.blackbox.processes import CommandFailedError, Workspace
from tests.blackbox.server import Registry
from tests.blackbox.toolbox import Toolbox
from tools.corpus.layout import Image
from tools.corpus.shelf import Shelf

API = "/api/entrepot/v1"


@pytest.fixture(autouse=True)
def own(registry: Registry) -> None:
    """Only where there is an interface to set policies by."""
    if registry.foreign:
        pytest.skip("needs a server of our own")


@pytest.fixture(scope="module")
def engines(toolbox: Toolbox, workspace: Workspace) -> DockerEngines:
    return DockerEngines.newest(toolbox, workspace, containerd_store=False)


@pytest.fixture(scope="module")
def skopeo(toolbox: Toolbox, workspace: Workspace, registry: Registry) -> CommandLine:
    client = skopeo_at_home(toolbox, workspace)
    if registry.login is not None:
        words = ("login", PLAIN_HTTP, "--username", registry.login.username, "--password-stdin")
        client(*words, registry.host, stdin=registry.login.password)
    return client


def put(registry: Registry, path: str, body: object) -> None:
    """Change something as the administrator."""
    assert registry.login is not None
    headers = {"Authorization": registry.login.basic, "Content-Type": "application/json"}
    wire = registry.wire()
    wire.ask("PUT", f"{API}{path}", headers=headers, body=json.dumps(body).encode()).expect(200)


def copy(skopeo: CommandLine, registry: Registry, image: Image, name: str) -> None:
    """Push by skopeo."""
    source = f"oci:{image.layout.path}:{image.reference}"
    target = f"docker://{registry.host}/{name}"
    words = ("copy", "--quiet", "--preserve-digests", "--dest-tls-verify=false")
    skopeo(*words, source, target)


def test_skopeo_is_told_of_a_quota(skopeo: CommandLine, registry: Registry, shelf: Shelf) -> None:
    image = shelf.image("layers-64")
    put(registry, "/quotas/project/fullhouse", {"limit_bytes": 100})
    with pytest.raises(CommandFailedError, match="Quota exceeded when processing the request"):
        copy(skopeo, registry, image, "fullhouse/app:v1")
    put(registry, "/quotas/project/fullhouse", {"limit_manifests": 0})
    with pytest.raises(CommandFailedError, match="adding 1 of count resource"):
        copy(skopeo, registry, image, "fullhouse/app:v1")
    put(registry, "/quotas/project/fullhouse", {})
    copy(skopeo, registry, image, "fullhouse/app:v1")


def test_skopeo_cannot_move_an_immutable_tag(
    skopeo: CommandLine, registry: Registry, shelf: Shelf
) -> None:
    first, second = shelf.root(), shelf.image("layers-64")
    put(registry, "/projects/fixed/policies/immutability", {"document": [{"tag": "v*"}]})
    copy(skopeo, registry, first, "fixed/app:v1")
    copy(skopeo, registry, first, "fixed/app:v1")
    with pytest.raises(CommandFailedError, match="configured as immutable"):
        copy(skopeo, registry, second, "fixed/app:v1")
    copy(skopeo, registry, second, "fixed/app:main")
    copy(skopeo, registry, first, "fixed/app:main")


def test_docker_is_told_of_both(pusher: Docker, registry: Registry, shelf: Shelf) -> None:
    put(registry, "/quotas/project/dockerfull", {"limit_bytes": 100})
    full = f"{registry.host}/dockerfull/app:v1"
    pusher.take(shelf.root(), full)
    with pytest.raises(CommandFailedError, match="denied: Quota exceeded when processing"):
        pusher.push(full)
    put(registry, "/projects/dockerfixed/policies/immutability", {"document": [{"tag": "v*"}]})
    fixed = f"{registry.host}/dockerfixed/app:v1"
    pusher.take(shelf.root(), fixed)
    pusher.push(fixed)
    pusher.push(fixed)
    pusher.run("rmi", fixed)
    pusher.take(shelf.image("layers-64"), fixed)
    with pytest.raises(CommandFailedError, match="configured as immutable"):
        pusher.push(fixed)
