"""Replicas with caches of their own, or that send clients to the object store."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.blackbox.balancing import Balancer, Passed
from tests.blackbox.command_line import CommandLine
from tests.blackbox.compare import assert_layout_holds
from tests.blackbox.containerd import ContainerdEngines
from tests.blackbox.docker import DockerEngines
from tests.blackbox.engines import Engines, logged_in
from tests.blackbox.fleet import Fleet, fleet_of
from tests.blackbox.images import few_layers
from tests.blackbox.libpod import PLAIN_HTTP, LibpodEngines, skopeo_at_home
from tests.blackbox.processes import Workspace, until
from tests.blackbox.toolbox import Toolbox
from tests.servers.postgres import Postgres
from tests.servers.seaweed import Seaweed
from tools.corpus.layout import Image, digest_of


@pytest.fixture(scope="module")
def store(seaweed: Seaweed) -> Iterator[Balancer]:
    """The object store, behind what writes down who asked it for what."""
    with Balancer([seaweed.port], checks=False) as made:
        yield made


@pytest.fixture(scope="module")
def fleet(
    server_workspace: Workspace, postgres: Postgres, seaweed: Seaweed, store: Balancer
) -> Iterator[Fleet]:
    """Two replicas that redirect; what both and clients ask of the store comes by `store`."""
    # By another name than the registry's: to the same one clients may show the same credentials.
    endpoint = f"http://localhost:{store.port}"
    settings = {"ENTREPOT_OBJECTS_REDIRECT": "true", "ENTREPOT_OBJECTS_ENDPOINT": endpoint}
    with fleet_of(server_workspace, postgres, seaweed, count=2, settings=settings) as made:
        yield made


@pytest.fixture(scope="module")
def pushed(fleet: Fleet, workspace: Workspace) -> Image:
    """An image that is there as redirected/app:latest."""
    image = few_layers(workspace.directory("pushed") / "image")
    fleet.registry.wire().push(image, "redirected/app")
    return image


@pytest.fixture(params=["docker", "docker newest", "podman", "containerd"])
def engines(request: pytest.FixtureRequest, toolbox: Toolbox, workspace: Workspace) -> Engines:
    """Engines that pull by code of their own."""
    if request.param == "docker":
        return DockerEngines.of_distribution(toolbox, workspace)
    if request.param == "docker newest":
        return DockerEngines.newest(toolbox, workspace, containerd_store=True)
    if request.param == "containerd":
        return ContainerdEngines.found(toolbox, workspace, newest=True)
    return LibpodEngines.named(request.param, toolbox, workspace)


def _assert_followed(store: Balancer, fleet: Fleet, before: int) -> None:
    """A client fetched the big layer by a signed URL, and told the store no credentials of ours.

    Small ones are served by the replica.
    """
    asked = [*store.seen][before:]
    by_client = [each for each in asked if "X-Amz-Signature=" in each.head.first[1]]
    assert by_client
    assert all(each.status in (200, 206) for each in by_client), [e.line for e in by_client]
    for each in by_client:
        assert not {"authorization", "cookie", "proxy-authorization"} & {*each.head.fields}
    for each in asked:
        assert fleet.login.password not in each.head.raw.decode("latin-1")
        word = each.head.fields.get("authorization", "").partition(" ")[0].lower()
        assert word in ("", "aws4-hmac-sha256")


def _object(passed: Passed) -> str:
    return urlsplit(passed.head.first[1]).path


@pytest.mark.usefixtures("pushed")
def test_engines_follow(engines: Engines, fleet: Fleet, store: Balancer) -> None:
    before = len(store.seen)
    name = fleet.registry.name("redirected/app")
    puller = logged_in(engines.fresh(), fleet.registry)
    puller.pull(name)
    served = digest_of(fleet.registry.wire().manifest("redirected/app", "latest"))
    assert served in puller.digests(name)
    _assert_followed(store, fleet, before)


def test_skopeo_follows(
    toolbox: Toolbox,
    workspace: Workspace,
    fleet: Fleet,
    store: Balancer,
    pushed: Image,
    scratch: Path,
) -> None:
    before, skopeo = len(store.seen), skopeo_at_home(toolbox, workspace)
    words = ("login", PLAIN_HTTP, "--username", fleet.login.username, "--password-stdin")
    skopeo(*words, fleet.registry.host, stdin=fleet.login.password)
    remote = f"docker://{fleet.registry.name('redirected/app')}"
    copy = ("copy", "--quiet", "--all", "--preserve-digests", "--src-tls-verify=false")
    skopeo(*copy, remote, f"oci:{scratch / 'fetched'}:latest")
    assert_layout_holds(scratch / "fetched", pushed)
    _assert_followed(store, fleet, before)


@pytest.mark.parametrize("program", ["crane", "oras"])
def test_others_follow(
    program: str,
    toolbox: Toolbox,
    workspace: Workspace,
    fleet: Fleet,
    store: Balancer,
    pushed: Image,
    scratch: Path,
) -> None:
    before, name = len(store.seen), fleet.registry.name("redirected/app")
    client = CommandLine.at_home(toolbox.unpacked(program), workspace)
    said = ("--username", fleet.login.username, "--password-stdin")
    host, word, fetched = fleet.registry.host, fleet.login.password, scratch / "fetched"
    if program == "crane":
        client("auth", "login", host, *said, stdin=word)
        client("pull", "--format=oci", name, fetched)
    else:
        client("login", "--plain-http", *said, host, stdin=word)
        client("cp", "--from-plain-http", name, "--to-oci-layout", f"{fetched}:latest")
    assert_layout_holds(fetched, pushed)
    _assert_followed(store, fleet, before)


def test_a_cache_of_each_replica(
    server_workspace: Workspace, postgres: Postgres, seaweed: Seaweed, tmp_path: Path
) -> None:
    """What one has in its cache, and another has not; what is deleted at one is gone at both."""
    image = few_layers(tmp_path / "image")
    with (
        Balancer([seaweed.port], checks=False) as store,
        fleet_of(
            server_workspace,
            postgres,
            seaweed,
            count=2,
            settings={"ENTREPOT_CACHE_DIR": "cache", "ENTREPOT_OBJECTS_ENDPOINT": store.url},
        ) as fleet,
    ):
        first, second = fleet.replicas
        first.wire().push(image, "cached/app")

        def are_warm() -> bool:
            before = _gets(store)
            for replica in fleet.replicas:
                replica.wire().assert_identical(image, "cached/app")
            return _gets(store) == before

        # What is read is kept while it is sent, or a moment later.
        until(are_warm, what="both serve from their caches", limit_seconds=30)
        first.kill()
        second.wire().assert_identical(image, "cached/app")
        first.start()
        fleet.await_ready()
        first.wire().assert_identical(image, "cached/app")
        path = f"/v2/cached/app/manifests/{image.digest}"
        first.wire().ask("DELETE", path, "cached/app").expect(202)
        assert not any(replica.wire().has("cached/app", "latest") for replica in fleet.replicas)


def _gets(store: Balancer) -> int:
    """How often bytes of blobs were asked for."""
    return sum(
        each.head.first[0] == "GET" and ("/blobs/" in _object(each) or "/data/" in _object(each))
        for each in store.seen
    )
