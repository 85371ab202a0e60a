"""What processes have used, as /proc tells it."""

import os
import subprocess
import sys
import time

import pytest

from entrepot.faces.cli.bench.cpu import tree_cpu_seconds, tree_peak_mib, tree_rss_mib

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")

BURN_SECONDS = 0.2
BURN = f"""
import sys, time
while time.process_time() < {BURN_SECONDS}: pass
print("done", flush=True)
sys.stdin.read()
"""
MISSING = 1 << 22
"""No process has this number, as Linux counts up to it."""


def test_work_is_counted() -> None:
    before = tree_cpu_seconds(os.getpid())
    until = time.process_time() + BURN_SECONDS
    while time.process_time() < until:
        pass
    after = tree_cpu_seconds(os.getpid())
    assert before is not None
    assert after is not None
    assert after - before >= BURN_SECONDS / 2


def test_work_and_memory_of_children_are_counted() -> None:
    command = ["sh", "-c", '"$0" -c "$1"; true', sys.executable, BURN]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as shell:
        assert shell.stdout is not None
        assert shell.stdout.readline() == b"done\n"
        used, memory, peak = (
            look(shell.pid) for look in (tree_cpu_seconds, tree_rss_mib, tree_peak_mib)
        )
        shell.communicate()
    assert used is not None
    assert used >= BURN_SECONDS / 2
    assert memory is not None
    assert peak is not None
    assert peak >= memory > 5


def test_a_process_that_is_gone_tells_nothing() -> None:
    assert tree_cpu_seconds(MISSING) is None
    assert tree_rss_mib(MISSING) is None
