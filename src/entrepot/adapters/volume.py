"""What the operating system tells of the data directory."""

import shutil
from pathlib import Path

CERTIFICATE = "server.crt"
"""As `adapters.tls` names it."""


def volume_of(directory: Path) -> tuple[int, int]:
    """Return the bytes that are free there, and all of them; zeros where nobody can tell."""
    try:
        usage = shutil.disk_usage(directory)
    except OSError:
        return 0, 0
    return usage.free, usage.total


def authority_of(directory: Path) -> bytes | None:
    """Return the PEM text of our own certificate in a directory; None where there is none."""
    try:
        return (directory / CERTIFICATE).read_bytes()
    except OSError:
        return None
