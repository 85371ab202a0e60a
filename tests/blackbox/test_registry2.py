"""A compose file for registry:2 starts Entrepot, and clients notice nothing."""

import json
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.blackbox.command_line import CommandLine
from tests.blackbox.compare import assert_layout_holds
from tests.blackbox.docker import DockerEngines
from tests.blackbox.libpod import PLAIN_HTTP, skopeo_at_home
from tests.blackbox.processes import (
    CommandFailedError,
    Workspace,
    base_environment,
    run,
    until,
)
from tests.blackbox.registry2 import DATA, Proxy, in_place, start, start_nginx, write_users
from tests.blackbox.server import Registry
from tests.blackbox.toolbox import Toolbox
from tests.blackbox.wire import Login, Wire
from tools.corpus.shelf import Shelf

ALICE = Login("alice", secrets.token_urlsafe(12))
BOB = Login("bob", secrets.token_urlsafe(12))
REALM = 'Basic realm="Registry Realm"'
WATCHED_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Compose:
    """The registry that the compose file starts, and the file of its users."""

    registry: Registry
    users: Path


def variables(users: Path) -> dict[str, str]:
    """What the compose file sets."""
    return {
        "REGISTRY_STORAGE_DELETE_ENABLED": "true",
        "REGISTRY_AUTH": "htpasswd",
        "REGISTRY_AUTH_HTPASSWD_REALM": "Registry Realm",
        "REGISTRY_AUTH_HTPASSWD_PATH": str(users),
        "REGISTRY_HTTP_SECRET": secrets.token_hex(16),
    }


@pytest.fixture(scope="module")
def compose(server_workspace: Workspace) -> Iterator[Compose]:
    """With one user, alice; it must stop with status 0 when it is asked to."""
    users = server_workspace.directory("auth") / "htpasswd"
    write_users(users, ALICE)
    registry = start(server_workspace, variables(users), ALICE)
    yield Compose(registry, users)
    assert registry.daemon is not None
    assert registry.daemon.stop() == 0, registry.daemon.output()


@pytest.fixture(scope="module")
def proxy(compose: Compose, toolbox: Toolbox, server_workspace: Workspace) -> Proxy:
    """An nginx with TLS in front."""
    return start_nginx(toolbox, server_workspace, compose.registry.host)


@pytest.fixture(scope="module")
def skopeo(toolbox: Toolbox, workspace: Workspace) -> CommandLine:
    """Skopeo without credentials."""
    return skopeo_at_home(toolbox, workspace)


def log_in(skopeo: CommandLine, host: str, login: Login, *words: str) -> None:
    words = ("login", *words, "--username", login.username, "--password-stdin")
    skopeo(*words, host, stdin=login.password)


def test_it_says_what_it_was_started_as(compose: Compose) -> None:
    assert compose.registry.daemon is not None
    printed = compose.registry.daemon.output()
    number = 6 if in_place() else 7
    assert f"settings of registry:2, from {number} REGISTRY_* variables" in printed
    assert f"{DATA}\n" in printed or not in_place()
    assert "warning" not in printed
    assert "OPEN" not in printed
    assert "password:" not in printed


def test_the_challenge_is_that_of_registry2(compose: Compose) -> None:
    for path in ("/v2/", "/v2/app/tags/list"):
        answer = compose.registry.anonymous().ask("GET", path).expect(401)
        assert answer.headers["www-authenticate"] == REALM


def test_skopeo(skopeo: CommandLine, compose: Compose, shelf: Shelf, scratch: Path) -> None:
    image, registry = shelf.image("platforms"), compose.registry
    with pytest.raises(CommandFailedError, match=r"(?i)invalid username/password"):
        log_in(skopeo, registry.host, Login("alice", "wrong"), PLAIN_HTTP)
    log_in(skopeo, registry.host, ALICE, PLAIN_HTTP)
    remote = f"docker://{registry.name('team/app')}"
    copy = ("copy", "--quiet", "--all", "--preserve-digests")
    source = f"oci:{image.layout.path}:{image.reference}"
    skopeo(*copy, "--dest-tls-verify=false", source, remote)
    registry.wire().assert_identical(image, "team/app")
    skopeo(*copy, "--src-tls-verify=false", remote, f"oci:{scratch / 'fetched'}:latest")
    assert_layout_holds(scratch / "fetched", image)
    skopeo("delete", PLAIN_HTTP, remote)
    assert not registry.wire().has("team/app", "latest")


