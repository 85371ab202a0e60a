"""kill -9 of replicas while many write: nothing acknowledged is lost."""

import signal
import subprocess
import sys
import threading

import pytest

from entrepot.adapters.catalog.postgres import open_postgres
from entrepot.adapters.catalog.postgres.catalog import PostgresCatalog
from tests.adapters.catalog.test_crash import PROGRAM

REPLICAS = 3
ROUNDS = 6
ACKNOWLEDGED_MIN = 60


class Replica:
    """A process that writes pairs and says which are there."""

    def __init__(self, url: str, name: str) -> None:
        self.said: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, url, name], stdout=subprocess.PIPE, text=True
        )
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def wait(self, count: int) -> None:
        """Wait until it has said so many more."""
        self._goal = len(self.said) + count
        self._enough.clear()
        assert self._enough.wait(30), "it does not go on"

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._thread.join()
        assert self._process.wait() == -signal.SIGKILL

    _goal = 0

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                if line.endswith("\n"):
                    self.said.append(line.strip())
                if len(self.said) >= self._goal:
                    self._enough.set()


async def pairs(catalog: PostgresCatalog) -> tuple[set[str], set[str]]:
    found: dict[str, set[str]] = {"first": set(), "second": set()}
    after = 0
    while True:
        async with catalog.begin() as tx:
            events = await tx.outbox.after(after, 5000)
        for event in events:
            # In order and without a gap, whoever was killed.
            assert event.sequence == after + 1
            after = event.sequence
            found[event.kind].add(event.payload)
        if not events:
            return found["first"], found["second"]


@pytest.mark.crash
async def test_what_was_acknowledged_survives(postgres_url: str) -> None:
    catalog = await open_postgres(postgres_url)
    replicas = [Replica(postgres_url, f"r{number}") for number in range(REPLICAS)]
    acknowledged: list[str] = []
    try:
        for number in range(ROUNDS):
            for replica in replicas:
                replica.wait(ACKNOWLEDGED_MIN)
            killed = replicas.pop(0)
            killed.kill()
            acknowledged += killed.said
            # The others go on at once, and one that is new joins them.
            for replica in replicas:
                replica.wait(ACKNOWLEDGED_MIN)
            replicas.append(Replica(postgres_url, f"n{number}"))
    finally:
        for replica in replicas:
            replica.kill()
            acknowledged += replica.said
    firsts, seconds = await pairs(catalog)
    assert firsts == seconds
    assert set(acknowledged) <= firsts
    await catalog.close()
