"""Each client with one image, that logs in again and again as somebody else."""

import base64
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.blackbox.command_line import CommandLine
from tests.blackbox.containerd import Containerd, ContainerdEngines
from tests.blackbox.docker import DockerEngines
from tests.blackbox.engines import Engine
from tests.blackbox.libpod import PLAIN_HTTP, LibpodEngines, skopeo_at_home
from tests.blackbox.processes import Workspace, base_environment, run
from tests.blackbox.toolbox import Toolbox, absent
from tests.blackbox.wire import Login
from tools.corpus.layout import Image, Layout

HELM_PROGRAM = Path(__file__).with_name("helm_client.py")
DEST_PLAIN, SRC_PLAIN = (f"--{side}-{PLAIN_HTTP[2:]}" for side in ("dest", "src"))


class Client(Protocol):
    """One client with credentials of its own. All raise CommandFailedError with what it printed."""

    def log_in(self, host: str, login: Login) -> None:
        """Log in, or remember what each command shall say."""

    def push(self, image: Image, name: str) -> None:
        """Push, as NAME (HOST:PORT/REPOSITORY:TAG)."""

    def pull(self, name: str) -> set[str]:
        """Pull what is not there any more, and return its digests."""


@dataclass(slots=True)
class EngineClient:
    """Docker, Podman or containerd; `forget` returns the words that remove an image."""

    engine: Engine
    command: Callable[..., Any]
    forget: Callable[[str], tuple[str, ...]]
    taken: set[str] = field(default_factory=set)

    def log_in(self, host: str, login: Login) -> None:
        self.engine.login(host, login)

    def push(self, image: Image, name: str) -> None:
        if name not in self.taken:
            self.engine.take(image, name)
            self.taken.add(name)
        self.engine.push(name)

    def pull(self, name: str) -> set[str]:
        self.taken.clear()
        self.command(*self.forget(name))
        self.engine.pull(name)
        return self.engine.digests(name)


@dataclass(slots=True)
class Program:
    """A client without a store: its own words for each verb."""

    line: CommandLine
    login_words: tuple[str, ...]
    push_words: Callable[[Image, str], tuple[str, ...]]
    pull_words: Callable[[str, Path], tuple[str, ...]]

    def log_in(self, host: str, login: Login) -> None:
        words = (*self.login_words, "--username", login.username, "--password-stdin", host)
        self.line(*words, stdin=login.password)

    def push(self, image: Image, name: str) -> None:
        self.line(*self.push_words(image, name))

    def pull(self, name: str) -> set[str]:
        fetched = self.line.home / "fetched"
        shutil.rmtree(fetched, ignore_errors=True)
        self.line(*self.pull_words(name, fetched))
        return {entry["digest"] for entry in Layout(fetched).entries()}


@dataclass(slots=True)
class PullSecret(Program):
    """One that is given the `.dockerconfigjson` of a Kubernetes secret, and never logs in."""

    file: Path

    def log_in(self, host: str, login: Login) -> None:
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_text(json.dumps(pull_secret(host, login)))


@dataclass(slots=True)
class Pairs(Program):
    """One that is given name and password with each command (`--dest-creds`)."""

    given: str = ""

    def log_in(self, host: str, login: Login) -> None:
        del host
        self.given = f"{login.username}:{login.password}"

    def push(self, image: Image, name: str) -> None:
        self.line(*self.push_words(image, name), "--dest-creds", self.given)

    def pull(self, name: str) -> set[str]:
        fetched = self.line.home / "fetched"
        shutil.rmtree(fetched, ignore_errors=True)
        self.line(*self.pull_words(name, fetched), "--src-creds", self.given)
        return {entry["digest"] for entry in Layout(fetched).entries()}


@dataclass(slots=True)
class HostsFile:
    """containerd as the kubelet's CRI has it: `hosts.toml` for the host, with a header."""

    daemon: Containerd
    taken: set[str] = field(default_factory=set)

    @property
    def _hosts(self) -> Path:
        return self.daemon.socket.parent / "hosts.d"

    def log_in(self, host: str, login: Login) -> None:
        place = self._hosts / host
        place.mkdir(parents=True, exist_ok=True)
        text = f'server = "http://{host}"\n[host."http://{host}".header]\n'
        (place / "hosts.toml").write_text(f'{text}authorization = "{login.basic}"\n')

    def push(self, image: Image, name: str) -> None:
        if name not in self.taken:
            self.daemon.take(image, name)
            self.taken.add(name)
        self.daemon.run("images", "push", "--local", "--hosts-dir", self._hosts, name)

    def pull(self, name: str) -> set[str]:
        self.taken.discard(name)
        self.daemon.run("images", "rm", "--sync", name)
        words = ("images", "pull", "--local", "--all-platforms", "--hosts-dir", self._hosts)
        self.daemon.run(*words, name)
        return self.daemon.digests(name)


@dataclass(slots=True)
class Helm:
    """Helm pushes a chart of its own, whatever the image is."""

    python: Path
    home: Path
    host: str = ""
    login: Login | None = None

    def log_in(self, host: str, login: Login) -> None:
        self.host, self.login = host, login
        self._do("login", "")

    def push(self, image: Image, name: str) -> None:
        del image
        self._do("push", name)

    def pull(self, name: str) -> set[str]:
        return {self._do("pull", name)}

    def _do(self, verb: str, name: str) -> str:
        given = {
            "verb": verb,
            "host": self.host,
            "chart": name.partition("/")[2].rpartition(":")[0],
            "username": self.login and self.login.username,
            "password": self.login and self.login.password,
            "home": str(self.home),
        }
        request = self.home / "request.json"
        request.write_text(json.dumps(given))
        command = [self.python, HELM_PROGRAM, request]
        return run(command, env=base_environment(self.home)).stdout.strip()


