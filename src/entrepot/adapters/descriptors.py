"""How many files and sockets this process may have open (RLIMIT_NOFILE)."""

import contextlib
import resource

PER_CONNECTION = 3
"""The socket, its duplicate while bytes go past the event loop, and their file."""
BASE = 128
"""Catalog, listeners, logs, the interpreter, worker threads."""


def needed_descriptors(connections: int) -> int:
    """Return how many descriptors so many connections may take at the worst."""
    return BASE + PER_CONNECTION * connections


def raise_descriptor_limit() -> int:
    """Raise the soft limit to the hard one, as far as the system lets; return what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # macOS says "infinity" and takes less: then the soft limit stays.
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return soft
