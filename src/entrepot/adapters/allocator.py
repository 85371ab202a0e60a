"""The C library's heap, kept from holding what was given back to it."""

import ctypes
import os
import sys

# malloc.h of glibc.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8

ARENAS_MAX = 2
"""Heaps that threads share. Left alone, glibc makes eight for each core, and keeps in each what
its threads needed at most."""
KEPT_MAX_BYTES = 1 << 20
"""Larger pieces, as a password hash takes, go back to the system at once; and so does what is free
at the end of a heap beyond this."""


def bound_heap() -> bool:
    """Bound what glibc keeps; False where there is no glibc, or MALLOC_* variables say otherwise.

    To be called before there are threads.
    """
    if sys.platform != "linux" or any(name.startswith("MALLOC_") for name in os.environ):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    settings = (
        (_M_ARENA_MAX, ARENAS_MAX),
        (_M_MMAP_THRESHOLD, KEPT_MAX_BYTES),
        (_M_TRIM_THRESHOLD, KEPT_MAX_BYTES),
    )
    return all(mallopt(name, value) == 1 for name, value in settings)
