"""Starts the registries that are compared, each on a fresh directory of loopback."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 20.0
POLL_SECONDS = 0.005

PEER_SETTINGS = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: {root}}}
  delete: {{enabled: true}}
  cache: {{blobdescriptor: inmemory}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A running registry. `ready_seconds` is the time from start to the first answer."""

    name: str
    port: int
    process_id: int
    ready_seconds: float

    def rss_mib(self) -> float:
        """Return the memory it holds now."""
        return self._status("VmRSS") / 1024

    def peak_mib(self) -> float:
        """Return the most memory it held."""
        return self._status("VmHWM") / 1024

    def cpu_seconds(self) -> float:
        """Return the processor time it has used."""
        fields = Path(f"/proc/{self.process_id}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _status(self, key: str) -> int:
        for line in Path(f"/proc/{self.process_id}/status").read_text().splitlines():
            if line.startswith(f"{key}:"):
                return int(line.split()[1])
        raise LookupError(key)


def peers() -> list[str]:
    """Return the names of peers that this machine has."""
    return ["docker-registry"] if shutil.which("docker-registry") else []


@contextmanager
def running(name: str, folder: Path) -> Iterator[Server]:
    """Yield a running server: `entrepot`, with catalog and access control, or a peer."""
    port = _free_port()
    folder.mkdir(parents=True)
    environment = {**os.environ, "ENTREPOT_LOG_ACCESS": "false"}
    if name == "entrepot":
        program = Path(sys.executable).with_name("entrepot")
        command = [str(program), "serve", "--open", "--data", str(folder)]
        command += ["--listen", f"127.0.0.1:{port}"]
    else:
        settings = folder / "config.yml"
        settings.write_text(PEER_SETTINGS.format(root=folder / "data", port=port))
        command = [name, "serve", str(settings)]
    started = time.perf_counter()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        _wait(port, process)
        ready = time.perf_counter() - started
        yield Server(name, port, process.pid, ready)
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.perf_counter() + START_SECONDS
    while time.perf_counter() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=1):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(POLL_SECONDS)
    raise RuntimeError(f"the server on port {port} did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
