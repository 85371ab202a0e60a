"""A transcript of real clients at work, for a closing note.

    python -m tests.blackbox.transcript [--url URL] [--big-mib N] [--only WORD] [--keep]

Every client pushes and pulls a real root, 64 layers, one large layer and an
index of three platforms. One line each: how long it took, what the registry
then serves compared with the corpus, and the digest that the puller ended with.
Engines also save what they pulled, and load it again.
"""

# ruff: noqa: T201 - people read what this prints

import argparse
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.blackbox.compare import assert_archive_holds, assert_layout_holds, assert_served
from tests.blackbox.containerd import ContainerdEngines
from tests.blackbox.docker import DockerEngines
from tests.blackbox.engines import Engines, logged_in
from tests.blackbox.libpod import PLAIN_HTTP, LibpodEngines, skopeo_at_home
from tests.blackbox.processes import Workspace, sweep
from tests.blackbox.server import Registry, find_registry, running
from tests.blackbox.toolbox import TOOLS, Toolbox
from tools.corpus.layout import Image, digest_of
from tools.corpus.shelf import Shelf

MIB = 1 << 20
COLUMNS = "{:34} {:12} {:>9} {:>8} {:>8}  {:10} {:10} {}"
HEADER = COLUMNS.format(
    "client", "image", "MiB", "push", "pull", "served", "fetched", "manifest served"
)
MakeEngines = Callable[[Toolbox, Workspace], Engines]

ENGINES: dict[str, MakeEngines] = {
    "docker-distribution": DockerEngines.of_distribution,
    "docker-classic": lambda toolbox, workspace: DockerEngines.newest(
        toolbox, workspace, containerd_store=False
    ),
    "docker-containerd": lambda toolbox, workspace: DockerEngines.newest(
        toolbox, workspace, containerd_store=True
    ),
    "podman": lambda toolbox, workspace: LibpodEngines.named("podman", toolbox, workspace),
    "buildah": lambda toolbox, workspace: LibpodEngines.named("buildah", toolbox, workspace),
    "containerd-distribution": lambda toolbox, workspace: ContainerdEngines.found(
        toolbox, workspace, newest=False
    ),
    "containerd-newest": lambda toolbox, workspace: ContainerdEngines.found(
        toolbox, workspace, newest=True
    ),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One client with one image."""

    client: str
    image: Image
    push_seconds: float
    pull_seconds: float
    served: str
    fetched: str
    digest: str

    def __str__(self) -> str:
        size = f"{self.image.size_bytes / MIB:.1f}"
        times = [f"{seconds:.1f} s" for seconds in (self.push_seconds, self.pull_seconds)]
        return COLUMNS.format(
            self.client, self.image.name, size, *times, self.served, self.fetched, self.digest
        )


def rows_of_engines(
    kind: str, toolbox: Toolbox, registry: Registry, images: list[Image]
) -> Iterator[Row]:
    """One engine pushes, another with an empty store pulls, saves and loads."""
    wire = registry.wire()
    for image in images:
        with Workspace() as workspace:
            engines = ENGINES[kind](toolbox, workspace)
            pusher, puller = (logged_in(engines.fresh(), registry) for _ in range(2))
            repository = f"transcript/{kind}/{image.name}"
            name = registry.name(repository)
            pusher.take(image, name)
            push_seconds = _time(lambda: pusher.push(name))  # noqa: B023 - called at once
            assert_served(wire, image, repository, exactly=pusher.keeps_bytes)
            pull_seconds = _time(lambda: puller.pull(name))  # noqa: B023 - called at once
            digest = digest_of(wire.manifest(repository, "latest"))
            assert digest in puller.digests(name)
            fetched = "own part"
            if not image.children():
                archive = workspace.path / "saved.tar"
                puller.save(name, archive)
                assert_archive_holds(archive, image)
                puller.load(archive, name)
                fetched = "save+load"
            served = "identical" if pusher.keeps_bytes else "equal"
            yield Row(pusher.label, image, push_seconds, pull_seconds, served, fetched, digest)


def rows_of_skopeo(toolbox: Toolbox, registry: Registry, images: list[Image]) -> Iterator[Row]:
    """Layout to registry to layout, byte for byte."""
    for image in images:
        with Workspace() as workspace:
            skopeo = skopeo_at_home(toolbox, workspace)
            fetched = skopeo.home / "fetched"
            if registry.login is not None:
                user = ("--username", registry.login.username, "--password-stdin")
                skopeo("login", PLAIN_HTTP, *user, registry.host, stdin=registry.login.password)
            repository = f"transcript/skopeo/{image.name}"
            remote = f"docker://{registry.name(repository)}"
            local = f"oci:{image.layout.path}:{image.reference}"
            copy = ("copy", "--quiet", "--all", "--preserve-digests")
            push = (*copy, "--dest-tls-verify=false", local, remote)
            pull = (*copy, "--src-tls-verify=false", remote, f"oci:{fetched}:latest")
            push_seconds = _time(lambda: skopeo(*push))  # noqa: B023 - called at once
            registry.wire().assert_identical(image, repository)
            pull_seconds = _time(lambda: skopeo(*pull))  # noqa: B023 - called at once
            assert_layout_holds(fetched, image)
            label = " ".join(skopeo("--version").split()[::2])
            same = "identical"
            yield Row(label, image, push_seconds, pull_seconds, same, same, image.digest)


def _time(action: Callable[[], object]) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began


def _write_all(options: argparse.Namespace, registry: Registry, shelf: Shelf) -> None:
    toolbox = Toolbox.of_environment()
    images = [shelf.root(), shelf.image("layers-64"), shelf.big(), shelf.image("platforms")]
    before = registry.peak_rss_bytes()
    print(f"{registry.url} on {platform.platform()}, {os.cpu_count()} cores")
    print(HEADER)
    for kind in (*ENGINES, "skopeo"):
        if options.only not in kind:
            continue
        try:
            if kind == "skopeo":
                rows = rows_of_skopeo(toolbox, registry, images)
            else:
                rows = rows_of_engines(kind, toolbox, registry, images)
            for row in rows:
                print(row, flush=True)
        except pytest.skip.Exception as reason:
            print(f"{kind}: {reason}", flush=True)
    after = registry.peak_rss_bytes()
    if before is not None and after is not None:
        print(f"peak RSS of the server: {before / MIB:.0f} MiB idle, {after / MIB:.0f} MiB after")


@contextmanager
def _registry(url: str | None) -> Iterator[Registry]:
    if url is not None:
        yield running(url)
        return
    with Workspace() as workspace, find_registry(workspace, open_to_all=False) as registry:
        yield registry


def main() -> None:
    """Writes the transcript; exits with an error at the first difference."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", help="http://USER:PASSWORD@HOST:PORT of a running registry")
    parser.add_argument("--big-mib", type=int, default=2048)
    parser.add_argument("--only", default="", help="only clients whose name holds this word")
    parser.add_argument("--keep", action="store_true", help="keep the large layer's file")
    options = parser.parse_args()
    sweep()
    shelf = Shelf(TOOLS / "corpus", options.big_mib, strict=os.environ.get("CI") == "true")
    try:
        with _registry(options.url) as registry:
            _write_all(options, registry, shelf)
    finally:
        if not options.keep:
            shelf.drop(shelf.big())


if __name__ == "__main__":
    main()