def test_skopeo_through_nginx(
    skopeo: CommandLine, compose: Compose, proxy: Proxy, shelf: Shelf, scratch: Path
) -> None:
    image, trust = shelf.image("layers-64"), str(proxy.certificates)
    log_in(skopeo, proxy.host, ALICE, "--cert-dir", trust)
    remote = f"docker://{proxy.host}/team/proxied:latest"
    copy = ("copy", "--quiet", "--all", "--preserve-digests")
    source = f"oci:{image.layout.path}:{image.reference}"
    skopeo(*copy, "--dest-cert-dir", trust, source, remote)
    compose.registry.wire().assert_identical(image, "team/proxied")
    skopeo(*copy, "--src-cert-dir", trust, remote, f"oci:{scratch / 'fetched'}:latest")
    assert_layout_holds(scratch / "fetched", image)
    listed = skopeo("list-tags", "--cert-dir", trust, remote.rpartition(":")[0])
    assert json.loads(listed)["Tags"] == ["latest"]
    skopeo("delete", "--cert-dir", trust, remote)
    assert not compose.registry.wire().has("team/proxied", "latest")


def test_docker_directly_and_through_nginx(
    toolbox: Toolbox, workspace: Workspace, compose: Compose, proxy: Proxy, shelf: Shelf
) -> None:
    """Docker takes any certificate from loopback, and speaks TLS with nginx."""
    image, engine = (
        shelf.image("referred"),
        DockerEngines.of_distribution(toolbox, workspace).fresh(),
    )
    with pytest.raises(CommandFailedError, match=r"(?i)unauthorized|401"):
        engine.login(proxy.host, Login("alice", "wrong"))
    for number, host in enumerate((compose.registry.host, proxy.host)):
        engine.login(host, ALICE)
        name = f"{host}/docker/app:v{number}"
        engine.take(image, name)
        engine.push(name)
        compose.registry.wire().assert_equivalent(image, "docker/app", f"v{number}")
        engine.pull(name)


def test_the_file_of_users_is_watched(compose: Compose) -> None:
    url = compose.registry.url

    def gets_in(login: Login) -> bool:
        return Wire(url, login).ask("GET", "/v2/app/tags/list", "app").status != 401

    assert gets_in(ALICE)
    assert not gets_in(BOB)
    write_users(compose.users, ALICE, BOB)
    until(lambda: gets_in(BOB), what="bob may log in", limit_seconds=WATCHED_SECONDS)
    compose.users.write_text("not a line of such a file\n")
    write_users(compose.users, ALICE)
    until(lambda: not gets_in(BOB), what="bob may not any more", limit_seconds=WATCHED_SECONDS)
    assert gets_in(ALICE)


def test_without_auth_it_is_open_as_registry2_is_and_says_so(
    skopeo: CommandLine, server_workspace: Workspace, shelf: Shelf
) -> None:
    volume = server_workspace.directory("volume")
    old = volume / "docker" / "registry" / "v2" / "repositories"
    for name in ("one", "team/two"):
        (old / name / "_manifests").mkdir(parents=True)
    before = sorted(volume.rglob("*"))
    registry = start(
        server_workspace,
        {"REGISTRY_NOTIFICATIONS_ENDPOINTS_0_URL": "http://127.0.0.1:9/"},
        None,
        data=volume,
    )
    assert registry.daemon is not None
    printed = registry.daemon.output()
    assert "OPEN: whoever reaches this server may push" in printed
    assert "REGISTRY_NOTIFICATIONS_ENDPOINTS_0_URL is ignored" in printed
    assert "images of registry:2 are here and not served yet" in printed
    assert '"repositories": "2"' in printed
    image = shelf.image("referred")
    # A client that logged in when there was a password sends it on.
    log_in(skopeo, registry.host, Login("alice", "of before"), PLAIN_HTTP)
    source, remote = f"oci:{image.layout.path}:latest", f"docker://{registry.name('one')}"
    skopeo("copy", "--quiet", "--dest-tls-verify=false", source, remote)
    registry.anonymous().assert_identical(image, "one")
    with pytest.raises(CommandFailedError, match=r"(?i)unsupported|405|switched off"):
        skopeo("delete", PLAIN_HTTP, remote)
    assert registry.daemon.stop() == 0
    assert sorted((volume / "docker").rglob("*")) == [p for p in before if p.name != "docker"]


def test_a_missing_file_of_users_is_made(server_workspace: Workspace) -> None:
    users = server_workspace.directory("auth") / "htpasswd"
    registry = start(server_workspace, variables(users), None)
    assert registry.daemon is not None
    printed = registry.daemon.output()
    password = printed.partition("password:")[2].split()[0]
    login = Login("docker", password)
    Wire(registry.url, login).ask("GET", "/v2/app/tags/list", "app").expect(404)
    assert users.read_text().startswith("docker:$2y$")
    assert registry.daemon.stop() == 0


@pytest.mark.parametrize(
    "name,value",
    [
        ("REGISTRY_PROXY_REMOTEURL", "https://registry-1.docker.io"),
        ("REGISTRY_STORAGE", "s3"),
        ("REGISTRY_AUTH", "token"),
    ],
)
def test_what_would_be_wrong_does_not_start(
    server_workspace: Workspace, name: str, value: str
) -> None:
    home = server_workspace.directory("refused")
    program = Path(sys.executable).with_name("entrepot")
    with pytest.raises(CommandFailedError, match=rf"exit 2(.|\n)*{name}: "):
        run([program, "serve"], env=base_environment(home) | {name: value})
