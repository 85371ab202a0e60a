"""The compose files: understood by compose, and a proxy that works."""

import json
import re
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml  # type: ignore[import-untyped]

from tests.blackbox.deployments import DEPLOY, settings_of
from tests.blackbox.processes import (
    STOP_SECONDS,
    Argument,
    Daemon,
    Workspace,
    base_environment,
    run,
)
from tests.blackbox.server import ADMINISTRATOR
from tests.blackbox.toolbox import Toolbox
from tests.blackbox.wire import Login, Wire
from tests.servers.seaweed import free_ports, program
from tools.corpus.shelf import Shelf

FILES = ("compose.yaml", "compose.scale.yaml")
SECRETS = {
    "ENTREPOT_ADMIN_PASSWORD": "made-for-this-test",
    "POSTGRES_PASSWORD": "made-for-this-test",
    "S3_ACCESS_KEY": "made-for-this",
    "S3_SECRET_KEY": "made-for-this-test",
}
PROXY = DEPLOY / "compose" / "haproxy.cfg"
INTERPOLATED = re.compile(r"\$\{(?P<name>\w+)(?::[-?](?P<rest>[^}]*))?\}")
CLIENT = "127.0.0.3"
NODES = ("127.0.1.1", "127.0.1.2")


def services(file: str) -> dict[str, dict[str, Any]]:
    """The services as they are written, with the secrets of a test."""

    def value(found: re.Match[str]) -> str:
        needed = found[0].startswith("${" + found["name"] + ":?")
        return SECRETS.get(found["name"], "" if needed else found["rest"] or "")

    text = INTERPOLATED.sub(value, (DEPLOY / file).read_text())
    parsed: dict[str, dict[str, Any]] = yaml.safe_load(text)["services"]
    return parsed


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


@pytest.mark.parametrize("file", FILES)
def test_each_variable_is_a_setting(file: str) -> None:
    registry = services(file)["registry"]
    settings = settings_of(registry["environment"])
    assert seconds(registry["stop_grace_period"]) >= settings.server.drain_seconds + 10
    assert settings.storage.data == "./data", "the image's own settings say where"
    assert registry["read_only"]
    assert registry["cap_drop"] == ["ALL"]


def test_nodes_alike_have_what_they_share() -> None:
    found = services("compose.scale.yaml")
    settings = settings_of(found["registry"]["environment"])
    password = SECRETS["POSTGRES_PASSWORD"]
    assert settings.storage.catalog == f"postgresql://entrepot:{password}@postgres:5432/entrepot"
    assert found["postgres"]["environment"] == {
        "POSTGRES_USER": "entrepot",
        "POSTGRES_DB": "entrepot",
        "POSTGRES_PASSWORD": password,
    }
    bucket = settings.storage.blobs.removeprefix("s3://")
    assert f"-bucket={bucket}" in found["s3"]["command"]
    assert settings.objects.endpoint == "http://s3:8333"
    assert "-s3.port=8333" in found["s3"]["command"]
    address = found["proxy"]["networks"]["default"]["ipv4_address"]
    assert settings.server.trusted_proxies == (address,)
    assert found["registry"]["deploy"]["replicas"] == 3
    assert "ports" not in found["registry"]


@pytest.mark.parametrize("file", FILES)
def test_compose_understands_it(toolbox: Toolbox, workspace: Workspace, file: str) -> None:
    compose = toolbox.unpacked("docker-compose")
    home = workspace.directory("compose")
    env = base_environment(home) | SECRETS
    words: list[Argument] = ["--file", DEPLOY / file, "config", "--format", "json"]
    said = json.loads(run([compose, *words], env=env).stdout)
    written = services(file)
    assert set(said["services"]) == set(written)
    for name, service in said["services"].items():
        # What compose makes of it is what is read above.
        given = {key: str(value) for key, value in written[name].get("environment", {}).items()}
        assert service.get("environment", {}) == given
    mounted = [
        Path(volume["source"])
        for service in said["services"].values()
        for volume in service.get("volumes", [])
        if volume["type"] == "bind"
    ]
    assert all(path.is_file() for path in mounted)


