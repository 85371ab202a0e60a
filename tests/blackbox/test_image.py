"""Entrepot's own image: built for two platforms, run, drained, passed on."""

import io
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, cast

import pytest

from entrepot import __version__
from tests.blackbox.docker import DockerEngines
from tests.blackbox.libpod import LibpodEngines, Podman
from tests.blackbox.processes import CommandFailedError, Workspace, until
from tests.blackbox.server import ADMINISTRATOR, Registry
from tests.blackbox.toolbox import Toolbox
from tests.blackbox.wire import Login, Wire
from tests.servers.seaweed import KEY, SECRET, Seaweed, free_ports
from tools.corpus.layout import Image, digest_of
from tools.corpus.shelf import Shelf

PLATFORMS = ("linux/amd64", "linux/arm64")
SIZE_MAX_BYTES = 120 << 20
ELF_MACHINES = {"amd64": 62, "arm64": 183}
"""`e_machine` of an ELF head: EM_X86_64, EM_AARCH64."""
MEBIBYTE = b"x" * (1 << 20)
START_SECONDS = 60
LOGIN = Login(ADMINISTRATOR, "made-for-this-test")


@pytest.fixture(scope="module")
def base(open_registry: Registry, python_base: Image) -> str:
    """The name of the base, which the registry has for both platforms."""
    open_registry.wire().push(python_base, "base/python")
    return open_registry.name("base/python")


@pytest.fixture(scope="module")
def image(
    toolbox: Toolbox, workspace: Workspace, open_registry: Registry, base: str, bundle: Path
) -> str:
    """Built with Buildah from a bundle alone, and pushed to a registry; its name there."""
    engine = LibpodEngines.named("buildah", toolbox, workspace).fresh()
    fixed = ("--isolation", "chroot", "--format", "docker", "--tls-verify=false")
    # Buildah before 1.30 does not tell what it builds on.
    given = ("--build-arg", f"BASE={base}", "--build-arg", "BUILDPLATFORM=linux/amd64")
    for platform in PLATFORMS:
        target = ("--platform", platform, "--manifest", "entrepot")
        file = ("--file", bundle / "deploy" / "Containerfile", bundle)
        engine.run("bud", *fixed, *given, *target, *file)
    name = open_registry.name("entrepot/entrepot", __version__)
    engine.run("manifest", "push", "--all", "--tls-verify=false", "entrepot", f"docker://{name}")
    return name


@dataclass(frozen=True, slots=True)
class Part:
    """The image of one platform, as the registry has it."""

    wire: Wire
    manifest: dict[str, Any]
    config: dict[str, Any]

    @property
    def size_bytes(self) -> int:
        return sum(layer["size"] for layer in self.manifest["layers"])

    def files(self, suffix: str) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
        """The files of what is laid over the base."""
        path = f"/v2/entrepot/entrepot/blobs/{self.manifest['layers'][-1]['digest']}"
        blob = self.wire.ask("GET", path, "entrepot/entrepot").expect(200).body
        with tarfile.open(fileobj=io.BytesIO(blob)) as archive:
            for entry in archive:
                if entry.name.endswith(suffix):
                    content = archive.extractfile(entry) if entry.isfile() else None
                    yield entry, content.read() if content is not None else b""


