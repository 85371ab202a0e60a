"""`entrepot login` and its credential helper, with real clients."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.blackbox.command_line import CommandLine
from tests.blackbox.docker import Docker, DockerEngines
from tests.blackbox.libpod import PLAIN_HTTP, Libpod, LibpodEngines, skopeo_at_home
from tests.blackbox.processes import CommandFailedError, Outcome, Workspace, run
from tests.blackbox.server import Registry
from tests.blackbox.toolbox import Toolbox, absent
from tests.blackbox.wire import Login
from tests.faces.cli.credentials.places import make_place
from tools.corpus.shelf import Shelf

OURS = Path(sys.executable).with_name("entrepot")


@dataclass(frozen=True, slots=True)
class Desk:
    """A client's home, with `entrepot` and its helper beside the client's own settings."""

    home: Path
    env: dict[str, str]

    def entrepot(self, *words: str, stdin: str = "") -> str:
        return run([OURS, *words], env=self.env, stdin=stdin).stdout

    def helper(self, action: str, given: str = "") -> Outcome:
        program = self.home / "bin" / "docker-credential-entrepot"
        return run([program, action], env=self.env, stdin=given)

    def kept(self) -> Mapping[str, str]:
        """What the helper has: users by server."""
        listed: Mapping[str, str] = json.loads(self.helper("list").stdout)
        return listed


def desk_of(home: Path, env: dict[str, str]) -> Desk:
    """The helper comes before all others on the PATH that the client has from now on."""
    make_place(home)
    env["PATH"] = os.pathsep.join((str(home / "bin"), env["PATH"]))
    return Desk(home, env)


def credentials(registry: Registry) -> Login:
    if registry.login is None:
        absent("the registry lets everyone in")
    assert registry.login is not None
    return registry.login


@pytest.fixture(scope="module", params=["distribution", "newest"])
def docker(request: pytest.FixtureRequest, toolbox: Toolbox, workspace: Workspace) -> Docker:
    if request.param == "distribution":
        return DockerEngines.of_distribution(toolbox, workspace).fresh()
    return DockerEngines.newest(toolbox, workspace, containerd_store=True).fresh()


@pytest.fixture(scope="module")
def docker_desk(docker: Docker) -> Desk:
    return desk_of(docker.home, docker.env)


@pytest.fixture(scope="module")
def podman(toolbox: Toolbox, workspace: Workspace) -> Libpod:
    return LibpodEngines.named("podman", toolbox, workspace).fresh()


@pytest.fixture(scope="module")
def podman_desk(podman: Libpod) -> Desk:
    return desk_of(podman.home, podman.env)


def test_docker_uses_what_entrepot_login_kept(
    docker: Docker, docker_desk: Desk, registry: Registry, shelf: Shelf
) -> None:
    """In config.json first, then in the helper."""
    login, image = credentials(registry), shelf.image("edge", "zero-layers")
    for number, options in enumerate([(), ("--helper",)]):
        words = ("login", registry.host, "-u", login.username, "--password-stdin", *options)
        docker_desk.entrepot(*words, stdin=login.password)
        name = registry.name(f"login/docker-{number}")
        docker.take(image, name)
        docker.push(name)
        docker.run("image", "rm", "--force", name)
        docker.pull(name)
        docker_desk.entrepot("logout", registry.host)
        with pytest.raises(CommandFailedError, match=r"denied|unauthorized|no basic auth"):
            docker.push(name)


def test_docker_login_and_logout_by_the_helper(
    docker: Docker, docker_desk: Desk, registry: Registry, shelf: Shelf
) -> None:
    config = Path(docker.env["DOCKER_CONFIG"]) / "config.json"
    config.parent.mkdir(exist_ok=True)
    config.write_text(json.dumps({"credHelpers": {registry.host: "entrepot"}}))
    login, name = credentials(registry), registry.name("login/docker-itself")
    docker.login(registry.host, login)
    assert docker_desk.kept() == {registry.host: "<token>"}
    assert login.password not in config.read_text()
    docker.take(shelf.image("edge", "zero-layers"), name)
    docker.push(name)
    docker.pull(name)
    docker.run("logout", registry.host)
    assert docker_desk.kept() == {}
    with pytest.raises(CommandFailedError, match=r"denied|unauthorized|no basic auth"):
        docker.push(name)


def test_podman_login_and_logout_by_the_helper(
    podman: Libpod, podman_desk: Desk, registry: Registry, shelf: Shelf
) -> None:
    auth = Path(podman.env["REGISTRY_AUTH_FILE"])
    auth.write_text(json.dumps({"credHelpers": {registry.host: "entrepot"}}))
    login, name = credentials(registry), registry.name("login/podman-itself")
    podman.login(registry.host, login)
    assert podman_desk.kept() == {registry.host: login.username}
    assert login.password not in auth.read_text()
    podman.take(shelf.image("edge", "zero-layers"), name)
    podman.push(name)
    podman.pull(name)
    podman.run("logout", registry.host)
    assert podman_desk.kept() == {}
    auth.write_text("{}")


@pytest.mark.parametrize("options", [(), ("--helper",)], ids=["file", "helper"])
def test_podman_uses_what_entrepot_login_kept(
    podman: Libpod,
    podman_desk: Desk,
    registry: Registry,
    shelf: Shelf,
    options: tuple[str, ...],
) -> None:
    login, name = credentials(registry), registry.name("login/podman")
    words = ("login", registry.host, "-u", login.username, "--password-stdin", "--podman")
    podman_desk.entrepot(*words, *options, stdin=login.password)
    podman.take(shelf.image("edge", "zero-layers"), name)
    podman.push(name)
    podman_desk.entrepot("logout", "--podman", registry.host)
    with pytest.raises(CommandFailedError, match=r"denied|unauthorized|authentication required"):
        podman.push(name)


def test_skopeo_uses_what_entrepot_login_kept(
    toolbox: Toolbox, workspace: Workspace, registry: Registry, shelf: Shelf
) -> None:
    login, image = credentials(registry), shelf.image("edge", "zero-layers")
    skopeo = skopeo_at_home(toolbox, workspace)
    desk = desk_of(skopeo.home, skopeo.env)
    words = ("login", registry.host, "-u", login.username, "--password-stdin", "--podman")
    desk.entrepot(*words, "--helper", stdin=login.password)
    target = f"docker://{registry.name('login/skopeo')}"
    copy = (
        "copy",
        f"--dest-{PLAIN_HTTP[2:]}",
        f"oci:{image.layout.path}:{image.reference}",
        target,
    )
    skopeo(*copy)


@pytest.mark.parametrize("options", [(), ("--helper",)], ids=["file", "helper"])
def test_crane_uses_what_entrepot_login_kept(
    toolbox: Toolbox, workspace: Workspace, registry: Registry, options: tuple[str, ...]
) -> None:
    login = credentials(registry)
    crane = CommandLine.at_home(toolbox.unpacked("crane"), workspace)
    desk = desk_of(crane.home, crane.env)
    words = ("login", registry.host, "-u", login.username, "--password-stdin", *options)
    desk.entrepot(*words, stdin=login.password)
    assert crane("catalog", registry.host) is not None
