"""Building programs in Go from pinned modules."""

import os
import subprocess
from pathlib import Path

BUILD_SECONDS = 240


class CommandFailedError(Exception):
    """A command failed or took too long; the message has its words and what it printed."""


def run(command: list[str | Path], folder: Path, seconds: float = BUILD_SECONDS) -> str:
    """Run `go`, or what it needs, in a folder and return its output. Raises `CommandFailedError`.

    Neither another toolchain is fetched nor other modules than those of `go.sum`.
    """
    ours = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            env={**os.environ, **ours, "GIT_TERMINAL_PROMPT": "0"},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandFailedError(f"`{' '.join(words)}` took over {seconds} s") from error
    if done.returncode != 0:
        raise CommandFailedError(f"`{' '.join(words)}` failed:\n{done.stderr}")
    return done.stdout