@pytest.fixture(scope="module")
def parts(image: str, open_registry: Registry) -> dict[str, Part]:
    """The images by their architectures."""
    wire = open_registry.wire()
    repository, tag = image.partition("/")[2].rsplit(":", 1)
    found = {}
    for entry in json.loads(wire.manifest(repository, tag))["manifests"]:
        manifest = json.loads(wire.manifest(repository, entry["digest"]))
        path = f"/v2/{repository}/blobs/{manifest['config']['digest']}"
        config = wire.ask("GET", path, repository).expect(200).json()
        assert config["architecture"] == entry["platform"]["architecture"]
        found[config["architecture"]] = Part(wire, manifest, config)
    return found


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_each_platform(parts: dict[str, Part], architecture: str, record_property: Any) -> None:
    part = parts[architecture]
    record_property("compressed_bytes", part.size_bytes)
    assert part.size_bytes <= SIZE_MAX_BYTES
    libraries = [content for _, content in part.files(".so")]
    assert len(libraries) > 20
    machines = {int.from_bytes(content[18:20], "little") for content in libraries}
    assert machines == {ELF_MACHINES[architecture]}
    config = part.config["config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["entrepot"]
    assert config["Cmd"] == ["serve"]
    assert list(config["Volumes"]) == ["/data"]
    assert config["Healthcheck"]["Test"] == ["CMD", "entrepot", "health", "--alive"]


def test_nothing_is_left_that_was_needed_to_build(parts: dict[str, Part]) -> None:
    names = {entry.name for entry, _ in parts["amd64"].files("")}
    assert not [name for name in names if name.endswith(".whl") or "/pip/" in name]
    assert not [name for name in names if name.startswith(("context", "image", "tmp/"))]
    programs = {name.rpartition("/")[2] for name in names if "/entrepot/bin/" in name}
    assert programs == {"entrepot", "docker-credential-entrepot"}


@dataclass(frozen=True, slots=True)
class Container:
    """One that runs, on the network of this machine."""

    engine: Podman
    name: str
    port: int

    @classmethod
    def started(cls, engine: Podman, image: str, *words: str, port: int, **env: str) -> "Container":
        name = f"entrepot-{port}"
        given = [word for pair in env.items() for word in ("--env", "=".join(pair))]
        fixed = ("--detach", "--name", name, "--network", "host", "--cap-drop", "all")
        hard = ("--read-only", "--read-only-tmpfs=false", "--security-opt", "no-new-privileges")
        options = ("--runtime", "/usr/sbin/runc", "run")
        engine.run(*options, *fixed, *hard, *given, *words, image)
        found = cls(engine, name, port)
        try:
            until(found.is_ready, what="the container is ready", limit_seconds=START_SECONDS)
        except CommandFailedError as reason:
            raise CommandFailedError(f"{reason}\n{found.logs()}") from None
        return found

    @property
    def wire(self) -> Wire:
        return Wire(f"http://127.0.0.1:{self.port}", LOGIN)

    def is_ready(self) -> bool:
        with suppress(OSError, HTTPException):
            return self.wire.ask("GET", "/readyz").status == 200
        return False

    def logs(self) -> str:
        said = self.engine.run("logs", self.name)
        return said.stdout + said.stderr

    def says(self, *words: str) -> str:
        return self.engine.run("exec", self.name, *words).stdout

    def status(self) -> int:
        found = self.engine.run("inspect", "--format", "{{.State.ExitCode}}", self.name)
        return int(found.stdout)


@pytest.fixture(scope="module")
def podman(toolbox: Toolbox, workspace: Workspace) -> Podman:
    """An engine with an empty store."""
    return cast("Podman", LibpodEngines.named("podman", toolbox, workspace).fresh())


@pytest.fixture
def port() -> int:
    """One that nobody uses."""
    return free_ports(1)[0]


@pytest.fixture
def container(podman: Podman, image: str, port: int) -> Iterator[Container]:
    """The image as it was pulled, with a volume and nothing else to write to."""
    podman.pull(image)
    env = {
        "ENTREPOT_SERVER_LISTEN": f"127.0.0.1:{port}",
        "ENTREPOT_ADMIN_PASSWORD": LOGIN.password,
    }
    volume = ("--volume", f"data-{port}:/data")
    made = Container.started(podman, image, *volume, port=port, **env)
    yield made
    podman.run("rm", "--force", "--time", "0", "--volumes", made.name)


def test_it_serves_and_drains(container: Container, shelf: Shelf) -> None:
    image = shelf.image("platforms")
    container.wire.push(image, "in/container")
    container.wire.assert_identical(image, "in/container")
    assert container.says("entrepot", "health") == "the server is ready\n"
    assert container.says("entrepot", "repo", "list").splitlines()[1].startswith("in/container")
    container.engine.run("healthcheck", "run", container.name)
    assert _upload_while_it_stops(container) == 201
    assert container.status() == 0
    assert '"draining"' in container.logs()
    # What was acknowledged is there in the next container.
    container.engine.run("start", container.name)
    until(container.is_ready, what="it is ready again", limit_seconds=START_SECONDS)
    assert container.wire.blob_digests("in/container", digest_of(MEBIBYTE))
    container.wire.assert_identical(image, "in/container")


def _upload_while_it_stops(container: Container) -> int:
    """The status of an upload of which half is sent when the container is told to stop."""
    wire = container.wire
    granted = wire._authorization("in/container")
    headers = {"Authorization": str(granted)}
    begun = wire.ask("POST", "/v2/in/container/blobs/uploads/", "in/container").expect(202)
    path = begun.headers["location"].removeprefix(wire.url)
    path += f"{'&' if '?' in path else '?'}digest={digest_of(MEBIBYTE)}"
    half = len(MEBIBYTE) // 2
    stop = ("stop", "--time", "30", container.name)
    stopping = threading.Thread(target=container.engine.run, args=stop)
    with closing(HTTPConnection("127.0.0.1", container.port, timeout=30)) as connection:
        connection.putrequest("PUT", path)
        for name, text in {**headers, "Content-Length": str(len(MEBIBYTE))}.items():
            connection.putheader(name, text)
        connection.endheaders(MEBIBYTE[:half])
        stopping.start()
        until(lambda: '"draining"' in container.logs(), what="it drains", limit_seconds=20)
        connection.send(MEBIBYTE[half:])
        status = connection.getresponse().status
    stopping.join()
    return status


def test_it_takes_the_place_of_registry2(podman: Podman, image: str, port: int) -> None:
    podman.pull(image)
    env = {"REGISTRY_STORAGE_DELETE_ENABLED": "true", "REGISTRY_HTTP_ADDR": f"127.0.0.1:{port}"}
    volume = ("--volume", f"registry-{port}:/var/lib/registry")
    container = Container.started(podman, image, *volume, port=port, **env)
    assert Wire(f"http://127.0.0.1:{port}").ask("GET", "/v2/").status == 200
    assert "settings of registry:2" in container.logs()
    assert container.says("entrepot", "health", "--alive") == "the server answers\n"
    podman.run("rm", "--force", "--time", "10", "--volumes", container.name)


def test_two_are_one_registry(
    podman: Podman, image: str, postgres_url: str, seaweed: Seaweed, shelf: Shelf
) -> None:
    podman.pull(image)
    env = {
        "ENTREPOT_STORAGE_CATALOG": postgres_url,
        "ENTREPOT_STORAGE_BLOBS": seaweed.url(),
        "ENTREPOT_OBJECTS_ENDPOINT": seaweed.endpoint,
        "ENTREPOT_OBJECTS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "ENTREPOT_ADMIN_PASSWORD": LOGIN.password,
    }
    found = []
    for port in free_ports(2):
        listen = {"ENTREPOT_SERVER_LISTEN": f"127.0.0.1:{port}"}
        volume = ("--volume", f"scale-{port}:/data")
        found.append(Container.started(podman, image, *volume, port=port, **env, **listen))
    first, second = found
    pushed = shelf.image("platforms")
    first.wire.push(pushed, "in/both")
    second.wire.assert_identical(pushed, "in/both")
    podman.run("stop", "--time", "30", first.name)
    assert first.status() == 0
    second.wire.push(pushed, "in/second")
    second.wire.assert_identical(pushed, "in/second")
    podman.run("rm", "--force", "--time", "10", "--volumes", first.name, second.name)


def test_docker_builds_it_too(
    toolbox: Toolbox, workspace: Workspace, open_registry: Registry, base: str, bundle: Path
) -> None:
    engine = DockerEngines.of_distribution(toolbox, workspace).fresh()
    engine.env["DOCKER_BUILDKIT"] = "1"
    name = open_registry.name("entrepot/by-docker")
    # Neither has this daemon a bridge, nor is the network needed.
    words = ("--network", "none", "--platform", "linux/arm64", "--build-arg", f"BASE={base}")
    file = ("--tag", name, "--file", bundle / "deploy" / "Containerfile", bundle)
    engine.run("build", *words, *file)
    engine.push(name)
    manifest = json.loads(open_registry.wire().manifest("entrepot/by-docker", "latest"))
    path = f"/v2/entrepot/by-docker/blobs/{manifest['config']['digest']}"
    config = open_registry.wire().ask("GET", path, "entrepot/by-docker").expect(200).json()
    assert (config["architecture"], config["config"]["User"]) == ("arm64", "10001:10001")
    assert config["config"]["Healthcheck"]
