"""The machines that a bundle is for, in the words of images and of wheels."""

import platform
import sys
from collections.abc import Iterator

MACHINES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
GLIBC_NEWEST = 28
"""Of 2.28 (RHEL 8, Debian 10): wheels for a newer one would not run on all that have our Python."""
GLIBC_OLDEST = 5


def this_platform() -> str:
    """Return the platform of this machine, or the most common one where it is another."""
    machine = platform.machine()
    return next((name for name, called in MACHINES.items() if called == machine), "linux/amd64")


def this_python() -> str:
    """Return the version of the Python that runs this, such as 3.13."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def wheel_tags(name: str) -> Iterator[str]:
    """Yield the platform tags of wheels that run on a platform, the newest first (PEP 600)."""
    machine = MACHINES[name]
    for minor in range(GLIBC_NEWEST, GLIBC_OLDEST - 1, -1):
        yield f"manylinux_2_{minor}_{machine}"
    yield f"manylinux2014_{machine}"
