"""Edges of the server by curl and signals: sockets, PROXY, SIGHUP, systemd."""

import json
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from entrepot.adapters.tls import own_certificate
from tests.blackbox.processes import Daemon, Workspace, base_environment, run
from tests.blackbox.toolbox import Toolbox

CLIENT = "127.0.0.2"


@dataclass(frozen=True, slots=True)
class Site:
    """A server of one test, and curl."""

    daemon: Daemon
    home: Path
    program: Path

    @property
    def addresses(self) -> list[str]:
        """URLs, and `unix:PATH`."""
        return (self.home / "data" / "run" / "address").read_text().split()

    def curl(self, *arguments: str | Path) -> tuple[int, str]:
        """Return status and body."""
        command = [self.program, "--silent", "--show-error", "--max-time", "20", *arguments]
        said = run([*command, "--write-out", "\n%{http_code}"], env=base_environment(self.home))
        body, _, status = said.stdout.rpartition("\n")
        return int(status), body

    def logged(self, event: str, count: int = 1) -> dict[str, object]:
        """Return the last of so many lines of an event, when they are there."""
        found: list[str] = []

        def seen() -> bool:
            lines = self.daemon.output().splitlines(keepends=True)
            found[:] = [line for line in lines if f'"event": "{event}' in line and line[-1] == "\n"]
            return len(found) >= count

        self.daemon.wait_for(seen, f"{count} times '{event}' in the log")
        line: dict[str, object] = json.loads(found[-1])
        return line


Start = Callable[..., Site]


@pytest.fixture
def start(toolbox: Toolbox, server_workspace: Workspace) -> Start:
    """Start a server with a settings file and flags, and wait until it listens."""

    def begin(toml: str, *flags: str, env: dict[str, str] | None = None) -> Site:
        curl = toolbox.system("curl")
        home = server_workspace.directory("edges")
        (home / "entrepot.toml").write_text(toml.replace("HOME", str(home)))
        own_certificate(home / "tls", [], time.time())
        program = Path(sys.executable).with_name("entrepot")
        words: list[str | Path] = [
            "serve",
            "--data",
            home / "data",
            "--config",
            home / "entrepot.toml",
            *flags,
        ]
        daemon = server_workspace.start([program, *words], env=base_environment(home) | (env or {}))
        site = Site(daemon, home, curl)
        daemon.wait_for((home / "data" / "run" / "address").exists, "it says where it listens")
        return site

    return begin


def test_a_unix_socket(start: Start) -> None:
    site = start('[server]\nlisten = ["unix:HOME/s"]')
    assert site.addresses == [f"unix:{site.home}/s"]
    assert f"is ready at unix:{site.home}/s" in site.daemon.output()
    status, body = site.curl("--unix-socket", site.home / "s", "http://localhost/readyz")
    assert status == 200, body
    assert site.daemon.stop() == 0
    assert not (site.home / "s").exists()


def test_an_open_registry_and_another_name(start: Start) -> None:
    site = start('[server]\nlisten = ["127.0.0.1:0"]', "--open")
    (url,) = site.addresses
    assert site.curl(f"{url}/v2/")[0] == 200
    status, body = site.curl("-H", "Host: evil.example", f"{url}/v2/")
    assert status == 421
    assert "'evil.example'" in body
    assert site.curl("-H", "Origin: https://evil.example", f"{url}/v2/")[0] == 403


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_the_proxy_protocol(start: Start, secure: bool) -> None:
    """curl says in a PROXY header which address it comes from, which here is not 127.0.0.1."""
    tls = 'tls = "files"\ntls_cert = "HOME/tls/server.crt"\ntls_key = "HOME/tls/server.key"\n'
    site = start(
        '[server]\nlisten = ["127.0.0.1:0"]\nproxy_protocol = true\n'
        f'trusted_proxies = ["{CLIENT}"]\n' + tls * secure
    )
    (url,) = site.addresses
    options: list[str | Path] = ["--cacert", site.home / "tls" / "server.crt"]
    options += ["--haproxy-protocol", "--interface", CLIENT]
    status, body = site.curl(*options, f"{url}/readyz")
    assert status == 200, body
    assert site.logged("request")["client"] == CLIENT
    with pytest.raises(AssertionError, match="curl"):  # without the header, it is closed
        site.curl("--cacert", site.home / "tls" / "server.crt", "--interface", CLIENT, url)
    with pytest.raises(AssertionError, match="curl"):  # nor from a stranger
        site.curl("--cacert", site.home / "tls" / "server.crt", "--haproxy-protocol", url)


def test_sighup_takes_over_certificate_and_settings(start: Start) -> None:
    toml = (
        '[server]\nlisten = ["127.0.0.1:0"]\ntls = "files"\ntls_cert = "HOME/tls/server.crt"\n'
        'tls_key = "HOME/tls/server.key"\n'
    )
    site = start(toml)
    (url,) = site.addresses
    file = site.home / "entrepot.toml"
    before = file.read_text()
    old, key = site.home / "tls" / "server.crt", site.home / "tls" / "server.key"
    new, new_key = own_certificate(site.home / "new", [], time.time())
    trust_old = old.read_bytes()
    (site.home / "old.crt").write_bytes(trust_old)
    assert site.curl("--cacert", site.home / "old.crt", f"{url}/readyz")[0] == 200

    file.write_text(before + "[limits]\nheader_bytes = 1000\n[uploads]\nidle_seconds = 5\n")
    new.replace(old)
    new_key.replace(key)
    site.daemon.process.send_signal(signal.SIGHUP)
    line = site.logged("settings reloaded")
    assert line["changed"] == ["limits.header_bytes"]
    assert line["restart_needed_for"] == ["uploads.idle_seconds"]
    site.logged("certificate loaded")
    assert site.curl("--cacert", old, f"{url}/readyz")[0] == 200
    with pytest.raises(AssertionError, match="certificate"):
        site.curl("--cacert", site.home / "old.crt", f"{url}/readyz")
    assert site.curl("--cacert", old, "-H", f"X-Long: {'x' * 2000}", f"{url}/readyz")[0] == 431

    file.write_text(before + "[limits\n")
    key.write_text("broken")
    site.daemon.process.send_signal(signal.SIGHUP)
    assert "TOML" in str(site.logged("settings not reloaded")["cause"])
    assert "server.key" in str(site.logged("certificate not loaded")["cause"])
    assert site.curl("--cacert", old, f"{url}/readyz")[0] == 200
    assert site.daemon.stop() == 0


def test_the_service_manager_is_told(start: Start, server_workspace: Workspace) -> None:
    path = server_workspace.directory("notify") / "s"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(20)
        site = start('[server]\nlisten = ["127.0.0.1:0"]', env={"NOTIFY_SOCKET": str(path)})
        assert manager.recv(100) == b"READY=1"
        site.daemon.process.send_signal(signal.SIGHUP)
        assert manager.recv(100).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
        assert manager.recv(100) == b"READY=1"
        assert site.daemon.stop() == 0
        assert manager.recv(100) == b"STOPPING=1"
