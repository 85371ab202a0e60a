"""pebble, Let's Encrypt's small ACME server for tests, built where there is Go.

`go.mod` and `go.sum` beside pin it and all that it is made of.
"""

import shutil
import tempfile
from pathlib import Path

from tools.golang import CommandFailedError, run

HERE = Path(__file__).parent
PROGRAM = HERE.parents[1] / ".tools" / "pebble" / "pebble-v2.10.1"
PACKAGE = "github.com/letsencrypt/pebble/v2/cmd/pebble"


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
        # Without C, so that it runs wherever it is moved to.
        options: list[str | Path] = ["-trimpath", "-buildvcs=false", "-o", fresh, PACKAGE]
        try:
            run(["env", "CGO_ENABLED=0", go, "build", *options], HERE)
        except CommandFailedError as error:
            raise CannotBuildError(str(error)) from error
        # Whole or not at all: another process may be building it too.
        fresh.replace(PROGRAM)
    return PROGRAM
