"""Docker: a private dockerd on a private containerd, and its command line."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.blackbox.containerd import start_containerd
from tests.blackbox.engines import ENGINE_SECONDS
from tests.blackbox.processes import (
    Argument,
    CommandFailedError,
    Outcome,
    Workspace,
    base_environment,
    run,
)
from tests.blackbox.toolbox import Toolbox, absent, need_root
from tests.blackbox.wire import Login
from tools.corpus.archive import write_archive
from tools.corpus.layout import Image

CONTAINERD_STORE_SINCE = 24
NO_NETWORK = ("--bridge=none", "--iptables=false", "--ip6tables=false")


@dataclass(frozen=True, slots=True)
class DockerEngines:
    """One release of Docker, with its classic image store or containerd's."""

    workspace: Workspace
    cli: Path
    dockerd: Path
    containerd: Path
    version: str
    containerd_store: bool = False

    @classmethod
    def of_distribution(cls, toolbox: Toolbox, workspace: Workspace) -> "DockerEngines":
        """What the distribution packages: 20.10 on Debian 12."""
        return cls._found(workspace, toolbox.system, containerd_store=False)

    @classmethod
    def newest(
        cls, toolbox: Toolbox, workspace: Workspace, *, containerd_store: bool
    ) -> "DockerEngines":
        """What `tools/clients.sh newest` unpacked."""
        return cls._found(workspace, toolbox.unpacked, containerd_store=containerd_store)

    @classmethod
    def _found(
        cls, workspace: Workspace, find: Callable[[str], Path], *, containerd_store: bool
    ) -> "DockerEngines":
        need_root("docker")
        cli, dockerd, containerd = find("docker"), find("dockerd"), find("containerd")
        version = _version_of(dockerd, workspace)
        if containerd_store and int(version.split(".")[0]) < CONTAINERD_STORE_SINCE:
            absent(
                f"docker {version} has no containerd store: run tools/clients.sh install --newest"
            )
        return cls(workspace, cli, dockerd, containerd, version, containerd_store)

    def fresh(self) -> "Docker":
        """A daemon with an empty store; skips where none can start."""
        home = self.workspace.directory("docker")
        env = base_environment(home, self.dockerd.parent)
        env["DOCKER_CONFIG"] = str(home / "config")
        try:
            self._start(home, env)
        except CommandFailedError as reason:
            absent(f"dockerd {self.version} does not start here: {str(reason)[-300:]}")
        return Docker(self, home, env)

    def _start(self, home: Path, env: dict[str, str]) -> None:
        containerd = start_containerd(self.workspace, self.containerd)
        settings = home / "daemon.json"
        features = {"containerd-snapshotter": self.containerd_store}
        settings.write_text(json.dumps({"features": features}))
        socket = home / "docker.sock"
        env["DOCKER_HOST"] = f"unix://{socket}"
        places = {
            "--config-file": settings,
            "--data-root": home / "data",
            "--exec-root": home / "exec",
            "--pidfile": home / "pid",
            "--containerd": containerd,
        }
        options = [word for pair in places.items() for word in pair]
        command = [self.dockerd, "-H", env["DOCKER_HOST"], *options, *NO_NETWORK]
        daemon = self.workspace.start(command, env=env)

        def answers() -> bool:
            try:
                run([self.cli, "version"], env=env)
            except CommandFailedError:
                return False
            return True

        daemon.wait_for(socket.exists, "dockerd opens its socket")
        daemon.wait_for(answers, "dockerd answers")


@dataclass(frozen=True, slots=True)
class Docker:
    """One running daemon, driven by its command line."""

    made_by: DockerEngines
    home: Path
    env: dict[str, str] = field(repr=False)
    parts: dict[str, list[str]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Release and store."""
        store = "containerd store" if self.made_by.containerd_store else "classic store"
        return f"docker {self.made_by.version} ({store})"

    @property
    def keeps_bytes(self) -> bool:
        """The classic store unpacks layers, and compresses them anew."""
        return self.made_by.containerd_store

    def run(self, *words: Argument, stdin: str | None = None) -> Outcome:
        """Any docker command."""
        command = [self.made_by.cli, *words]
        return run(command, env=self.env, stdin=stdin, limit_seconds=ENGINE_SECONDS)

    def login(self, host: str, login: Login) -> None:
        """`docker login`."""
        words = ("login", "--username", login.username, "--password-stdin", host)
        self.run(*words, stdin=login.password)

    def take(self, image: Image, name: str) -> None:
        """`docker load` of an archive made here.

        The classic store has no indexes: it takes the images of one as so many names.
        """
        parts = [] if self.keeps_bytes else image.children()
        names = [f"{name}-{number}" for number in range(len(parts))]
        for part, called in zip(parts or [image], names or [name], strict=True):
            archive = self.home / "taken.tar"
            write_archive(part, called, archive)
            self.run("load", "--input", archive)
            archive.unlink()
        self.parts[name] = names

    def push(self, name: str) -> None:
        """`docker push`, and `docker manifest` for what came as parts of an index."""
        parts = self.parts.get(name, [])
        for called in parts or [name]:
            self.run("push", called)
        if parts:
            self.run("manifest", "create", "--insecure", name, *parts)
            self.run("manifest", "push", "--insecure", name)

    def pull(self, name: str) -> None:
        """`docker pull`."""
        self.run("pull", name)

    def digests(self, name: str) -> set[str]:
        """From RepoDigests."""
        listed = self.run("image", "inspect", "--format", "{{json .RepoDigests}}", name)
        return {entry.partition("@")[2] for entry in json.loads(listed.stdout)}

    def image_id(self, name: str) -> str:
        """The config's digest (classic store) or the manifest's (containerd's)."""
        return self.run("image", "inspect", "--format", "{{.Id}}", name).stdout.strip()

    def save(self, name: str, archive: Path) -> None:
        """`docker save`."""
        self.run("save", "--output", archive, name)

    def load(self, archive: Path, name: str) -> None:
        """`docker load` of what was saved must give the same image back."""
        before = self.image_id(name)
        self.run("image", "rm", "--force", name)
        assert name not in self.run("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").stdout
        self.run("load", "--input", archive)
        assert self.image_id(name) == before


def _version_of(dockerd: Path, workspace: Workspace) -> str:
    printed = run([dockerd, "--version"], env=base_environment(workspace.path)).stdout
    return printed.split()[2].rstrip(",").partition("+")[0]
