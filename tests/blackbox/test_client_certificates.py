"""Client certificates: skopeo and curl are somebody without a password."""

import json
import re
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.blackbox.command_line import CommandLine
from tests.blackbox.compare import assert_layout_holds
from tests.blackbox.libpod import skopeo_at_home
from tests.blackbox.processes import (
    CommandFailedError,
    Daemon,
    Workspace,
    base_environment,
    run,
)
from tests.blackbox.toolbox import Toolbox
from tests.clientcerts import Authority, Client
from tools.corpus.shelf import Shelf

ADDRESS = re.compile(r"https://([^\s/]+:\d+)\s")
VERSIONS = [("2", "--http2"), ("1.1", "--http1.1")]


@dataclass(frozen=True, slots=True)
class Secure:
    """A server with TLS that asks for certificates, and curl to look at it."""

    daemon: Daemon
    host: str
    home: Path
    clients: Authority
    curl: CommandLine

    @property
    def trusted(self) -> Path:
        return self.home / "data" / "tls" / "server.crt"

    def directory(self, name: str, client: Client | None) -> Path:
        """A directory as Docker's `certs.d` has one for each registry."""
        path = self.home / "certs.d" / name
        path.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.trusted, path / "ca.crt")
        if client is not None:
            shutil.copy(client.certificate, path / "client.cert")
            shutil.copy(client.key, path / "client.key")
        return path

    def ask(self, client: Client | None, path: str, *words: str) -> list[str]:
        """Version and status; nothing that makes sense where the handshake fails."""
        shown = ("--cert", client.certificate, "--key", client.key) if client else ()
        common = ("--silent", "--cacert", self.trusted, "--output", "/dev/null", *shown)
        wanted = ("--write-out", "%{http_version} %{response_code}")
        url = f"https://{self.host}{path}"
        return self.curl(*common, *wanted, *words, url).split()


@pytest.fixture(scope="module")
def secure(toolbox: Toolbox, workspace: Workspace) -> Iterator[Secure]:
    curl = CommandLine.at_home(toolbox.system("curl"), workspace)
    if "HTTP2" not in run([curl.program, "--version"], env=curl.env).stdout:
        pytest.skip("this curl speaks no HTTP/2")
    home = workspace.directory("server")
    clients = Authority(home / "clients")
    settings = home / "entrepot.toml"
    settings.write_text(f'[server]\ntls = "auto"\ntls_client_ca = "{clients.file}"\n')
    program = Path(sys.executable).with_name("entrepot")
    words = ("--data", home / "data", "--listen", "127.0.0.1:0", "--config", settings)
    daemon = workspace.start([program, "serve", *words], env=base_environment(home))
    daemon.wait_for(lambda: ADDRESS.search(daemon.output()) is not None, "it says where it is")
    address = ADDRESS.search(daemon.output())
    assert address is not None
    yield Secure(daemon, address.group(1), home, clients, curl)
    assert daemon.stop() == 0


@pytest.mark.parametrize("version, words", VERSIONS)
def test_curl(secure: Secure, version: str, words: str) -> None:
    admin, nobody = secure.clients.client("admin"), secure.clients.client("nobody")
    assert secure.ask(admin, "/v2/", words) == [version, "200"]
    assert secure.ask(admin, "/api/entrepot/v1/users", words) == [version, "200"]
    assert secure.ask(nobody, "/v2/", words) == [version, "401"]
    assert secure.ask(None, "/v2/", words) == [version, "401"]
    with pytest.raises(CommandFailedError):
        secure.ask(Authority(secure.home / "foreign", "foreign").client("admin"), "/v2/", words)


def test_skopeo(
    secure: Secure, toolbox: Toolbox, workspace: Workspace, shelf: Shelf, scratch: Path
) -> None:
    skopeo = skopeo_at_home(toolbox, workspace)
    image, fetched = shelf.image("platforms"), scratch / "fetched"
    remote = f"docker://{secure.host}/skopeo:latest"
    common = ("copy", "--quiet", "--all", "--preserve-digests")
    source = f"oci:{image.layout.path}:{image.reference}"
    admin = secure.directory("admin", secure.clients.client("admin"))
    skopeo(*common, "--dest-cert-dir", admin, source, remote)
    skopeo(*common, "--src-cert-dir", admin, remote, f"oci:{fetched}:latest")
    assert_layout_holds(fetched, image)
    stranger = secure.directory("nobody", secure.clients.client("nobody"))
    with pytest.raises(CommandFailedError, match="'nobody' of the client certificate"):
        skopeo("inspect", "--raw", "--cert-dir", stranger, remote)
    without = secure.directory("without", None)
    with pytest.raises(CommandFailedError, match=r"(?i)unauthorized|authentication required"):
        skopeo("inspect", "--raw", "--cert-dir", without, remote)


def test_audit_says_who(secure: Secure) -> None:
    """What skopeo pushed, `admin` did."""
    admin = secure.clients.client("admin")
    words = ("--silent", "--cacert", secure.trusted, "--cert", admin.certificate)
    url = f"https://{secure.host}/api/entrepot/v1/audit?limit=100"
    items = json.loads(secure.curl(*words, "--key", admin.key, url))["items"]
    assert ("admin", "manifest.published") in {(one["actor"], one["operation"]) for one in items}


def test_other_authorities_after_a_hangup(secure: Secure) -> None:
    """Connections of before are left alone; new ones are verified by what is in the file now."""
    old, newer = secure.clients, Authority(secure.home / "newer", "newer")
    before = old.file.read_bytes()
    events = secure.daemon.output().count("certificate loaded")
    old.file.write_bytes(newer.file.read_bytes())
    secure.daemon.process.send_signal(signal.SIGHUP)
    secure.daemon.wait_for(
        lambda: secure.daemon.output().count("certificate loaded") > events, "it is loaded"
    )
    for version, words in VERSIONS:
        assert secure.ask(newer.client("admin"), "/v2/", words) == [version, "200"]
        with pytest.raises(CommandFailedError):
            secure.ask(old.client("admin"), "/v2/", words)
    old.file.write_bytes(before)
