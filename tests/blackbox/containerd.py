"""containerd: a private daemon, by itself with `ctr` or below dockerd."""

import re
from dataclasses import dataclass, field
from pathlib import Path

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

# Kubernetes' plugins want network plugins and a registry of their own: not needed here.
SETTINGS = """version = 2
root = "{home}/root"
state = "{home}/state"
disabled_plugins = [
  "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime",
  "io.containerd.nri.v1.nri", "io.containerd.internal.v1.opt",
]
[grpc]
address = "{socket}"
"""


TRANSFER_SINCE = 2
RELEASE = re.compile(r"\d+\.\d+\.\d+")


def start_containerd(workspace: Workspace, program: Path) -> Path:
    """Starts a containerd with a store of its own; returns its socket."""
    home = workspace.directory("ctrd")
    socket = home / "containerd.sock"
    settings = home / "config.toml"
    settings.write_text(SETTINGS.format(home=home, socket=socket))
    env = base_environment(home, program.parent)
    daemon = workspace.start([program, "--config", settings], env=env)
    daemon.wait_for(
        lambda: "containerd successfully booted" in daemon.output(), "containerd starts"
    )
    return socket


@dataclass(frozen=True, slots=True)
class ContainerdEngines:
    """One release of containerd with its `ctr`."""

    workspace: Workspace
    ctr: Path
    containerd: Path
    version: str

    @classmethod
    def found(cls, toolbox: Toolbox, workspace: Workspace, *, newest: bool) -> "ContainerdEngines":
        """What the distribution packages, or what `tools/clients.sh newest` unpacked."""
        need_root("containerd")
        look = toolbox.unpacked if newest else toolbox.system
        ctr, containerd = look("ctr"), look("containerd")
        printed = run([ctr, "--version"], env=base_environment(workspace.path)).stdout
        return cls(workspace, ctr, containerd, RELEASE.findall(printed)[-1])

    def fresh(self) -> "Containerd":
        """A daemon with an empty store; skips where none can start."""
        try:
            socket = start_containerd(self.workspace, self.containerd)
        except CommandFailedError as reason:
            absent(f"containerd {self.version} does not start here: {str(reason)[-300:]}")
            raise
        return Containerd(self, socket)


@dataclass(slots=True)
class Containerd:
    """One running daemon, driven by `ctr`, which takes credentials with each command."""

    made_by: ContainerdEngines
    socket: Path
    _credentials: list[str] = field(default_factory=list, repr=False)

    @property
    def label(self) -> str:
        """The release."""
        return f"containerd {self.made_by.version}"

    @property
    def keeps_bytes(self) -> bool:
        """Its content store holds what was imported."""
        return True

    def run(self, *words: Argument) -> Outcome:
        """Any ctr command."""
        home = self.socket.parent
        env = base_environment(home, self.made_by.ctr.parent)
        command = [self.made_by.ctr, "--address", self.socket, *words]
        return run(command, env=env, limit_seconds=ENGINE_SECONDS)

    def login(self, host: str, login: Login) -> None:
        """Remembers what `--user` shall say; `host` is not asked."""
        self._credentials[:] = ["--user", f"{login.username}:{login.password}"]

    def take(self, image: Image, name: str) -> None:
        """`ctr images import` of an archive made here."""
        archive = self.socket.parent / "taken.tar"
        write_archive(image, name, archive)
        self.run("images", "import", "--all-platforms", "--no-unpack", archive)
        archive.unlink()

    def push(self, name: str) -> None:
        """`ctr images push`."""
        self.run("images", "push", "--plain-http", *self._credentials, name)

    def pull(self, name: str) -> None:
        """`ctr images pull` of every platform."""
        words = ("images", "pull", "--plain-http", "--all-platforms")
        self.run(*words, *self._credentials, name)

    def digests(self, name: str) -> set[str]:
        """The one digest that the image's name points to."""
        rows = [line.split() for line in self.run("images", "ls").stdout.splitlines()]
        return {row[2] for row in rows if row[0] == name}

    def save(self, name: str, archive: Path) -> None:
        """`ctr images export`."""
        # The daemon's own export, new in 2, may still be streaming when ctr 2.1 ends: seen cut off.
        local = ["--local"] if int(self.made_by.version.split(".")[0]) >= TRANSFER_SINCE else []
        self.run("images", "export", *local, "--all-platforms", archive, name)

    def load(self, archive: Path, name: str) -> None:
        """`ctr images import` of what was exported must give the same image back."""
        before = self.digests(name)
        self.run("images", "rm", "--sync", name)
        assert self.digests(name) == set()
        self.run("images", "import", "--all-platforms", "--no-unpack", archive)
        assert self.digests(name) == before

    def content(self, digest: str) -> bytes:
        """One manifest or config out of the content store."""
        return self.run("content", "get", digest).stdout.encode()
