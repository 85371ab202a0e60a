"""The heap gives back what threads took."""

import subprocess
import sys

import pytest

from entrepot.adapters.allocator import bound_heap

# Threads take and leave 12 MiB each, as password hashes do.
PROGRAM = """
import ctypes, sys, threading
from entrepot.adapters.allocator import bound_heap

if sys.argv[1] == "bound":
    assert bound_heap()
free = ctypes.CDLL(None).free
take = ctypes.CDLL(None).malloc
take.restype, free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
size = 12 << 20

def work():
    for _ in range(3):
        piece = take(size)
        ctypes.memset(piece, 1, size)
        barrier.wait()
        free(piece)

barrier = threading.Barrier(4)
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
lines = open("/proc/self/status").read().splitlines()
print(next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")))
"""


def resident(mode: str) -> int:
    """Return the KiB held at the end."""
    words = [sys.executable, "-c", PROGRAM, mode]
    return int(subprocess.run(words, capture_output=True, check=True, text=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="there is no glibc")
def test_what_threads_took_is_given_back() -> None:
    assert resident("bound") < resident("free") / 2


def test_what_the_environment_says_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_ARENA_MAX", "4")
    assert not bound_heap()


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not bound_heap()