def pull_secret(host: str, login: Login) -> Mapping[str, Any]:
    """Return what `kubectl create secret docker-registry` writes."""
    pair = f"{login.username}:{login.password}"
    auth = base64.b64encode(pair.encode()).decode()
    one = {"username": login.username, "password": login.password, "auth": auth}
    return {"auths": {host: one}}


def _source(image: Image) -> str:
    return f"oci:{image.layout.path}:{image.reference}"


def _skopeo_push(*more: str) -> Callable[[Image, str], tuple[str, ...]]:
    words = ("copy", *more, "--quiet", "--preserve-digests", DEST_PLAIN)
    return lambda image, name: (*words, _source(image), f"docker://{name}")


def _skopeo_pull(*more: str) -> Callable[[str, Path], tuple[str, ...]]:
    words = ("copy", *more, "--quiet", SRC_PLAIN)
    return lambda name, to: (*words, f"docker://{name}", f"oci:{to}:latest")


def _crane_push(image: Image, name: str) -> tuple[str, ...]:
    return ("push", str(image.layout.path), name)


def _crane_pull(name: str, to: Path) -> tuple[str, ...]:
    return ("pull", "--format=oci", name, str(to))


def _oras_push(image: Image, name: str) -> tuple[str, ...]:
    source = f"{image.layout.path}:{image.reference}"
    return ("cp", "--from-oci-layout", source, "--to-plain-http", name)


def _oras_pull(name: str, to: Path) -> tuple[str, ...]:
    return ("cp", "--from-plain-http", name, "--to-oci-layout", f"{to}:latest")


def _docker(store: str) -> Callable[[Toolbox, Workspace], Client]:
    def made(toolbox: Toolbox, workspace: Workspace) -> Client:
        if store == "distribution":
            engine = DockerEngines.of_distribution(toolbox, workspace).fresh()
        else:
            in_containerd = store == "containerd"
            found = DockerEngines.newest(toolbox, workspace, containerd_store=in_containerd)
            engine = found.fresh()
        return EngineClient(engine, engine.run, lambda name: ("image", "rm", "--force", name))

    return made


def _podman(toolbox: Toolbox, workspace: Workspace) -> Client:
    engine = LibpodEngines.named("podman", toolbox, workspace).fresh()
    return EngineClient(engine, engine.run, lambda _name: ("rmi", "--force", "--all"))


def _ctr(toolbox: Toolbox, workspace: Workspace) -> Client:
    engine = ContainerdEngines.found(toolbox, workspace, newest=True).fresh()
    return EngineClient(engine, engine.run, lambda name: ("images", "rm", "--sync", name))


def _hosts_file(toolbox: Toolbox, workspace: Workspace) -> Client:
    return HostsFile(ContainerdEngines.found(toolbox, workspace, newest=True).fresh())


def _skopeo(toolbox: Toolbox, workspace: Workspace) -> Client:
    line = skopeo_at_home(toolbox, workspace)
    return Program(line, ("login", PLAIN_HTTP), _skopeo_push(), _skopeo_pull())


def _skopeo_pairs(toolbox: Toolbox, workspace: Workspace) -> Client:
    return Pairs(skopeo_at_home(toolbox, workspace), (), _skopeo_push(), _skopeo_pull())


def _skopeo_secret(toolbox: Toolbox, workspace: Workspace) -> Client:
    line = skopeo_at_home(toolbox, workspace)
    file = line.home / ".dockerconfigjson"
    words = ("--authfile", str(file))
    return PullSecret(line, (), _skopeo_push(*words), _skopeo_pull(*words), file)


def _crane(toolbox: Toolbox, workspace: Workspace) -> Client:
    line = CommandLine.at_home(toolbox.unpacked("crane"), workspace)
    return Program(line, ("auth", "login"), _crane_push, _crane_pull)


def _crane_secret(toolbox: Toolbox, workspace: Workspace) -> Client:
    line = CommandLine.at_home(toolbox.unpacked("crane"), workspace)
    return PullSecret(line, (), _crane_push, _crane_pull, line.home / "docker" / "config.json")


def _oras(toolbox: Toolbox, workspace: Workspace) -> Client:
    line = CommandLine.at_home(toolbox.unpacked("oras"), workspace)
    return Program(line, ("login", "--plain-http"), _oras_push, _oras_pull)


def _helm(toolbox: Toolbox, workspace: Workspace) -> Client:
    python = toolbox.helm / "bin" / "python"
    if not python.exists():
        absent("helm is not here: run tools/clients.sh install --newest")
    return Helm(python, workspace.directory("helm"))


CLIENTS: Mapping[str, Callable[[Toolbox, Workspace], Client]] = {
    "docker-debian": _docker("distribution"),
    "docker-classic": _docker("classic"),
    "docker-containerd": _docker("containerd"),
    "podman": _podman,
    "skopeo": _skopeo,
    "skopeo-creds": _skopeo_pairs,
    "skopeo-pull-secret": _skopeo_secret,
    "crane": _crane,
    "crane-pull-secret": _crane_secret,
    "oras": _oras,
    "helm": _helm,
    "ctr": _ctr,
    "containerd-hosts": _hosts_file,
}
