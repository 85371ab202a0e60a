"""A bundle for tests, made of packages that are kept between runs."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.blackbox.processes import CommandFailedError, base_environment, run
from tests.blackbox.toolbox import TOOLS, absent

WHEELS = TOOLS / "wheels"
PROGRAM = Path(sys.executable).with_name("entrepot")
PLATFORMS = ("linux/amd64", "linux/arm64")
FETCH_SECONDS = 240
OF_PIP = ("PIP_", "SSL_", "REQUESTS_", "http", "HTTP", "no_proxy", "NO_PROXY")
"""How this machine reaches an index is its own affair, and the environment tells."""


def make_bundle(
    target: Path, pythons: Sequence[str], *, program: Path = PROGRAM, home: Path
) -> Path:
    """Run `entrepot bundle`; skips where packages are neither here nor to be had."""
    words = [word for python in pythons for word in ("--python", python)]
    words += [word for platform in PLATFORMS for word in ("--platform", platform)]
    env = base_environment(home)
    kept = {**env, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(WHEELS)}
    try:
        run([program, "bundle", target, *words], env=kept)
        return target
    except CommandFailedError as reason:
        if program != PROGRAM:
            raise
        missing = reason
    fetch = {name: text for name, text in os.environ.items() if name.startswith(OF_PIP)}
    try:
        run([program, "bundle", target, *words], env=env | fetch, limit_seconds=FETCH_SECONDS)
    except CommandFailedError as reason:
        absent(f"no packages for a bundle: {str(reason)[-300:]}\n{str(missing)[-300:]}")
    _keep(target)
    return target


def _keep(bundle: Path) -> None:
    """Keep what was fetched, and nothing of another lock file."""
    shutil.rmtree(WHEELS, ignore_errors=True)
    left_out = shutil.ignore_patterns("entrepot-*", "pip-*")
    shutil.copytree(bundle / "wheels", WHEELS, ignore=left_out)
