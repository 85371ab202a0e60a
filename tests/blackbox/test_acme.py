"""Certificates from pebble, Let's Encrypt's own ACME server for tests."""

import hashlib
import json
import shutil
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from entrepot.adapters.tls import own_certificate
from tests.blackbox.processes import Daemon, Workspace, base_environment, run, until
from tests.blackbox.toolbox import Toolbox, absent
from tools.pebble import CannotBuildError, build

KID = "kid-1"
MAC_KEY = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
NONCES_REFUSED_PERCENT = "30"
SHORT_SECONDS = 8
QUICK_SECONDS = 30.0
AT_ONCE_SECONDS = 5.0


def free_ports(count: int) -> list[int]:
    """Ports of loopback that were free just now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@dataclass(slots=True)
class Site:
    """An authority and a registry that asks it; both come and go."""

    workspace: Workspace
    curl: Path
    pebble: Path
    home: Path
    ports: list[int] = field(default_factory=lambda: free_ports(4))

    @property
    def authority_port(self) -> int:
        return self.ports[0]

    @property
    def https_port(self) -> int:
        return self.ports[2]

    @property
    def http_port(self) -> int:
        return self.ports[3]

    @property
    def account_keys(self) -> set[str]:
        """The kept accounts, by what is in their files."""
        found = (self.home / "data" / "tls" / "acme").glob("account-*")
        return {hashlib.sha256(path.read_bytes()).hexdigest() for path in found}

    def start_authority(self, **changes: Any) -> Daemon:
        """Start pebble, which refuses many good nonces."""
        authority, key = own_certificate(self.home / "authority", ["localhost"], time.time())
        validity = changes.pop("validity_seconds", 7776000)
        settings = {
            "listenAddress": f"127.0.0.1:{self.authority_port}",
            "managementListenAddress": f"127.0.0.1:{self.ports[1]}",
            "certificate": str(authority),
            "privateKey": str(key),
            "httpPort": self.http_port,
            "tlsPort": self.https_port,
            "retryAfter": {"authz": 1, "order": 1},
            "keyAlgorithm": "ecdsa",
            "profiles": {"default": {"description": "", "validityPeriod": validity}},
            **changes,
        }
        file = self.home / "pebble.json"
        file.write_text(json.dumps({"pebble": settings}))
        env = {
            **base_environment(self.home),
            "PEBBLE_VA_NOSLEEP": "1",
            "PEBBLE_WFE_NONCEREJECT": NONCES_REFUSED_PERCENT,
        }
        daemon = self.workspace.start([self.pebble, "-config", file], env=env)
        daemon.wait_for(lambda: "Listening on" in daemon.output(), "pebble listens")
        return daemon

    def start_registry(self, **changes: str) -> Daemon:
        """Start a registry that gets its certificate from pebble."""
        settings = {
            "TLS": "acme",
            "ACME_HOSTS": "localhost",
            "ACME_EMAIL": "admin@example.com",
            "ACME_DIRECTORY": f"https://localhost:{self.authority_port}/dir",
            "ACME_ROOT": str(self.home / "authority" / "server.crt"),
            "ACME_HTTP_LISTEN": f"127.0.0.1:{self.http_port}",
            "LISTEN": f"127.0.0.1:{self.https_port}",
            **changes,
        }
        env = {f"ENTREPOT_SERVER_{name}": value for name, value in settings.items() if value}
        env |= {**base_environment(self.home), "ENTREPOT_LOG_FORMAT": "json"}
        program = Path(sys.executable).with_name("entrepot")
        command: list[str | Path] = [program, "serve", "--data", self.home / "data"]
        daemon = self.workspace.start(command, env=env)
        daemon.wait_for(lambda: "is ready at" in daemon.output(), "the registry listens")
        return daemon

    def ask(self, url: str, *words: str | Path) -> str:
        """Return what curl says."""
        command = [self.curl, "--silent", "--show-error", "--max-time", "20", *words, url]
        return run(command, env=base_environment(self.home)).stdout

    def root(self) -> Path:
        """The root that pebble made at its start."""
        path = self.home / "root.pem"
        url = f"https://127.0.0.1:{self.ports[1]}/roots/0"
        path.write_text(self.ask(url, "--insecure"))
        return path

    def served(self) -> bytes:
        """The certificate that clients see, as DER."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection(("127.0.0.1", self.https_port), 10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            return connection.getpeercert(binary_form=True) or b""


def loaded(daemon: Daemon, count: int = 1) -> Callable[[], bool]:
    """Whether so many certificates went live."""
    return lambda: daemon.output().count('"event": "certificate loaded"') >= count


