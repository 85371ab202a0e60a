"""Starts the registries that are compared, each on a fresh directory and port."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from entrepot.faces.cli.bench.target import Target

from . import layouts
from .peers import SYNCING

START_SECONDS = 30.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.001
REPOSITORY = "bench/app"
OURS = "entrepot"
ZOTS = ("zot", SYNCING)

DISTRIBUTION = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: {root}}}
  delete: {{enabled: true}}
  cache: {{blobdescriptor: inmemory}}
http: {{addr: "127.0.0.1:{port}"}}
"""

Seed = Callable[[Path, str, Iterable[str]], None]


class StartError(Exception):
    """A server did not start; the message has the end of its log."""


@dataclass(frozen=True, slots=True)
class Server:
    """A registry that can be started on `folder`: Entrepot, or a peer.

    `seed` writes tags into the folder of one that would take hours to be told them.
    """

    name: str
    program: Path
    folder: Path
    password: str
    seed: Seed | None

    @contextmanager
    def running(self) -> Iterator[tuple[Target, float]]:
        """Yield the target, and the seconds from start to the first answer."""
        port = _free_port()
        command, environment = self._command(port)
        began = time.perf_counter()
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, **environment}
            )
        try:
            self._wait(port, process)
            ready = time.perf_counter() - began
            # Entrepot is measured as it is used: with a token in each request. The peers let
            # anyone in, which costs them nothing.
            user = "admin" if self.password else ""
            url = f"http://127.0.0.1:{port}"
            yield (
                Target(self.name, url, REPOSITORY, user, self.password, process_id=process.pid),
                ready,
            )
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)

    def _command(self, port: int) -> tuple[list[str], dict[str, str]]:
        root, program = self.folder / "data", str(self.program)
        root.mkdir(parents=True, exist_ok=True)
        if self.name == OURS:
            command = [program, "-m", "entrepot", "serve", "--data", str(root)]
            own = {"ENTREPOT_ADMIN_PASSWORD": self.password, "ENTREPOT_LOG_ACCESS": "false"}
            return [*command, "--listen", f"127.0.0.1:{port}"], own
        if self.name == "olareg":
            command = [program, "serve", "--dir", str(root), "--api-delete", "--addr", "127.0.0.1"]
            return [*command, "--port", str(port)], {}
        settings = self.folder / "config"
        if self.name in ZOTS:
            settings.write_text(_zot(root, port, commit=self.name == SYNCING))
        else:
            settings.write_text(DISTRIBUTION.format(root=root, port=port))
        return [program, "serve", str(settings)], {"OTEL_TRACES_EXPORTER": "none"}

    def _wait(self, port: int, process: subprocess.Popen[bytes]) -> None:
        until = time.perf_counter() + START_SECONDS
        while time.perf_counter() < until and process.poll() is None:
            if _answers(port):
                return
            time.sleep(POLL_SECONDS)
        said = (self.folder / "log").read_text(errors="replace")[-2000:]
        raise StartError(f"{self.name} did not start: {said}")


def ours(folder: Path) -> Server:
    """Return Entrepot, with catalog and access control, to be started on a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return Server(OURS, Path(sys.executable), folder, secrets.token_urlsafe(16), None)


def peer(name: str, program: Path, folder: Path) -> Server:
    """Return a peer, to be started on a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    own_layout = name == "olareg" or name in ZOTS
    seed = layouts.oci_layout if own_layout else layouts.distribution
    return Server(name, program, folder, "", seed)


def _zot(root: Path, port: int, *, commit: bool) -> str:
    return json.dumps(
        {
            "storage": {
                "rootDirectory": str(root),
                "gc": False,
                "dedupe": False,
                "commit": commit,
            },
            "http": {"address": "127.0.0.1", "port": str(port)},
            "log": {"level": "error"},
        }
    )


def _answers(port: int) -> bool:
    """Say whether a registry speaks at a port, whatever it says."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as connection:
            connection.sendall(b"GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 ")
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
