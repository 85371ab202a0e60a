"""A throw-away Azure: Azurite on loopback, from npm; skipped where it is not."""

import base64
import hashlib
import hmac
import os
import secrets
import shutil
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

import pytest

from entrepot.settings.objects import Objects
from tests.blackbox.processes import Daemon, Workspace, base_environment
from tests.blackbox.toolbox import SYSTEM_PATH, TOOLS
from tests.servers.seaweed import free_ports

CONTAINER = "container"
ACCOUNT = "account"
KEY = base64.b64encode(b"a key for tests, which is public").decode()
API_VERSION = "2021-08-06"


@dataclass(frozen=True, slots=True)
class Azurite:
    """A server with one container."""

    port: int
    daemon: Daemon

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def options(self) -> Objects:
        return Objects(endpoint=self.endpoint)

    def url(self, prefix: str = "") -> str:
        """Return the URL of a prefix, a fresh one unless it is named."""
        return f"az://{CONTAINER}/{prefix or secrets.token_hex(6)}"


def program() -> Path:
    """Return the program; skips the test without it, with CI=true too: it is in no list of CI's."""
    places = (str(TOOLS / "azurite/node_modules/.bin"), SYSTEM_PATH)
    found = shutil.which("azurite-blob", path=os.pathsep.join(places))
    if found is None:
        pytest.skip("azurite-blob is not here: run npm install --prefix .tools/azurite azurite")
    return Path(found)


def start_azurite(workspace: Workspace, azurite: Path) -> Azurite:
    """Start one in the workspace, which keeps everything in memory."""
    home = workspace.directory("azurite")
    (port,) = free_ports(1)
    daemon = workspace.start(
        [
            azurite,
            "--blobHost=127.0.0.1",
            f"--blobPort={port}",
            "--inMemoryPersistence",
            "--disableTelemetry",
            "--silent",
        ],
        env={**base_environment(home), "AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"},
    )
    daemon.wait_for(lambda: "successfully listens" in daemon.output(), "Azurite")
    server = Azurite(port, daemon)
    create_container(server)
    return server


def create_container(server: Azurite) -> None:
    """Create the container, which obstore cannot."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": API_VERSION}
    lines = ["PUT", *[""] * 11, *(f"{name}:{value}" for name, value in headers.items())]
    lines += [f"/{ACCOUNT}/{ACCOUNT}/{CONTAINER}", "restype:container"]
    digest = hmac.digest(base64.b64decode(KEY), "\n".join(lines).encode(), hashlib.sha256)
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
    url = f"{server.endpoint}/{ACCOUNT}/{CONTAINER}?restype=container"
    request = urllib.request.Request(url, method="PUT", headers=headers)  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        assert answer.status == 201


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """An Azure for all tests, whose account is in the environment."""
    with ExitStack() as stack:
        workspace = stack.enter_context(Workspace())
        server = start_azurite(workspace, program())
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name in [name for name in os.environ if name.startswith("AZURE_")]:
            patch.delenv(name)
        patch.setenv("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT)
        patch.setenv("AZURE_STORAGE_ACCOUNT_KEY", KEY)
        yield server