@pytest.fixture
def site(toolbox: Toolbox, server_workspace: Workspace) -> Iterator[Site]:
    """Nothing runs yet."""
    try:
        pebble = build()
    except CannotBuildError as error:
        absent(f"pebble: {error}")
    home = server_workspace.directory("acme")
    yield Site(server_workspace, toolbox.system("curl"), pebble, home)
    shutil.rmtree(home, ignore_errors=True)


@pytest.mark.parametrize("challenge", ["http-01", "tls-alpn-01"])
def test_a_trusted_certificate_comes_by_itself(site: Site, challenge: str) -> None:
    authority = site.start_authority()
    listen = f"127.0.0.1:{site.http_port}" if challenge == "http-01" else ""
    registry = site.start_registry(ACME_CHALLENGE=challenge, ACME_HTTP_LISTEN=listen)
    registry.wait_for(loaded(registry), "a certificate is loaded")
    url = f"https://localhost:{site.https_port}/healthz"
    status = ("--cacert", site.root(), "--output", "/dev/null", "--write-out", "%{http_code}")
    assert site.ask(url, *status) == "200"
    kept = site.home / "data" / "tls" / "acme"
    assert {path.stat().st_mode & 0o777 for path in kept.iterdir()} == {0o600}
    assert registry.stop() == 0
    authority.stop()


def test_plain_http_leads_to_https(site: Site) -> None:
    authority = site.start_authority()
    registry = site.start_registry()
    base = f"http://127.0.0.1:{site.http_port}"
    wanted = ("--output", "/dev/null", "--write-out", "%{http_code} %{redirect_url}")
    said = site.ask(f"{base}/v2/_catalog?n=1", *wanted)
    assert said == f"308 https://localhost:{site.https_port}/v2/_catalog?n=1"
    assert site.ask(f"{base}/.well-known/acme-challenge/none", *wanted).startswith("404")
    registry.stop()
    authority.stop()


def test_a_restart_keeps_account_and_certificate(site: Site) -> None:
    authority = site.start_authority()
    registry = site.start_registry()
    registry.wait_for(loaded(registry), "a certificate is loaded")
    seen, keys = site.served(), site.account_keys
    registry.stop()
    again = site.start_registry()
    assert site.served() == seen
    assert "certificate ordered" not in again.output()
    again.stop()
    (site.home / "data" / "tls" / "acme" / "certificate.pem").write_text("torn")
    third = site.start_registry()
    third.wait_for(loaded(third), "a certificate is loaded")
    assert site.served() != seen
    assert site.account_keys == keys
    assert len(keys) == 1
    third.stop()
    authority.stop()


def test_it_is_renewed_while_it_serves(site: Site) -> None:
    authority = site.start_authority(validity_seconds=SHORT_SECONDS)
    registry = site.start_registry(ACME_CHALLENGE="tls-alpn-01", ACME_HTTP_LISTEN="")
    registry.wait_for(loaded(registry, 1), "a certificate is loaded")
    seen = site.served()
    until(loaded(registry, 2), what="a second certificate", limit_seconds=QUICK_SECONDS)
    assert site.served() != seen
    registry.stop()
    authority.stop()


def test_an_authority_that_wants_an_external_account(site: Site) -> None:
    binding = {"externalAccountBindingRequired": True, "externalAccountMACKeys": {KID: MAC_KEY}}
    authority = site.start_authority(**binding)
    without = site.start_registry()
    without.wait_for(
        lambda: "set server.acme_eab_kid" in without.output(), "the refusal says what is missing"
    )
    without.stop()
    registry = site.start_registry(ACME_EAB_KID=KID, ACME_EAB_KEY=MAC_KEY)
    registry.wait_for(loaded(registry), "a certificate is loaded")
    assert MAC_KEY not in registry.output()
    registry.stop()
    authority.stop()


def test_it_stops_at_once_while_the_authority_says_nothing(site: Site) -> None:
    own_certificate(site.home / "authority", ["localhost"], time.time())
    with socket.create_server(("127.0.0.1", site.authority_port)):
        registry = site.start_registry()
        registry.wait_for(lambda: "certificate ordered" in registry.output(), "it asks")
        began = time.monotonic()
        assert registry.stop() == 0
        assert time.monotonic() - began < AT_ONCE_SECONDS


def test_what_the_authority_cannot_reach_is_said(site: Site) -> None:
    authority = site.start_authority(httpPort=free_ports(1)[0])
    registry = site.start_registry()
    registry.wait_for(
        lambda: "must reach this server under each name" in registry.output(), "cause and cure"
    )
    assert site.served()  # with the own certificate
    assert registry.stop() == 0
    authority.stop()
