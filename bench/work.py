"""The pieces of work that are timed; each returns operations per second."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCI_MANIFEST

from .client import Connection, in_parallel, push_blob, push_image, push_known
from .servers import Server

KIB, MIB = 1024, 1024 * 1024
TAG = "v1"


@dataclass(frozen=True, slots=True)
class Fixture:
    """What was put into a server before the measurements."""

    manifest: Digest
    small: Digest
    large: Digest


Work = Callable[[Server, Fixture, float], float]


def fill(server: Server) -> Fixture:
    """Push what the reads need."""
    with Connection(server.port) as connection:
        layers = [os.urandom(1000) for _ in range(6)]
        manifest = push_image(connection, TAG, layers)
        small = push_blob(connection, os.urandom(MIB))
        large = push_blob(connection, os.urandom(64 * MIB))
    return Fixture(manifest, small, large)


def reads() -> dict[str, Work]:
    """Return the reads, by name; they need `wrk`."""
    if shutil.which("wrk") is None:
        return {}
    work: dict[str, Work] = {}
    for connections in (1, 16, 64):
        work[f"manifest GET by tag, c={connections}"] = _wrk(connections, _tag)
    work["manifest GET by digest, c=16"] = _wrk(16, _digest)
    for connections in (1, 4, 32):
        work[f"blob 1 MiB, c={connections}"] = _wrk(connections, _small)
        work[f"blob 64 MiB, c={connections}"] = _wrk(connections, _large)
    work["range 4 MiB, c=32"] = _wrk(32, _large, "Range: bytes=8388608-12582911")
    return work


def writes() -> dict[str, Work]:
    """Return the pushes, by name."""
    return {
        "push 32 KiB, c=8": _push(32 * KIB, 8),
        "push 1 MiB, c=8": _push(MIB, 8),
        "push 64 MiB, c=1": _push(64 * MIB, 1),
        "push 64 MiB chunked, c=1": _push(64 * MIB, 1, chunks=8),
        "push 64 MiB, c=8": _push(64 * MIB, 8),
    }


def _tag(_fixture: Fixture) -> str:
    return f"manifests/{TAG}"


def _digest(fixture: Fixture) -> str:
    return f"manifests/{fixture.manifest}"


def _small(fixture: Fixture) -> str:
    return f"blobs/{fixture.small}"


def _large(fixture: Fixture) -> str:
    return f"blobs/{fixture.large}"


def _wrk(connections: int, target: Callable[[Fixture], str], header: str = "") -> Work:
    def run(server: Server, fixture: Fixture, seconds: float) -> float:
        url = f"http://127.0.0.1:{server.port}/v2/bench/app/{target(fixture)}"
        # docker-registry answers 404 for an OCI manifest that the client does not name.
        headers = ["-H", f"Accept: {OCI_MANIFEST}", *(["-H", header] if header else [])]
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", *headers, url]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in output:
            raise RuntimeError(f"{server.name} did not serve {url}: {output}")
        found = re.search(r"Requests/sec:\s+([\d.]+)", output)
        if found is None:
            raise RuntimeError(output)
        return float(found[1])

    return run


def _push(size: int, connections: int, *, chunks: int = 0) -> Work:
    def run(server: Server, _fixture: Fixture, seconds: float) -> float:
        # New bytes each time, as a registry that has them already has nothing to do; hashed
        # before the clock starts, as the client's work is not what is measured.
        bytes_wanted = seconds * 150 * MIB
        count = max(1, min(200, round(bytes_wanted / size / connections)))
        seed = os.urandom(size)
        lots = [
            [_varied(seed, number * count + turn) for turn in range(count)]
            for number in range(connections)
        ]

        def work(connection: Connection, number: int) -> None:
            for data, digest in lots[number]:
                push_known(connection, data, digest, chunks=chunks)

        return connections * count / in_parallel(server.port, connections, work)

    return run


def _varied(seed: bytes, number: int) -> tuple[bytes, Digest]:
    data = number.to_bytes(8, "big") + seed[8:]
    return data, Digest.of(data)
