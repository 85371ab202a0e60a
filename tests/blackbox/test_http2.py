"""HTTP/2 over TLS, with our own certificate: what real clients make of it."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.blackbox.command_line import CommandLine
from tests.blackbox.compare import assert_layout_holds
from tests.blackbox.libpod import skopeo_at_home
from tests.blackbox.processes import Daemon, Workspace, base_environment, run
from tests.blackbox.toolbox import Toolbox
from tools.corpus.layout import Image
from tools.corpus.shelf import Shelf

ADDRESS = re.compile(r"https://([^\s/]+:\d+)\s")
MIB = 1024 * 1024
BIG_MIB = 256
MEMORY_MIB = 24
"""What an upload of any size may add to the server's memory."""


@dataclass(frozen=True, slots=True)
class Secure:
    """A server with TLS, and curl and the access log to look at it."""

    daemon: Daemon
    host: str
    authority: Path
    curl: CommandLine

    @property
    def certificates(self) -> Path:
        """A directory as the containers/* tools take it."""
        path = self.curl.home / "certificates"
        if not path.exists():
            path.mkdir()
            shutil.copy(self.authority, path / "ca.crt")
        return path

    def ask(self, path: str, *words: str | Path) -> list[str]:
        """Version, status and what else `--write-out` is told to tell."""
        url = path if path.startswith("https:") else f"https://{self.host}{path}"
        wanted = "%{http_version} %{response_code} %{size_download}"
        common = ("--silent", "--cacert", self.authority, "--write-out", wanted)
        output = () if "--output" in words else ("--output", "/dev/null")
        return self.curl(*common, *output, *words, url).split()

    def upload(self, repository: str) -> str:
        """The address of a new upload session."""
        answer = self.curl(
            *("--silent", "--cacert", self.authority, "--include", "--request", "POST"),
            f"https://{self.host}/v2/{repository}/blobs/uploads/",
        )
        (line,) = [line for line in answer.splitlines() if line.lower().startswith("location:")]
        return f"https://{self.host}{line.partition(':')[2].strip()}"

    def requests(self) -> list[dict[str, object]]:
        """The access log."""
        lines = (line for line in self.daemon.output().splitlines() if line.startswith("{"))
        return [entry for entry in map(json.loads, lines) if entry.get("event") == "request"]


@pytest.fixture(scope="module")
def secure(toolbox: Toolbox, workspace: Workspace) -> Iterator[Secure]:
    curl = CommandLine.at_home(toolbox.system("curl"), workspace)
    if "HTTP2" not in run([curl.program, "--version"], env=curl.env).stdout:
        pytest.skip("this curl speaks no HTTP/2")
    home = workspace.directory("server")
    program = Path(sys.executable).with_name("entrepot")
    words = ("--data", home / "data", "--listen", "127.0.0.1:0", "--open", "--tls", "auto")
    daemon = workspace.start([program, "serve", *words], env=base_environment(home))
    daemon.wait_for(lambda: ADDRESS.search(daemon.output()) is not None, "it says where it is")
    address = ADDRESS.search(daemon.output())
    assert address is not None
    yield Secure(daemon, address.group(1), home / "data" / "tls" / "server.crt", curl)
    assert daemon.stop() == 0


@pytest.mark.parametrize("version, words", [("2", "--http2"), ("1.1", "--http1.1")])
def test_curl(secure: Secure, version: str, words: str) -> None:
    assert secure.ask("/v2/", words)[:2] == [version, "200"]
    assert secure.ask("/v2/", words, "--head")[:2] == [version, "200"]
    assert secure.ask("/v2/none/manifests/none", words)[:2] == [version, "404"]


def test_large_blob_in_little_memory(secure: Secure, scratch: Path) -> None:
    path = scratch / "blob"
    block = os.urandom(MIB)
    seen = hashlib.sha256()
    with path.open("wb") as file:
        for number in range(BIG_MIB):
            part = number.to_bytes(4, "big") + block[4:]
            file.write(part)
            seen.update(part)
    before = _peak_bytes(secure.daemon)
    session = secure.upload("curl/large")
    patched = secure.ask(session, "--upload-file", path, "--request", "PATCH")
    assert patched[:2] == ["2", "202"]
    digest = f"sha256:{seen.hexdigest()}"
    ended = secure.ask(f"{session}?digest={digest}", "--request", "PUT")
    assert ended[:2] == ["2", "201"]
    blob = f"/v2/curl/large/blobs/{digest}"
    assert secure.ask(blob) == ["2", "200", str(BIG_MIB * MIB)]
    fetched = scratch / "fetched"
    secure.ask(blob, "--output", fetched)
    with fetched.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").digest() == seen.digest()
    assert secure.ask(blob, "--range", "5-9") == ["2", "206", "5"]
    assert _peak_bytes(secure.daemon) - before < MEMORY_MIB * MIB


