"""A fresh registry of our own for one run."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.conformance.target import Target

START_SECONDS = 30
STOP_SECONDS = 20
POLL_SECONDS = 0.05
SETTINGS = {"ENTREPOT_MANIFESTS_SPARSE": "all", "ENTREPOT_LOG_LEVEL": "warning"}
"""What every option of the newest suite needs, above the defaults."""

_READY = re.compile(r"is ready at http://\S+:(\d+)\n")


@contextmanager
def fresh_registry(folder: Path) -> Iterator[Target]:
    """Yield an open `entrepot serve` on a free port, with its data in `folder`."""
    program = Path(sys.executable).with_name("entrepot")
    log = folder / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [program, "serve", "--open", "--data", folder / "data", "--listen", "127.0.0.1:0"],
            env={**os.environ, **SETTINGS},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Target(f"127.0.0.1:{_port(process, log)}")
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _port(process: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        found = _READY.search(log.read_text())
        if found is not None:
            return found[1]
        time.sleep(POLL_SECONDS)
    raise OSError(f"the registry did not start:\n{log.read_text()}")
