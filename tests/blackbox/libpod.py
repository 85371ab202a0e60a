"""Podman and Buildah: the same image store and registry code, two command lines."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.blackbox.command_line import CommandLine
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
from tools.corpus.layout import Image

# The ulimits keep to what a root without CAP_SYS_RESOURCE may set.
CONTAINERS_CONF = """[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = "{home}/tmp"
"""
STORAGE_CONF = """[storage]
driver = "overlay"
graphroot = "{home}/root"
runroot = "{home}/run"
"""
POLICY = '{"default":[{"type":"insecureAcceptAnything"}]}'
PLAIN_HTTP = "--tls-verify=false"


# What the containers/* tools know of blobs elsewhere, root keeps in one place for all: a push would
# mount from what another test pushed. Each run sees a place of its own instead.
SHARED_CACHE = Path("/var/lib/containers/cache")
APART = 'mkdir -p "$0" "$1" && mount --bind "$1" "$0" && shift && exec "$@"'


def apart(command: Sequence[Argument], home: Path) -> list[Argument]:
    """The command with a cache below `home`, where root's cache would be shared."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return list(command)
    return ["unshare", "--mount", "sh", "-c", APART, SHARED_CACHE, home / "cache", *command]


def containers_environment(home: Path) -> dict[str, str]:
    """Settings, storage and credentials of the containers/* tools, all below `home`."""
    files = {
        "CONTAINERS_CONF": ("containers.conf", CONTAINERS_CONF.format(home=home)),
        "CONTAINERS_STORAGE_CONF": ("storage.conf", STORAGE_CONF.format(home=home)),
        "CONTAINERS_REGISTRIES_CONF": ("registries.conf", "unqualified-search-registries = []\n"),
        "REGISTRY_AUTH_FILE": ("auth.json", "{}"),
    }
    env = base_environment(home)
    for variable, (name, content) in files.items():
        (home / name).write_text(content)
        env[variable] = str(home / name)
    policy = home / ".config" / "containers" / "policy.json"
    policy.parent.mkdir(parents=True)
    policy.write_text(POLICY)
    return env


def skopeo_at_home(toolbox: Toolbox, workspace: Workspace) -> CommandLine:
    """Skopeo, which shares its settings and its cache with these engines."""
    home = workspace.directory("skopeo")
    env = containers_environment(home)
    return CommandLine(toolbox.system("skopeo"), home, env, prefix=apart([], home))


@dataclass(frozen=True, slots=True)
class LibpodEngines:
    """`podman` or `buildah` of this system."""

    workspace: Workspace
    program: Path
    version: str

    @classmethod
    def named(cls, name: str, toolbox: Toolbox, workspace: Workspace) -> "LibpodEngines":
        """Finds one; skips where it is missing or cannot work."""
        need_root(name)
        program = toolbox.system(name)
        version = run([program, "--version"], env=base_environment(workspace.path)).stdout
        return cls(workspace, program, version.split()[2])

    def fresh(self) -> "Libpod":
        """An empty store; skips where this system cannot hold one."""
        home = self.workspace.directory(self.program.name)
        kind = Podman if self.program.name == "podman" else Libpod
        engine = kind(self, home, containers_environment(home))
        try:
            engine.run("info")
        except CommandFailedError as reason:
            absent(f"{self.program.name} does not work here: {str(reason)[-300:]}")
        return engine


@dataclass(frozen=True, slots=True)
class Libpod:
    """One store, driven by the command line of Podman or Buildah."""

    made_by: LibpodEngines
    home: Path
    env: dict[str, str] = field(repr=False)
    lists: set[str] = field(default_factory=set)

    @property
    def label(self) -> str:
        """Which of the two, and its release."""
        return f"{self.made_by.program.name} {self.made_by.version}"

    @property
    def keeps_bytes(self) -> bool:
        """The store unpacks layers, and compresses them anew."""
        return False

    def run(self, *words: Argument, stdin: str | None = None) -> Outcome:
        """Any command."""
        command = apart([self.made_by.program, *words], self.home)
        return run(command, env=self.env, stdin=stdin, limit_seconds=ENGINE_SECONDS)

    def login(self, host: str, login: Login) -> None:
        """`podman login`."""
        words = ("login", PLAIN_HTTP, "--username", login.username, "--password-stdin", host)
        self.run(*words, stdin=login.password)

    def take(self, image: Image, name: str) -> None:
        """`pull oci:LAYOUT`, by a link, since the path becomes a name in the store.

        An index becomes a list, made with `podman manifest`.
        """
        link = self.home / "layout"
        link.unlink(missing_ok=True)
        link.symlink_to(image.layout.path)
        source = f"oci:{link}:{image.reference}"
        if image.children():
            self.run("manifest", "create", name)
            self.run("manifest", "add", "--all", name, source)
            self.lists.add(name)
        else:
            pulled = self.run("pull", "--quiet", source)
            self.run("tag", pulled.stdout.split()[-1], name)

    def push(self, name: str) -> None:
        """`podman push`, or `podman manifest push`."""
        if name in self.lists:
            self.run("manifest", "push", "--all", PLAIN_HTTP, name, f"docker://{name}")
        else:
            self.run("push", "--quiet", PLAIN_HTTP, name)

    def pull(self, name: str) -> None:
        """`podman pull`."""
        self.run("pull", "--quiet", PLAIN_HTTP, name)

    def digests(self, name: str) -> set[str]:
        """From the store's list of digests."""
        listed = self.run("images", "--digests", "--format", "{{.Digest}}", name)
        return set(listed.stdout.split())

    def image_id(self, name: str) -> str:
        """The config's digest."""
        listed = json.loads(self.run("inspect", "--type", "image", name).stdout)
        found = listed[0]["Id"] if isinstance(listed, list) else listed["FromImageID"]
        return f"sha256:{found}"

    def save(self, name: str, archive: Path) -> None:
        """A push to an OCI archive: Buildah has no `save`."""
        self.run("push", "--quiet", name, f"oci-archive:{archive}:{name}")

    def load(self, archive: Path, name: str) -> None:
        """What was saved must give the same image back."""
        before = self.image_id(name)
        self.run("rmi", "--force", name)
        assert before.removeprefix("sha256:") not in self.run("images", "--no-trunc").stdout
        self.bring(archive)
        assert self.image_id(name) == before

    def bring(self, archive: Path) -> None:
        """A pull from the archive: Buildah has no `load`."""
        self.run("pull", "--quiet", f"oci-archive:{archive}")


class Podman(Libpod):
    """Podman, which also saves and loads."""

    __slots__ = ()

    def save(self, name: str, archive: Path) -> None:
        """`podman save`."""
        self.run("save", "--quiet", "--format", "oci-archive", "--output", archive, name)

    def bring(self, archive: Path) -> None:
        """`podman load`."""
        self.run("load", "--quiet", "--input", archive)