def test_upload_that_is_cut_can_go_on(secure: Secure, scratch: Path) -> None:
    content = os.urandom(4 * MIB)
    session = secure.upload("curl/cut")
    words = ("--silent", "--cacert", str(secure.authority), "--upload-file", "-")
    command = [str(secure.curl.program), *words, "--request", "PATCH", session]
    client = subprocess.Popen(command, env=secure.curl.env, stdin=subprocess.PIPE)
    assert client.stdin is not None
    client.stdin.write(content)  # a pipe holds little: curl has sent most of it by the end
    client.kill()
    client.communicate()
    secure.daemon.wait_for(
        lambda: any(entry["status"] == 499 for entry in secure.requests()),
        "the server sees that the client is gone",
    )
    offset = _offset(secure, session)
    assert 0 < offset <= len(content)
    digest = hashlib.sha256(content).hexdigest()
    rest = scratch / "rest"
    rest.write_bytes(content[offset:])
    ended = secure.ask(f"{session}?digest=sha256:{digest}", "--upload-file", rest)
    assert ended[:2] == ["2", "201"]


def test_crane(
    secure: Secure,
    toolbox: Toolbox,
    workspace: Workspace,
    single: Image,
    scratch: Path,
) -> None:
    trusted = {"SSL_CERT_FILE": str(secure.authority)}
    crane = CommandLine.at_home(toolbox.unpacked("crane"), workspace, **trusted)
    name, fetched = f"{secure.host}/crane/{single.name}:latest", scratch / "fetched"
    crane("push", single.layout.path, name)
    crane("pull", "--format=oci", name, fetched)
    assert_layout_holds(fetched, single)
    assert _versions(secure, "/crane/") == {"2"}


def test_oras(
    secure: Secure, toolbox: Toolbox, workspace: Workspace, shelf: Shelf, scratch: Path
) -> None:
    oras = CommandLine.at_home(toolbox.unpacked("oras"), workspace)
    image, fetched = shelf.image("platforms"), scratch / "fetched"
    name, trusted = f"{secure.host}/oras/platforms:latest", secure.authority
    source = f"{image.layout.path}:{image.reference}"
    to = ("--to-plain-http=false", "--to-ca-file", trusted)
    oras("cp", "--recursive", *to, "--from-oci-layout", source, name)
    of = ("--from-plain-http=false", "--from-ca-file", trusted)
    oras("cp", "--recursive", *of, name, "--to-oci-layout", f"{fetched}:latest")
    assert_layout_holds(fetched, image)
    assert _versions(secure, "/oras/") == {"2"}


def test_skopeo(
    secure: Secure, toolbox: Toolbox, workspace: Workspace, shelf: Shelf, scratch: Path
) -> None:
    """The containers/* tools ask for HTTP/1.1: the same port speaks it too."""
    skopeo = skopeo_at_home(toolbox, workspace)
    image, fetched = shelf.image("platforms"), scratch / "fetched"
    remote = f"docker://{secure.host}/skopeo/platforms:latest"
    common = ("copy", "--quiet", "--all", "--preserve-digests")
    source = f"oci:{image.layout.path}:{image.reference}"
    skopeo(*common, "--dest-cert-dir", secure.certificates, source, remote)
    skopeo(*common, "--src-cert-dir", secure.certificates, remote, f"oci:{fetched}:latest")
    assert_layout_holds(fetched, image)
    assert _versions(secure, "/skopeo/") <= {"1.1", "2"}


def _versions(secure: Secure, within: str) -> set[str]:
    """The versions of HTTP that were spoken on paths that hold `within`."""
    return {str(entry["http"]) for entry in secure.requests() if within in str(entry["path"])}


def _offset(secure: Secure, session: str) -> int:
    words = ("--silent", "--cacert", secure.authority, "--include", session)
    for line in secure.curl(*words).splitlines():
        name, _, value = line.partition(":")
        if name.lower() == "range":
            return int(value.rpartition("-")[2]) + 1 if value.strip() != "0-0" else 0
    return 0


def _peak_bytes(daemon: Daemon) -> int:
    status = Path(f"/proc/{daemon.pid}/status")
    if not status.exists():
        pytest.skip("this system does not tell how much memory a process takes")
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024
