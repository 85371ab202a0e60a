"""Three replicas with real clients, each of whose requests comes to another."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.blackbox.command_line import PASSWORD_OF_KEYS, CommandLine
from tests.blackbox.compare import assert_layout_holds, assert_served
from tests.blackbox.docker import DockerEngines
from tests.blackbox.engines import Engine, Engines, logged_in
from tests.blackbox.fleet import REPLICAS, Fleet, fleet_of
from tests.blackbox.images import few_layers
from tests.blackbox.libpod import PLAIN_HTTP, LibpodEngines, skopeo_at_home
from tests.blackbox.processes import Workspace, base_environment, run
from tests.blackbox.server import Registry
from tests.blackbox.toolbox import Toolbox, absent
from tests.blackbox.wire import Login
from tests.servers.postgres import Postgres
from tests.servers.seaweed import Seaweed
from tools.corpus.layout import digest_of
from tools.corpus.shelf import Shelf

HELM = Path(__file__).with_name("helm_client.py")
PLAIN = "--plain-http"
ENTER = "/service/token?service=entrepot"
SPREAD = pytest.mark.usefixtures("spread")
INSECURE = ("--allow-insecure-registry", "--allow-http-registry")


@pytest.fixture(scope="module")
def fleet(server_workspace: Workspace, postgres: Postgres, seaweed: Seaweed) -> Iterator[Fleet]:
    """Three replicas, which no test of this module harms."""
    with fleet_of(server_workspace, postgres, seaweed) as made:
        yield made
        assert made.balancer.failed() == []


@pytest.fixture(scope="module")
def registry(fleet: Fleet) -> Registry:
    """What clients see."""
    return fleet.registry


@pytest.fixture
def spread(fleet: Fleet) -> Iterator[None]:
    """What a test asks comes to all replicas."""
    before = fleet.balancer.served()
    yield
    assert len(fleet.balancer.served() - before) == REPLICAS


@pytest.fixture(params=["docker", "docker newest", "podman", "buildah"])
def engines(request: pytest.FixtureRequest, toolbox: Toolbox, workspace: Workspace) -> Engines:
    """Each engine of this machine."""
    if request.param == "docker":
        return DockerEngines.of_distribution(toolbox, workspace)
    if request.param == "docker newest":
        return DockerEngines.newest(toolbox, workspace, containerd_store=True)
    return LibpodEngines.named(request.param, toolbox, workspace)


@SPREAD
def test_engines(
    request: pytest.FixtureRequest, engines: Engines, registry: Registry, scratch: Path
) -> None:
    """Log in, push an image of some layers, and pull it with nothing of it here."""
    image = few_layers(scratch / "image")
    repository = f"engines/{request.node.callspec.id.replace(' ', '-')}"
    name = registry.name(repository)
    pusher: Engine = logged_in(engines.fresh(), registry)
    pusher.take(image, name)
    pusher.push(name)
    wire = registry.wire()
    assert_served(wire, image, repository, exactly=pusher.keeps_bytes)
    assert wire.tags(repository) == ["latest"]
    puller = logged_in(engines.fresh(), registry)
    puller.pull(name)
    assert digest_of(wire.manifest(repository, "latest")) in puller.digests(name)


@SPREAD
def test_skopeo(
    toolbox: Toolbox, workspace: Workspace, registry: Registry, shelf: Shelf, scratch: Path
) -> None:
    image, skopeo = shelf.image("platforms"), skopeo_at_home(toolbox, workspace)
    assert registry.login is not None
    words = ("login", PLAIN_HTTP, "--username", registry.login.username, "--password-stdin")
    skopeo(*words, registry.host, stdin=registry.login.password)
    remote = f"docker://{registry.host}/clients/skopeo"
    copy = ("copy", "--quiet", "--all", "--preserve-digests")
    source = f"oci:{image.layout.path}:{image.reference}"
    for tag in ("v1", "v2"):
        skopeo(*copy, "--dest-tls-verify=false", source, f"{remote}:{tag}")
    skopeo(*copy, "--src-tls-verify=false", f"{remote}:v2", f"oci:{scratch / 'fetched'}:latest")
    assert_layout_holds(scratch / "fetched", image)
    assert json.loads(skopeo("list-tags", PLAIN_HTTP, remote))["Tags"] == ["v1", "v2"]
    assert json.loads(skopeo("inspect", PLAIN_HTTP, f"{remote}:v1"))["Digest"] == image.digest
    skopeo("delete", PLAIN_HTTP, f"{remote}:v1")
    assert not registry.wire().has("clients/skopeo", "v1")


@SPREAD
def test_crane(
    toolbox: Toolbox, workspace: Workspace, registry: Registry, shelf: Shelf, scratch: Path
) -> None:
    image = shelf.image("layers-64")
    crane = CommandLine.at_home(toolbox.unpacked("crane"), workspace)
    assert registry.login is not None
    words = ("auth", "login", registry.host, "--username", registry.login.username)
    crane(*words, "--password-stdin", stdin=registry.login.password)
    name = f"{registry.host}/clients/crane"
    crane("push", image.layout.path, f"{name}:v1")
    crane("pull", "--format=oci", f"{name}:v1", scratch / "fetched")
    assert_layout_holds(scratch / "fetched", image)
    crane("validate", "--remote", f"{name}:v1")
    crane("copy", f"{name}:v1", f"{registry.host}/clients/copied:v1")
    crane("tag", f"{name}:v1", "v2")
    assert crane("ls", name).split() == ["v1", "v2"]
    assert crane("digest", f"{name}:v2").strip() == image.digest
    crane("delete", f"{name}@{image.digest}")
    assert not registry.wire().has("clients/crane", "v2")
    assert registry.wire().has("clients/copied", "v1")


@SPREAD
def test_oras(
    toolbox: Toolbox, workspace: Workspace, registry: Registry, shelf: Shelf, scratch: Path
) -> None:
    image, fetched = shelf.image("referred"), scratch / "fetched"
    oras = CommandLine.at_home(toolbox.unpacked("oras"), workspace)
    assert registry.login is not None
    words = ("login", PLAIN, "--username", registry.login.username, "--password-stdin")
    oras(*words, registry.host, stdin=registry.login.password)
    name = registry.name("clients/oras", image.reference)
    source = f"{image.layout.path}:{image.reference}"
    oras("cp", "--recursive", "--from-oci-layout", source, "--to-plain-http", name)
    found = json.loads(oras("discover", PLAIN, "--format", "json", name))["referrers"]
    kinds = sorted(entry["artifactType"] for entry in found)
    assert kinds == ["application/sarif+json", "application/spdx+json"]
    oras("cp", "--from-plain-http", name, "--to-oci-layout", f"{fetched}:latest")
    assert_layout_holds(fetched, image)
    assert oras("repo", "tags", PLAIN, name.rpartition(":")[0]).split() == [image.reference]
    oras("manifest", "delete", "--force", PLAIN, name)
    assert not registry.wire().has("clients/oras", image.reference)


@SPREAD
def test_cosign(toolbox: Toolbox, workspace: Workspace, registry: Registry, shelf: Shelf) -> None:
    image = shelf.image("edge", "zero-layers")
    settings = {"COSIGN_PASSWORD": PASSWORD_OF_KEYS, "COSIGN_YES": "true"}
    cosign = CommandLine.at_home(toolbox.unpacked("cosign"), workspace, **settings)
    assert registry.login is not None
    words = ("login", registry.host, "--username", registry.login.username)
    cosign(*words, "--password-stdin", stdin=registry.login.password)
    cosign("generate-key-pair", "--output-key-prefix", cosign.home / "key")
    cosign("signing-config", "create", "--out", cosign.home / "signing.json")
    registry.wire().push(image, "clients/cosign")
    name = f"{registry.host}/clients/cosign@{image.digest}"
    made = ("--key", cosign.home / "key.key", "--signing-config", cosign.home / "signing.json")
    cosign("sign", *INSECURE, *made, name)
    key = ("--key", cosign.home / "key.pub", "--insecure-ignore-tlog=true")
    assert json.loads(cosign("verify", *INSECURE, *key, name))
    assert len(registry.wire().referrers("clients/cosign", image.digest) or []) == 1


@SPREAD
def test_helm(toolbox: Toolbox, workspace: Workspace, registry: Registry) -> None:
    python = toolbox.helm / "bin" / "python"
    if not python.exists():
        absent("helm is not here: run tools/clients.sh install --newest")
    assert registry.login is not None
    home = workspace.directory("helm")
    given = {"host": registry.host, "home": str(home), "username": registry.login.username}
    (home / "request.json").write_text(json.dumps(given | {"password": registry.login.password}))
    said = json.loads(run([python, HELM, home / "request.json"], env=base_environment(home)).stdout)
    assert said["same"]
    assert said["tags"] == ["0.2.0+build.1"]


def test_a_token_of_one_is_good_at_the_others(fleet: Fleet, shelf: Shelf) -> None:
    image = shelf.image("referred")
    fleet.registry.wire().push(image, "who/tokens")
    scope = "/service/token?service=entrepot&scope=repository:who/tokens:pull"
    path = f"/v2/who/tokens/manifests/{image.digest}"
    for issuer in fleet.replicas:
        headers = {"Authorization": issuer.login.basic}
        token = issuer.wire().ask("GET", scope, headers=headers).expect(200).json()["token"]
        for replica in fleet.replicas:
            sent = {"Authorization": f"Bearer {token}"}
            replica.wire().ask("GET", path, headers=sent).expect(200)
    fleet.registry.wire().ask("GET", path).expect(401)


def test_who_may_is_known_to_all_at_once(fleet: Fleet) -> None:
    """Made, changed or removed at one replica: in force at the others with their next request."""
    first, second, third = fleet.replicas
    first.api("POST", "/users", {"name": "eve", "password": "once-upon-8"}).expect(201)
    old = Login("eve", "once-upon-8")
    assert _may_enter(fleet, old) == [200] * 3
    second.api("PATCH", "/users/eve", {"password": "twice-upon-9"}).expect(200)
    assert _may_enter(fleet, old) == [401] * 3
    new = Login("eve", "twice-upon-9")
    assert _may_enter(fleet, new) == [200] * 3
    third.api("POST", "/users/eve/disable", {}).expect(200)
    assert _may_enter(fleet, new) == [401] * 3
    first.api("POST", "/users/eve/enable", {}).expect(200)
    assert _may_enter(fleet, new) == [200] * 3
    second.api("DELETE", "/users/eve").expect(204)
    assert _may_enter(fleet, new) == [401] * 3


def test_a_robot_is_known_to_all_at_once(fleet: Fleet) -> None:
    first, second, third = fleet.replicas
    made = first.api("POST", "/robots", {"name": "ci"}).expect(201).json()
    robot = Login(made["name"], made["secret"])
    assert _may_enter(fleet, robot) == [200] * 3
    second.api("PATCH", f"/robots/{quote(made['name'], safe='')}", {"enabled": False}).expect(200)
    assert _may_enter(fleet, robot) == [401] * 3
    third.api("DELETE", f"/robots/{quote(made['name'], safe='')}").expect(204)
    assert _may_enter(fleet, robot) == [401] * 3


def _may_enter(fleet: Fleet, login: Login) -> list[int]:
    """What each replica says to these credentials."""
    sent = {"Authorization": login.basic}
    asked = [each.wire().ask("GET", ENTER, headers=sent) for each in fleet.replicas]
    return [answer.expect(200, 401).status for answer in asked]
