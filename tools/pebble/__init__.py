"""pebble, Let's Encrypt's small ACME server for tests, built where there is Go.

`go.mod` and `go.sum` beside pin it and all that it is made of.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
PROGRAM = HERE.parents[1] / ".tools" / "pebble" / "pebble-v2.10.1"
PACKAGE = "github.com/letsencrypt/pebble/v2/cmd/pebble"
BUILD_SECONDS = 240


class CannotBuildError(Exception):
    """There is no pebble here and none can be built; the message says why."""


def build() -> Path:
    """Return the program, built now if it was not before. Raises `CannotBuildError`."""
    if PROGRAM.exists():
        return PROGRAM
    go = shutil.which("go")
    if go is None:
        raise CannotBuildError("go is not installed: pebble needs it")
    PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=PROGRAM.parent) as scratch:
        fresh = Path(scratch) / "pebble"
        _run([go, "build", "-trimpath", "-buildvcs=false", "-o", str(fresh), PACKAGE])
        # Whole or not at all: another process may be building it too.
        fresh.replace(PROGRAM)
    return PROGRAM


def _run(command: list[str]) -> None:
    # Neither another toolchain nor other modules than those of go.sum.
    env = {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }
    try:
        done = subprocess.run(
            command,
            cwd=HERE,
            env=env,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CannotBuildError(f"`go build` took over {BUILD_SECONDS} s") from error
    if done.returncode != 0:
        raise CannotBuildError(f"`go build` failed:\n{done.stderr[-2000:]}")