class Names:
    """The DNS of a network of containers: one name, and the addresses that it has just now."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            asked, peer = self._socket.recvfrom(4096)
            if not asked:
                return
            self._socket.sendto(self._answer(asked), peer)

    def _answer(self, asked: bytes) -> bytes:
        """What RFC 1035, section 4.1, says: the question again, then its A records."""
        end = asked.index(b"\0", 12) + 5
        kind = int.from_bytes(asked[end - 4 : end - 2], "big")
        found = self.addresses if kind == 1 else ()
        records = b"".join(b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton(one) for one in found)
        count = len(found).to_bytes(2, "big")
        head = asked[:2] + b"\x81\x80\0\1" + count + b"\0\0\0\0"
        return head + asked[12:end] + records


@dataclass(frozen=True, slots=True)
class Site:
    """Nodes at `NODES`, the proxy before them, and where the proxy listens."""

    nodes: list[Daemon]
    names: Names
    proxy: Daemon
    port: int
    login: Login

    def ask(self, path: str, headers: Mapping[str, str] | None = None) -> HTTPResponse:
        """An answer, read whole."""
        connection = HTTPConnection("127.0.0.1", self.port, source_address=(CLIENT, 0), timeout=10)
        with closing(connection):
            connection.request("GET", path, headers=dict(headers or {}))
            answer = connection.getresponse()
            answer.read()
            return answer

    def served_by(self) -> int:
        """The process that answers; 0 where none does."""
        try:
            answer = self.ask("/v2/")
        except (OSError, HTTPException):
            return 0
        return int((answer.getheader("x-request-id") or "0").partition("-")[0], 16)

    def serving(self) -> set[int]:
        """All that answer a few requests."""
        return {self.served_by() for _ in range(3 * len(NODES))}

    def logged(self, path: str) -> list[str]:
        """The clients' addresses in the nodes' logs of requests for a path."""
        lines = [line for node in self.nodes for line in node.output().splitlines()]
        return [json.loads(line)["client"] for line in lines if path in line]


@pytest.fixture(scope="module")
def site(toolbox: Toolbox, server_workspace: Workspace) -> Iterator[Site]:
    """The proxy with the configuration as it is; addresses are told by its variables."""
    haproxy = toolbox.system("haproxy")
    port, inner = free_ports(2)
    login = Login(ADMINISTRATOR, "made-for-this-test")
    program = Path(sys.executable).with_name("entrepot")
    nodes = []
    for address in NODES:
        home = server_workspace.directory("node")
        settings = {
            "ENTREPOT_SERVER_TRUSTED_PROXIES": "127.0.0.1",
            "ENTREPOT_ADMIN_PASSWORD": login.password,
        }
        words: list[Argument] = ["--data", home / "data", "--listen", f"{address}:{inner}"]
        env = base_environment(home) | settings
        nodes.append(server_workspace.start([program, "serve", *words], env=env))
    names = Names(NODES[0])
    env = base_environment(server_workspace.directory("haproxy")) | {
        "LISTEN": f"127.0.0.1:{port}",
        "REGISTRY": f"registry.test:{inner}",
        "DNS": f"127.0.0.1:{names.port}",
    }
    run([haproxy, "-c", "-f", PROXY], env=env)
    proxy = server_workspace.start([haproxy, "-W", "-db", "-f", PROXY], env=env)
    site = Site(nodes, names, proxy, port, login)
    proxy.wait_for(lambda: site.served_by() == nodes[0].pid, "the proxy finds the node ready")
    yield site
    for daemon in (proxy, *nodes):
        daemon.stop()
    names.close()


def test_images_pass_the_proxy(site: Site, shelf: Shelf) -> None:
    image = shelf.image("platforms")
    wire = Wire(f"http://127.0.0.1:{site.port}", site.login)
    wire.push(image, "behind/haproxy")
    wire.assert_identical(image, "behind/haproxy")


def test_the_client_keeps_its_address_and_its_host(site: Site) -> None:
    told = {"Host": "registry.example.com", "X-Forwarded-For": "203.0.113.9"}
    path = "/v2/keeps/address/tags/list"
    answer = site.ask(path, told)
    assert answer.status == 401
    challenge = answer.getheader("www-authenticate") or ""
    assert 'realm="http://registry.example.com/service/token"' in challenge
    site.proxy.wait_for(lambda: site.logged(path) == [CLIENT], "the node logs the client")


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
def test_what_is_not_for_the_public(site: Site, path: str) -> None:
    assert site.ask(path).status == 404


def test_nodes_come_and_go_by_their_name_alone(site: Site) -> None:
    first, second = site.nodes
    assert site.serving() == {first.pid}
    site.names.addresses = NODES
    both = {first.pid, second.pid}
    site.proxy.wait_for(lambda: site.serving() == both, "the new node is sent requests")
    # One that ends says so to nobody: its readiness does, and until then no request fails.
    first.process.terminate()
    for _ in range(50):
        assert site.served_by() in both
    assert first.process.wait(STOP_SECONDS) == 0
    assert site.serving() == {second.pid}


def test_s3_starts_as_it_is_told_to(workspace: Workspace) -> None:
    home = workspace.directory("weed")
    ports = dict(zip(("s3", "master", "volume", "filer"), free_ports(4), strict=True))
    own = {
        "-dir=/data": f"-dir={home}",
        "-ip.bind=0.0.0.0": "-ip.bind=127.0.0.1",
        "-s3.port=8333": f"-s3.port={ports['s3']}",
    }
    service = services("compose.scale.yaml")["s3"]
    words = [own.get(word, word) for word in service["command"]]
    assert set(own) <= set(service["command"])
    # In a container of its own it has all ports to itself.
    words += [f"-{name}.port={ports[name]}" for name in ("master", "volume", "filer")]
    env = base_environment(home) | service["environment"]
    daemon = workspace.start([program(), *words, "-ip=127.0.0.1"], env=env)
    asked = urlsplit(service["healthcheck"]["test"][-1])

    def answers() -> bool:
        try:
            with closing(HTTPConnection("127.0.0.1", ports["s3"], timeout=5)) as connection:
                connection.request("GET", asked.path)
                return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False

    daemon.wait_for(answers, "the store is healthy")
    daemon.process.kill()
